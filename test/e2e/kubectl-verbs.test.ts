/** What kubectl.test.ts leaves of kubectl's commands, each once, against one cluster. docs/kubectl.md lists where each is tested. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { ROOT } from '../support/up-process.ts';
import { kubectlOn } from './support/kubectl.ts';
import { until } from './support/until.ts';
import { aDaemonSet, aDeployment, aPod } from './support/workloads.ts';

const IMAGE = 'busybox:1.36';

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'pikelet-kubectl-'));
  cluster = await startCluster({ nodes: 1 });
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(folder, { recursive: true, force: true });
});
showLogsOnFailure(() => cluster);

const { kubectl, ok } = kubectlOn(() => cluster);

/** A file of the tests' own folder; answers its path. */
function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe.skipIf(kubectlPath === undefined)('kubectl --help', () => {
  it('names no command that docs/kubectl.md leaves out', async () => {
    const commands = (await ok('--help')).matchAll(/^ {2}([a-z-]+) {2,}/gm);
    const page = readFileSync(join(ROOT, 'docs/kubectl.md'), 'utf8');
    const named = new Set([...page.matchAll(/^\| `([a-z-]+)/gm)].map(([, command]) => command));
    expect([...commands].map(([, command]) => command).filter(command => !named.has(command))).toEqual([]);
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl create', () => {
  const generators: { args: string; makes: string }[] = [
    { args: 'namespace other', makes: 'namespace/other' },
    { args: 'configmap settings --from-literal=a=b', makes: 'configmap/settings' },
    { args: 'secret generic password --from-literal=a=b', makes: 'secret/password' },
    {
      args: 'secret docker-registry pull --docker-server=r.example --docker-username=u --docker-password=p',
      makes: 'secret/pull',
    },
    { args: `deployment idle --image=${IMAGE} --replicas=0`, makes: 'deployment.apps/idle' },
    { args: `cronjob nightly --image=${IMAGE} --schedule=@daily`, makes: 'cronjob.batch/nightly' },
    { args: 'job once --from=cronjob/nightly', makes: 'job.batch/once' },
    { args: 'service clusterip inside --tcp=80:8080', makes: 'service/inside' },
    { args: 'service nodeport outside --tcp=80', makes: 'service/outside' },
    { args: 'service loadbalancer balanced --tcp=80', makes: 'service/balanced' },
    { args: 'service externalname elsewhere --external-name=a.example', makes: 'service/elsewhere' },
    { args: 'ingress web --rule=a.example/*=inside:80', makes: 'ingress.networking.k8s.io/web' },
    { args: 'quota little --hard=secrets=30', makes: 'resourcequota/little' },
    { args: 'priorityclass high --value=1000', makes: 'priorityclass.scheduling.k8s.io/high' },
    {
      args: 'poddisruptionbudget keep --selector=app=idle --min-available=1',
      makes: 'poddisruptionbudget.policy/keep',
    },
    { args: 'serviceaccount robot', makes: 'serviceaccount/robot' },
    { args: 'role reader --verb=get --resource=pods', makes: 'role.rbac.authorization.k8s.io/reader' },
    {
      args: 'clusterrole nodes --verb=get,list --resource=nodes',
      makes: 'clusterrole.rbac.authorization.k8s.io/nodes',
    },
    {
      args: 'rolebinding reads --role=reader --serviceaccount=default:robot',
      makes: 'rolebinding.rbac.authorization.k8s.io/reads',
    },
    {
      args: 'clusterrolebinding sees --clusterrole=nodes --group=people',
      makes: 'clusterrolebinding.rbac.authorization.k8s.io/sees',
    },
  ];
  it.each(generators)('$args', async ({ args, makes }) => {
    expect(await ok(`create ${args} --dry-run=server`)).toBe(`${makes} created (server dry run)\n`);
    expect(await ok(`create ${args}`)).toBe(`${makes} created\n`);
    expect(await kubectl(`create ${args}`)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/AlreadyExists|already exists/),
    });
    const [kind = '', name = ''] = makes.split('/');
    expect(await ok(`describe ${kind} ${name}`)).toMatch(new RegExp(`^Name: +${name}$`, 'm'));
    expect(await ok(`get ${kind} ${name} -o name`)).toBe(`${makes}\n`);
  });

  it('create token', async () => {
    expect(await ok('create token robot')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
  });

  it('create tls secrets, refused without a key pair', async () => {
    const path = file('none.pem', 'no certificate');
    expect(await kubectl(`create secret tls web --cert=${path} --key=${path}`)).toMatchObject({ code: 1 });
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl changes', () => {
  it('set: environment, resources, selectors, accounts, subjects', async () => {
    expect(await ok('set env deployment/idle A=B')).toBe('deployment.apps/idle env updated\n');
    expect(await ok('set env deployment/idle --list')).toContain('A=B\n');
    expect(await ok('set env deployment/idle --from=configmap/settings')).toBe(
      'deployment.apps/idle env updated\n',
    );
    await ok('set resources deployment idle --limits=cpu=200m,memory=64Mi');
    await ok('set serviceaccount deployment idle robot');
    await ok('set selector service inside app=idle');
    await ok('set subject rolebinding reads --user=ann');
    const { spec } = JSON.parse(await ok('get deployment idle -o json')).spec.template;
    expect(spec).toMatchObject({
      serviceAccountName: 'robot',
      containers: [
        {
          resources: { limits: { cpu: '200m', memory: '64Mi' } },
          env: [
            { name: 'A', value: 'B' },
            { name: 'A', valueFrom: { configMapKeyRef: { name: 'settings', key: 'a' } } },
          ].slice(-1),
        },
      ],
    });
    expect(await ok('get service inside -o jsonpath={.spec.selector}')).toBe('{"app":"idle"}');
    expect(await ok('get rolebinding reads -o jsonpath={.subjects[*].name}')).toBe('robot ann');
  });

  it('expose and autoscale', async () => {
    expect(await ok('expose deployment idle --port=80 --target-port=8080 --name=front')).toBe(
      'service/front exposed\n',
    );
    expect(await ok('get service front -o jsonpath={.spec.ports[0].targetPort}')).toBe('8080');
    expect(await ok('autoscale deployment idle --min=1 --max=3 --cpu-percent=50')).toBe(
      'horizontalpodautoscaler.autoscaling/idle autoscaled\n',
    );
    expect(await ok('describe hpa idle')).toMatch(/^Max replicas: +3$/m);
    expect(
      await ok(
        'get horizontalpodautoscalers.v1.autoscaling idle -o jsonpath={.spec.targetCPUUtilizationPercentage}',
      ),
    ).toBe('50');
    await ok('delete hpa idle');
  });

  it('edit, and what it refuses', async () => {
    const editor = (script: string) => ({ KUBE_EDITOR: `sed -i ${script}` });
    expect(await ok('edit configmap settings', undefined, editor('s/a:.b/a:\\ c/'))).toBe(
      'configmap/settings edited\n',
    );
    expect(await ok('get configmap settings -o jsonpath={.data.a}')).toBe('c');
    expect(await kubectl('edit configmap settings', undefined, editor('s/nothing//'))).toMatchObject({
      code: 0,
      stderr: 'Edit cancelled, no changes made.\n',
    });
    const refused = await kubectl('edit deployment idle', undefined, editor('s/replicas:.*/replicas:\\ -1/'));
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('deployments.apps "idle" is invalid'),
    });
  });

  it('replace, and replace --force', async () => {
    const settings = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'settings' },
      data: { a: 'd' },
    };
    const uid = () => ok('get configmap settings -o jsonpath={.metadata.uid}');
    const before = await uid();
    expect(await ok('replace -f -', settings)).toBe('configmap/settings replaced\n');
    expect(await uid()).toBe(before);
    const path = file('settings.json', JSON.stringify(settings));
    expect(await ok(`replace --force -f ${path}`)).toBe(
      'configmap "settings" deleted\nconfigmap/settings replaced\n',
    );
    expect(await uid()).not.toBe(before);
  });

  it('patch: JSON, merge, and a subresource', async () => {
    const patch = (type: string, text: string) => ok(`patch deployment idle --type=${type} -p ${text}`);
    await patch('json', '[{"op":"add","path":"/metadata/labels/b","value":"c"}]');
    await patch('merge', '{"metadata":{"labels":{"b":null,"d":"e"}}}');
    expect(await ok('get deployment idle -o jsonpath={.metadata.labels}')).toBe('{"app":"idle","d":"e"}');
    await ok('patch deployment idle --subresource=scale --type=merge -p {"spec":{"replicas":0}}');
    const refused = await kubectl(
      'patch deployment idle --type=json -p [{"op":"test","path":"/spec/replicas","value":7}]',
    );
    expect(refused).toMatchObject({ code: 1 });
  });

  it('apply -k, diff -k, delete -k', async () => {
    file('base.yaml', 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: base}\ndata: {x: y}\n');
    file(
      'kustomization.yaml',
      'resources: [base.yaml]\nnamePrefix: made-\nconfigMapGenerator: [{name: gen, literals: [a=b]}]\n',
    );
    expect(await ok(`kustomize ${folder}`)).toMatch(/^ {2}name: made-base$/m);
    expect(await kubectl(`diff -k ${folder}`)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('+  x: "y"'),
    });
    expect(await ok(`apply -k ${folder}`)).toMatch(
      /^configmap\/made-base created\nconfigmap\/made-gen-\w+ created\n$/,
    );
    expect(await kubectl(`diff -k ${folder}`)).toMatchObject({ code: 0, stdout: '' });
    expect(await ok(`delete -k ${folder}`)).toMatch(/^configmap "made-base" deleted\n/);
  });

  const pair = (...names: string[]) => ({
    apiVersion: 'v1',
    kind: 'List',
    items: names.map(name => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, labels: { set: 'one' } },
    })),
  });
  it('apply --prune, by label and by set', async () => {
    await ok('apply -f -', pair('p1', 'p2'));
    expect(await ok('apply --prune -l set=one --prune-allowlist=core/v1/ConfigMap -f -', pair('p1'))).toMatch(
      /configmap\/p2 pruned\n$/,
    );
    const applySet = { KUBECTL_APPLYSET: 'true' };
    const inSet = (...names: string[]) =>
      ok('apply --prune --applyset=shelf -n default -f -', pair(...names), applySet);
    await ok('delete configmap p1');
    await inSet('p1', 'p2');
    expect(await inSet('p2')).toMatch(/configmap\/p1 pruned\n$/);
    await ok('delete configmap p2');
  });

  it('scale on condition', async () => {
    expect(await ok('scale deployment idle --current-replicas=0 --replicas=0')).toBe(
      'deployment.apps/idle scaled\n',
    );
    expect((await kubectl('scale deployment idle --current-replicas=2 --replicas=0')).stderr).toMatch(
      /Expected replicas to be 2, was 0/,
    );
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl looks', () => {
  it('get: sorted, by template, in pieces', async () => {
    const names = ['s1', 's2', 's3'];
    for (const [i, name] of names.entries()) await ok(`create configmap ${name} --from-literal=n=${3 - i}`);
    await ok('label configmap s1 s2 s3 sorted=yes');
    const list = (rest: string) => ok(`get configmaps -l sorted=yes ${rest}`);
    expect(await list('--sort-by=.data.n -o name')).toBe('configmap/s3\nconfigmap/s2\nconfigmap/s1\n');
    expect(await list('-o go-template={{range.items}}{{.data.n}},{{end}}')).toBe('3,2,1,');
    expect(await list('--chunk-size=1 -o name')).toBe('configmap/s1\nconfigmap/s2\nconfigmap/s3\n');
    expect(await list('-L sorted --no-headers')).toMatch(/^s1 .* yes$/m);
    expect(await list('--show-labels --no-headers')).toMatch(/^s1 .* sorted=yes$/m);
    expect(await ok('get configmaps/s1 deployments/idle -o name')).toBe(
      'configmap/s1\ndeployment.apps/idle\n',
    );
    expect(await ok('delete configmaps -l sorted=yes')).toMatch(/^(configmap "s\d" deleted\n){3}$/);
  });

  it('wait: for a field, and for what is yet to come', async () => {
    expect(await ok('wait --for=jsonpath={.spec.replicas}=0 deployment/idle --timeout=20s')).toBe(
      'deployment.apps/idle condition met\n',
    );
    const waiting = ok('wait --for=create configmap/later --timeout=60s');
    await ok('create configmap later');
    expect(await waiting).toBe('configmap/later condition met\n');
    await ok('delete configmap later');
  });

  it('cluster-info, and its dump', async () => {
    expect(await ok('cluster-info')).toMatch(/control plane.* is running at /);
    const path = join(folder, 'dump');
    await ok(`cluster-info dump --output-directory=${path}`);
    expect(readdirSync(path)).toEqual(['default', 'kube-system', 'nodes.json']);
    expect(readdirSync(join(path, 'default'))).toEqual(
      expect.arrayContaining(['deployments.json', 'events.json']),
    );
  });

  it('describe: every kind that lists something', async () => {
    const kinds = (await ok('api-resources --verbs=get,list -o name')).trim().split('\n');
    expect(kinds.length).toBeGreaterThan(35);
    for (const kind of kinds)
      expect((await kubectl(`describe ${kind} -A`)).stderr).toMatch(/^(No resources found\n)?$/);
  });

  it('explain, recursively', async () => {
    expect(await ok('explain cronjobs --recursive')).toMatch(
      /^ +jobTemplate\t<JobTemplateSpec> -required-$/m,
    );
  });

  it('auth can-i, --list, whoami', async () => {
    expect(await ok('auth can-i delete nodes')).toBe('yes\n');
    const asRobot = '--as=system:serviceaccount:default:robot';
    expect(await kubectl(`auth can-i delete nodes ${asRobot}`)).toMatchObject({ code: 1, stdout: 'no\n' });
    expect(await ok(`auth can-i get pods ${asRobot}`)).toBe('yes\n');
    expect(await ok(`auth can-i --list ${asRobot}`)).toMatch(/^pods +\[\] +\[\] +\[get\]$/m);
    expect(await ok('auth whoami')).toMatch(/^Groups +\[system:masters system:authenticated\]$/m);
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl with containers', () => {
  it('run, events, logs --previous, attach', async () => {
    expect(await ok(`run twice --image=${IMAGE} --command -- sh -c echo\tround;sleep\t1`)).toBe(
      'pod/twice created\n',
    );
    await until(async () =>
      expect(
        Number(await ok('get pod twice -o jsonpath={.status.containerStatuses[0].restartCount}')),
      ).toBeGreaterThan(0),
    );
    await until(async () => expect(await ok('logs twice --previous')).toBe('round\n'));
    expect(await ok('events --for pod/twice')).toMatch(/Scheduled +Pod\/twice +Successfully assigned/);
    await ok('delete pod twice --now');
    expect(await ok(`run --rm -i brief --image=${IMAGE} --restart=Never -- cat`, 'said')).toMatch(/"said"/);
    expect((await kubectl('get pod brief')).stderr).toContain('(NotFound)');
  });

  it('logs of some containers, since a moment', async () => {
    const pod = aPod({ name: 'both', script: "echo one; trap 'exit 0' TERM; sleep 1000000 & wait $!" });
    const [main] = pod.spec?.containers ?? [];
    const second = { ...main, name: 'second', command: ['sh', '-c', 'echo two; sleep 1000000'] };
    await ok('apply -f -', {
      ...pod,
      spec: { ...pod.spec, containers: [main, second], terminationGracePeriodSeconds: 0 },
    });
    await ok('wait --for=condition=Ready pod/both --timeout=60s');
    await until(async () =>
      expect((await ok('logs both --all-containers --prefix')).trim().split('\n').sort()).toEqual([
        '[pod/both/main] one',
        '[pod/both/second] two',
      ]),
    );
    expect(await ok('logs both -c second --since=1h --limit-bytes=2')).toBe('tw');
    expect((await kubectl('logs both -c third')).stderr).toMatch(/container third is not valid for pod both/);
  });

  it('debug: a copy of a pod, and a node', async () => {
    const copied = 'debug both --copy-to=copy --container=main --profile=general';
    await ok(`${copied} -- sh -c echo\tdebugging;sleep\t1000`);
    await until(async () => expect(await ok('logs copy -c main')).toBe('debugging\n'));
    expect(await ok(`debug node/pi-1 --image=${IMAGE} --profile=general -- ls /host`)).toMatch(
      /^Creating debugging pod (node-debugger-pi-1-\w+) with container debugger on node pi-1\.$/m,
    );
    await until(async () => {
      const pods = (await ok('get pods -o name')).match(/pod\/node-debugger-\S+/) ?? ['none'];
      expect(await ok(`logs ${pods[0]}`)).toMatch(/^etc$/m);
    });
    await ok('delete pods --all --grace-period=1');
  });

  it('rollout: pause, resume, history of a revision, back to one; of a DaemonSet too', async () => {
    await ok('apply -f -', aDeployment({ name: 'web' }));
    await ok('rollout status deployment/web --timeout=60s');
    expect(await ok('rollout pause deployment/web')).toBe('deployment.apps/web paused\n');
    await ok('set env deployment/web A=B');
    await ok('annotate deployment/web kubernetes.io/change-cause=more');
    await until(async () =>
      expect(await ok('get deployment web -o jsonpath={.status.conditions[*].reason}')).toContain(
        'DeploymentPaused',
      ),
    );
    expect(await ok('get replicasets -l app=web -o name')).toMatch(/^\S+\n$/);
    expect(await ok('rollout resume deployment/web')).toBe('deployment.apps/web resumed\n');
    await ok('rollout status deployment/web --timeout=60s');
    expect(await ok('rollout history deployment/web')).toMatch(/^2 +more$/m);
    expect(await ok('rollout history deployment/web --revision=2')).toMatch(/^ +A:\tB$/m);
    expect(await ok('rollout undo deployment/web --to-revision=1')).toBe('deployment.apps/web rolled back\n');
    await ok('rollout status deployment/web --timeout=60s');
    expect(await ok('get deployment web -o jsonpath={.spec.template.spec.containers[0].env}')).toBe('');

    await ok('apply -f -', aDaemonSet({ name: 'each' }));
    await ok('rollout status daemonset/each --timeout=60s');
    await ok('set env daemonset/each A=B');
    await ok('rollout status daemonset/each --timeout=60s');
    expect(await ok('rollout undo daemonset/each')).toBe('daemonset.apps/each rolled back\n');
    await ok('rollout status daemonset/each --timeout=60s');
    expect(await ok('get daemonset each -o jsonpath={.spec.template.spec.containers[0].env}')).toBe('');
    await ok('delete daemonset each');
  });

  it('delete: orphans, then in the foreground', async () => {
    await ok('delete deployment web --cascade=orphan');
    const left = (await ok('get replicasets -l app=web -o name')).trim().split('\n');
    expect(left.length).toBeGreaterThan(0);
    expect(await ok('get pods -l app=web -o name')).toMatch(/^pod\/web-/);
    await ok('delete replicasets -l app=web --cascade=foreground');
    expect(await ok('get pods,replicasets -l app=web -o name')).toBe('');
  });
});

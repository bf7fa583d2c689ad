/** An unmodified kubectl against a real cluster: what it says, and how it exits. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { type ClusterApi, isReady, nameOf, openClusterApi, uidOf } from './support/cluster-api.ts';
import { kubectlOn } from './support/kubectl.ts';
import { until } from './support/until.ts';
import { aDaemonSet, aDeployment, aPod } from './support/workloads.ts';

const namespace = 'default';
const WEB = aDeployment({
  name: 'web',
  replicas: 2,
  script: "echo hello; trap 'exit 0' TERM; sleep 1000000 & wait $!",
});

let cluster: TestCluster;
let api: ClusterApi;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 2 });
  api = openClusterApi(cluster.kubeconfig);
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const { kubectl, ok } = kubectlOn(() => cluster);

/** The columns of a table's first line, and its rows. */
function table(text: string): { readonly header: readonly string[]; readonly rows: readonly string[][] } {
  const [header = '', ...rows] = text.trimEnd().split('\n');
  return { header: header.trim().split(/ {2,}/), rows: rows.map(row => row.trim().split(/ {2,}/)) };
}

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  it('applies: created, unchanged, configured', async () => {
    expect(await ok('apply -f -', WEB)).toBe('deployment.apps/web created\n');
    expect(await ok('apply -f -', WEB)).toBe('deployment.apps/web unchanged\n');
    const spec = { ...WEB.spec, minReadySeconds: 1 };
    expect(await ok('apply -f -', { ...WEB, spec })).toBe('deployment.apps/web configured\n');
    // What the newer manifest no longer says is taken back.
    expect(await ok('apply -f -', WEB)).toBe('deployment.apps/web configured\n');
    expect(
      (await api.apps.readNamespacedDeployment({ name: 'web', namespace })).spec?.minReadySeconds ?? 0,
    ).toBe(0);
    expect(await ok('apply --dry-run=server -f -', WEB)).toBe(
      'deployment.apps/web unchanged (server dry run)\n',
    );
    expect(await ok('rollout status deployment/web')).toMatch(/deployment "web" successfully rolled out\n$/);
    expect(await ok('wait --for=condition=Available deployment/web --timeout=60s')).toBe(
      'deployment.apps/web condition met\n',
    );
    await api.untilReady('web', 2);
  });

  it('gets in every form', async () => {
    const nodes = table(await ok('get nodes'));
    expect(nodes.header).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION']);
    expect(nodes.rows.map(row => row.slice(0, 3))).toEqual([
      ['pi-1', 'Ready', '<none>'],
      ['pi-2', 'Ready', '<none>'],
    ]);
    const wide = table(await ok('get pods -o wide'));
    expect(wide.header.slice(0, 7)).toEqual(['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE', 'IP', 'NODE']);
    expect(wide.rows.map(row => row.slice(1, 4))).toEqual([
      ['1/1', 'Running', '0'],
      ['1/1', 'Running', '0'],
    ]);
    expect(table(await ok('get deployments')).rows.map(row => row.slice(0, 4))).toEqual([
      ['web', '2/2', '2', '2'],
    ]);

    const names = (await api.pods('web')).map(nameOf).sort();
    expect(await ok('get pods -l app=web -o name')).toBe(names.map(name => `pod/${name}\n`).join(''));
    expect(await ok('get po -A -o jsonpath={.items[*].metadata.name}')).toBe(names.join(' '));
    expect(await ok('get pods -o custom-columns=N:.metadata.name,P:.status.phase --no-headers')).toBe(
      names.map(name => `${name}   Running\n`).join(''),
    );
    expect(JSON.parse(await ok('get deployment web -o json'))).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      spec: { replicas: 2 },
      status: { readyReplicas: 2 },
    });
    expect(await ok('get deployment web -o yaml')).toMatch(/^apiVersion: apps\/v1\nkind: Deployment\n/m);
    expect(await ok('get pods --field-selector spec.nodeName=nowhere')).toBe('');
    expect(table(await ok('get all')).rows.flat()).toEqual(
      expect.arrayContaining(['deployment.apps/web', ...names.map(name => `pod/${name}`)]),
    );
  });

  it('describes', async () => {
    const [pod] = await api.pods('web');
    const described = await ok(`describe pod ${nameOf(pod ?? {})}`);
    for (const line of [
      /^Controlled By: +ReplicaSet\/web-/m,
      /^ +memory: +16Mi$/m,
      /Started container main$/m,
    ]) {
      expect(described).toMatch(line);
    }
    const node = await ok('describe node pi-1');
    expect(node).toMatch(/Lease:\n {2}HolderIdentity: +pi-1\n[\s\S]* {2}RenewTime: +\w{3}, /);
    expect(await ok('get leases -n kube-node-lease')).toMatch(/^pi-1 +pi-1 /m);
    for (const line of [/^ {2}Ready +True /m, /^ {2}cpu: +\d+m?$/m, /^Non-terminated Pods: /m]) {
      expect(node).toMatch(line);
    }
    expect(await ok('describe deployment web')).toMatch(
      /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available/m,
    );
  });

  it('reads logs', async () => {
    // Ready says that the process has started; what it prints comes a moment later.
    await until(async () =>
      expect(await ok('logs -l app=web --prefix')).toMatch(
        /^\[pod\/web-\S+\/main\] hello\n\[pod\/web-\S+\/main\] hello\n$/,
      ),
    );
    expect(await ok('logs deployment/web')).toBe('hello\n');
    expect(await ok('logs deployment/web --timestamps')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z hello\n$/);
    expect(await ok('logs deployment/web --tail=0')).toBe('');
  });

  it('labels, annotates, patches and scales', async () => {
    expect(await ok('label deployment web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(await kubectl('label deployment web tier=back')).toMatchObject({
      code: 1,
      stderr: "error: 'tier' already has a value (front), and --overwrite is false\n",
    });
    expect(await ok('label deployment web tier=back --overwrite')).toBe('deployment.apps/web labeled\n');
    expect(await ok('get deployments -l tier=back -o name')).toBe('deployment.apps/web\n');
    expect(await ok('label deployment web tier-')).toBe('deployment.apps/web unlabeled\n');
    expect(await ok('annotate deployment web note=kept')).toBe('deployment.apps/web annotated\n');
    expect(await ok('patch deployment web -p {"spec":{"replicas":3}}')).toBe('deployment.apps/web patched\n');
    await api.untilReady('web', 3);
    // kubectl compares what it read with what the patch answered: a status that was written in between is a change.
    await until(async () =>
      expect(await ok('patch deployment web -p {"spec":{"replicas":3}}')).toBe(
        'deployment.apps/web patched (no change)\n',
      ),
    );
    expect(await ok('scale deployment web --replicas=2')).toBe('deployment.apps/web scaled\n');
    await api.untilReady('web', 2);
    expect(await kubectl('scale deployment web --current-replicas=7 --replicas=1')).toMatchObject({
      code: 1,
    });
  });

  it('restarts a rollout and undoes it', async () => {
    const before = (await api.pods('web')).map(uidOf);
    expect(await ok('rollout restart deployment/web')).toBe('deployment.apps/web restarted\n');
    expect(await ok('rollout status deployment/web')).toMatch(/successfully rolled out\n$/);
    expect((await api.untilReady('web', 2)).filter(pod => before.includes(uidOf(pod)))).toEqual([]);
    expect(await ok('rollout history deployment/web')).toMatch(
      /REVISION +CHANGE-CAUSE\n1 +<none>\n(\d+ +<none>\n)*/,
    );
    await ok('set image deployment/web main=busybox:no-such-tag');
    const stuck = await kubectl('rollout status deployment/web --timeout=1s');
    expect(stuck).toMatchObject({ code: 1, stderr: 'error: timed out waiting for the condition\n' });
    expect((await api.pods('web')).filter(isReady).length).toBeGreaterThanOrEqual(2);
    expect(await ok('rollout undo deployment/web')).toBe('deployment.apps/web rolled back\n');
    expect(await ok('rollout status deployment/web')).toMatch(/successfully rolled out\n$/);
    await api.untilReady('web', 2);
  });

  it('cordons, drains, uncordons and taints', async () => {
    await ok('apply -f -', aDaemonSet({ name: 'everywhere' }));
    await api.untilReady('everywhere', 2);
    expect(await ok('cordon pi-1')).toBe('node/pi-1 cordoned\n');
    expect(table(await ok('get node pi-1')).rows[0]?.[1]).toBe('Ready,SchedulingDisabled');
    const refused = await kubectl('drain pi-1');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(
      'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)',
    );
    expect(await ok('drain pi-1 --ignore-daemonsets --timeout=60s')).toMatch(/^node\/pi-1 drained$/m);
    const pods = await api.untilReady('web', 2);
    expect(pods.map(pod => pod.spec?.nodeName)).toEqual(['pi-2', 'pi-2']);
    expect(await ok('uncordon pi-1')).toBe('node/pi-1 uncordoned\n');

    expect(await ok('taint node pi-2 side=left:NoExecute')).toBe('node/pi-2 tainted\n');
    await until(async () => {
      const moved = await api.pods('web');
      expect(moved.map(pod => [pod.spec?.nodeName, isReady(pod)])).toEqual([
        ['pi-1', true],
        ['pi-1', true],
      ]);
    });
    expect(await kubectl('taint node pi-2 side=left:NoExecute')).toMatchObject({ code: 1 });
    expect(await ok('taint node pi-2 side-')).toBe('node/pi-2 untainted\n');
    await api.untilReady('everywhere', 2);
    expect(await ok('delete daemonset everywhere --wait')).toBe('daemonset.apps "everywhere" deleted\n');
  });

  it('shows usage', async () => {
    const nodes = table(await ok('top nodes'));
    expect(nodes.header).toEqual(['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)']);
    expect(nodes.rows.map(([name]) => name)).toEqual(['pi-1', 'pi-2']);
    // A pod's first sample comes within ten seconds.
    await until(async () => {
      const pods = table(await ok('top pods'));
      expect(pods.header).toEqual(['NAME', 'CPU(cores)', 'MEMORY(bytes)']);
      expect(pods.rows.map(([name]) => name)).toEqual((await api.pods()).map(nameOf).sort());
    });
  });

  it('explains and lists kinds', async () => {
    expect(await ok('explain deployment.spec.replicas')).toMatch(/GROUP: +apps\nKIND: +Deployment\n/);
    expect((await kubectl('explain deployment.spec.nothing')).stderr).toBe(
      'error: field "nothing" does not exist\n',
    );
    const kinds = table(await ok('api-resources')).rows.map(row => row.at(-1));
    expect(kinds).toEqual(
      expect.arrayContaining(['Pod', 'Node', 'Deployment', 'DaemonSet', 'ReplicaSet', 'Secret']),
    );
    expect((await ok('api-versions')).split('\n')).toEqual(
      expect.arrayContaining([
        'apps/v1',
        'batch/v1',
        'autoscaling/v1',
        'autoscaling/v2',
        'metrics.k8s.io/v1beta1',
        'v1',
      ]),
    );
    expect(await ok('version')).toMatch(/^Server Version: v1\.32\./m);
  });

  it('watches', async () => {
    const args = ['--kubeconfig', cluster.kubeconfig, 'get', 'pods', '-w', '-l', 'app=seen', '-o', 'name'];
    const child = spawn(kubectlPath ?? '', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let seen = '';
    child.stdout.on('data', chunk => {
      seen += chunk;
    });
    try {
      await ok('apply -f -', aPod({ name: 'seen' }));
      await api.untilReady('seen', 1);
      expect(await ok('delete pod seen --wait')).toBe('pod "seen" deleted\n');
      // Created, bound, running, deleted: at least these.
      await until(() => expect(seen.split('pod/seen\n').length - 1).toBeGreaterThanOrEqual(4));
    } finally {
      child.kill();
      await once(child, 'close');
    }
  });

  it('deletes and waits until it is gone', async () => {
    await ok('apply -f -', aPod({ name: 'gone' }));
    await ok('wait --for=condition=Ready pod/gone --timeout=60s');
    const waiting = kubectl('wait --for=delete pod/gone --timeout=60s');
    expect(await ok('delete pod gone --wait')).toBe('pod "gone" deleted\n');
    expect(await waiting).toMatchObject({ code: 0 });
    expect((await cluster.containers()).filter(({ pod }) => pod === 'gone')).toEqual([]);
    expect(await ok('delete pod gone --ignore-not-found')).toBe('');
  });

  const refusals: { args: string; input?: unknown; says: string | RegExp }[] = [
    { args: 'get pod nope', says: 'Error from server (NotFound): pods "nope" not found\n' },
    { args: 'get nopes', says: 'error: the server doesn\'t have a resource type "nopes"\n' },
    {
      args: 'delete deployment nope',
      says: 'Error from server (NotFound): deployments.apps "nope" not found\n',
    },
    { args: 'logs nope', says: /pods "nope" not found/ },
    {
      args: 'create -f -',
      input: WEB,
      says: 'Error from server (AlreadyExists): error when creating "STDIN": deployments.apps "web" already exists\n',
    },
    {
      args: 'apply -f -',
      input: { ...aPod({ name: 'x' }), metadata: { name: 'Not_A_Name' } },
      says: /^The Pod "Not_A_Name" is invalid: .*metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain/s,
    },
    {
      args: 'apply -f -',
      input: { ...WEB, spec: { ...WEB.spec, selector: { matchLabels: { app: 'other' } } } },
      says: /^The Deployment "web" is invalid: /,
    },
    {
      args: 'apply -f -',
      input: { ...WEB, spec: { ...WEB.spec, replcas: 2 } },
      says: /strict decoding error: unknown field "spec\.replcas"/,
    },
    {
      args: 'wait --for=condition=Nonsense deployment/web --timeout=1s',
      says: /^error: timed out waiting for the condition on deployments\/web\n$/,
    },
  ];
  it.each(refusals)('refuses: $args', async ({ args, input, says }) => {
    const { code, stderr } = await kubectl(args, input);
    expect(code).toBe(1);
    if (typeof says === 'string') expect(stderr).toBe(says);
    else expect(stderr).toMatch(says);
  });
});

/**
 * Configuration in containers as Kubernetes's own documentation shows it: its examples of projected volumes, Secrets,
 * ConfigMaps, the downward API and volumes, with an image that is there, on real containers.
 */
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { until } from './support/until.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

/** Its standard output; fails when it exits with anything but 0. */
async function ok(args: readonly string[], input?: unknown): Promise<string> {
  const { code, stdout, stderr } = await cluster.kubectl(
    args,
    input === undefined ? undefined : JSON.stringify(input),
  );
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

const sh = (pod: string, script: string, container = 'main') =>
  ok(['exec', pod, '-c', container, '--', 'sh', '-c', script]);

const SLEEP = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait $!'];
const main = (more: object = {}) => ({ name: 'main', image: 'busybox:1.36', command: SLEEP, ...more });

async function run(name: string, spec: object, metadata: object = {}): Promise<void> {
  await ok(['apply', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: { terminationGracePeriodSeconds: 1, ...spec },
  });
}

async function runReady(...pod: Parameters<typeof run>): Promise<void> {
  await run(...pod);
  await ok(['wait', '--for=condition=Ready', `pod/${pod[0]}`, '--timeout=90s']);
}

describe.skipIf(kubectlPath === undefined)('files in containers', () => {
  it('come from several sources into one volume', async () => {
    await ok(['create', 'secret', 'generic', 'mysecret', '--from-literal=username=admin']);
    await ok(['create', 'configmap', 'myconfigmap', '--from-literal=config=my config']);
    const sources = [
      {
        secret: { name: 'mysecret', items: [{ key: 'username', path: 'my-group/my-username', mode: 0o400 }] },
      },
      {
        downwardAPI: {
          items: [
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            {
              path: 'cpu_limit',
              resourceFieldRef: { containerName: 'main', resource: 'limits.cpu', divisor: '1m' },
            },
          ],
        },
      },
      { configMap: { name: 'myconfigmap', items: [{ key: 'config', path: 'my-group/my-config' }] } },
      { configMap: { name: 'later', optional: true } },
    ];
    const container = main({
      resources: { limits: { cpu: '250m' } },
      volumeMounts: [{ name: 'all-in-one', mountPath: '/projected-volume', readOnly: true }],
    });
    const volumes = [{ name: 'all-in-one', projected: { sources } }];
    await runReady('volume-test', { containers: [container], volumes }, { labels: { zone: 'us', app: 'x' } });
    expect(await sh('volume-test', 'cd /projected-volume; cat my-group/* cpu_limit; echo; cat labels')).toBe(
      'my configadmin250\napp="x"\nzone="us"',
    );
    // The file's mode is the link's target's.
    expect(await sh('volume-test', 'ls -lL /projected-volume/my-group/my-username')).toMatch(/^-r--------/);
    expect(await sh('volume-test', 'touch /projected-volume/x 2>&1 || true')).toMatch(
      /Read-only file system/,
    );

    await ok(['create', 'configmap', 'later', '--from-literal=late=here']);
    await ok(['label', 'pod', 'volume-test', 'zone=eu', '--overwrite']);
    await ok(['patch', 'configmap', 'myconfigmap', '-p', '{"data":{"config":"new"}}']);
    await until(async () =>
      expect(await sh('volume-test', 'cd /projected-volume; cat my-group/my-config late labels')).toBe(
        'newhereapp="x"\nzone="eu"',
      ),
    );
    await ok(['delete', 'configmap', 'later']);
    await until(async () =>
      expect(await sh('volume-test', 'ls /projected-volume')).toBe('cpu_limit\nlabels\nmy-group\n'),
    );
  });

  it('are readable by the users and groups of the pod', async () => {
    await ok(['create', 'secret', 'generic', 'owned', '--from-literal=key=s3cret']);
    await runReady('owned', {
      securityContext: { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 },
      containers: [
        main({
          volumeMounts: [
            { name: 'owned', mountPath: '/owned' },
            { name: 'scratch', mountPath: '/scratch' },
          ],
        }),
      ],
      volumes: [
        { name: 'owned', secret: { secretName: 'owned', defaultMode: 0o400 } },
        { name: 'scratch', emptyDir: {} },
      ],
    });
    expect(await sh('owned', 'id; cat /owned/key; echo; echo hi > /scratch/f; ls -n /scratch')).toMatch(
      /uid=1000 gid=3000 groups=.*2000[\s\S]*s3cret\n[\s\S]* 1000 +2000 /,
    );
  });

  it('of Secrets and tokens lie in memory, and never on the disk', async () => {
    const on = 'while read -r _ at type _; do case $at in /owned|/var/run/secrets*) echo $type;; esac; done';
    expect(await sh('owned', `${on} < /proc/mounts`)).toBe('tmpfs\ntmpfs\n');
  });

  it('in memory are shared by containers and bounded', async () => {
    const volumeMounts = [{ name: 'shared', mountPath: '/shared' }];
    await runReady('memory', {
      containers: [main({ volumeMounts }), { ...main({ volumeMounts }), name: 'other' }],
      volumes: [{ name: 'shared', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } }],
    });
    await sh('memory', 'echo hello > /shared/file');
    expect(await sh('memory', 'cat /shared/file', 'other')).toBe('hello\n');
    expect(await sh('memory', 'dd if=/dev/zero of=/shared/large bs=1k count=2000 2>&1 || true')).toMatch(
      /No space left/,
    );
    await ok(['delete', 'pod', 'memory']);
  });

  it('of a part of a volume are found by an expression, and refused outside of it', async () => {
    const env = [{ name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }];
    const mount = { name: 'work', mountPath: '/logs', subPathExpr: '$(POD_NAME)' };
    const whole = { name: 'work', mountPath: '/whole' };
    const volumes = [{ name: 'work', emptyDir: {} }];
    await runReady('expr', { containers: [main({ env, volumeMounts: [mount, whole] })], volumes });
    await sh('expr', 'echo hello > /logs/hello.txt');
    expect(await sh('expr', 'cat /whole/expr/hello.txt')).toBe('hello\n');
    // A link that one container has made leads another one nowhere.
    const link = {
      ...main({ volumeMounts: [whole] }),
      name: 'link',
      command: ['sh', '-c', 'ln -s /etc /whole/out'],
    };
    const through = main({ volumeMounts: [{ ...mount, subPathExpr: undefined, subPath: 'out' }] });
    await run('through', { initContainers: [link], containers: [through], volumes });
    await run('above', {
      containers: [main({ env: [{ name: 'POD_NAME', value: '..' }], volumeMounts: [mount] })],
      volumes,
    });
    for (const name of ['through', 'above'])
      await until(async () => {
        const { status } = JSON.parse(await ok(['get', 'pod', name, '-o', 'json']));
        expect(status.containerStatuses[0].state.waiting).toMatchObject({
          reason: 'CreateContainerConfigError',
          message: expect.stringContaining('leaves its volume'),
        });
      });
  });
});

describe.skipIf(kubectlPath === undefined)('the environment', () => {
  it('comes from ConfigMaps, Secrets, resources and Services', async () => {
    await ok([
      'create',
      'configmap',
      'special-config',
      '--from-literal=how=very',
      '--from-literal=1st.key=a',
    ]);
    await ok(['create', 'secret', 'generic', 'test-secret', '--from-literal=username=my-app']);
    await ok(['create', 'service', 'clusterip', 'foo-service', '--tcp=8765:8080']);
    const service = JSON.parse(await ok(['get', 'service', 'foo-service', '-o', 'json']));
    const resource = (name: string, divisor?: string) => ({
      valueFrom: { resourceFieldRef: { containerName: 'main', resource: name, divisor } },
    });
    await runReady('env', {
      containers: [
        main({
          resources: { requests: { memory: '32Mi', cpu: '125m' }, limits: { memory: '64Mi' } },
          envFrom: [
            { prefix: 'P_', configMapRef: { name: 'special-config' } },
            { secretRef: { name: 'test-secret' } },
            { secretRef: { name: 'none', optional: true } },
          ],
          env: [
            { name: 'GREETING', value: '$(P_how) $(FOO_SERVICE_SERVICE_PORT)' },
            { name: 'MEMORY', ...resource('requests.memory', '1Mi') },
            { name: 'CPU', ...resource('requests.cpu') },
            { name: 'LIMIT', ...resource('limits.memory') },
            { name: 'ACCOUNT', valueFrom: { fieldRef: { fieldPath: 'spec.serviceAccountName' } } },
          ],
        }),
      ],
    });
    const environment = (await sh('env', 'env')).split('\n');
    expect(environment).toEqual(
      expect.arrayContaining([
        'P_how=very',
        'username=my-app',
        'GREETING=very 8765',
        'MEMORY=32',
        'CPU=1',
        'LIMIT=67108864',
        'ACCOUNT=default',
        `FOO_SERVICE_SERVICE_HOST=${service.spec.clusterIP}`,
        `FOO_SERVICE_PORT_8765_TCP=tcp://${service.spec.clusterIP}:8765`,
        `KUBERNETES_SERVICE_PORT=${new URL(cluster.server).port}`,
      ]),
    );
  });
});

describe.skipIf(kubectlPath === undefined)('the token of a pod', () => {
  it('proves to the API who it is, for as long as the pod is there', async () => {
    await runReady('client', { containers: [main()] });
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount';
    const [token, ca, namespace] = await Promise.all(
      ['token', 'ca.crt', 'namespace'].map(file => sh('client', `cat ${folder}/${file}`)),
    );
    expect(namespace).toBe('default');
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const whoAmI = () =>
      post('/apis/authentication.k8s.io/v1/selfsubjectreviews', { token, ca, body: review });
    expect(await whoAmI()).toMatchObject({
      status: {
        userInfo: {
          username: 'system:serviceaccount:default:default',
          extra: { 'authentication.kubernetes.io/pod-name': ['client'] },
        },
      },
    });
    await ok(['delete', 'pod', 'client']);
    expect(await whoAmI()).toMatchObject({ code: 401 });
  });

  it('is left out where the pod does not want it', async () => {
    await runReady('shy', { automountServiceAccountToken: false, containers: [main()] });
    expect(await sh('shy', 'ls /var/run/secrets 2>&1 || true')).toMatch(/No such file/);
  });
});

/** As a container would, with nothing but what lies in its folder. */
function post(path: string, given: { token?: string; ca?: string; body: object }): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${given.token}`, 'content-type': 'application/json' };
    const outgoing = request(new URL(path, cluster.server), { method: 'POST', ca: given.ca, headers });
    outgoing.on('response', answer => text(answer).then(body => resolve(JSON.parse(body)), reject));
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(given.body));
  });
}

/**
 * Pods of the shapes that Kubernetes's own task pages teach (https://kubernetes.io/docs/tasks/): each is applied with kubectl
 * as a beginner does it, and looked at as the page says.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { kubectlOn } from './support/kubectl.ts';
import { until } from './support/until.ts';

const IMAGE = 'busybox:1.36';
const FOREVER = "trap 'exit 0' TERM; while :; do sleep 1 & wait $!; done";

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
});
afterAll(() => cluster?.stop());
showLogsOnFailure(() => cluster);

const { ok } = kubectlOn(() => cluster);

const run = (name: string, script: string, more: object = {}) => ({
  name,
  image: IMAGE,
  command: ['sh', '-c', script],
  resources: { requests: { cpu: '5m', memory: '4Mi' } },
  ...more,
});

function aPod(name: string, spec: object) {
  const metadata = { name, labels: { app: name } };
  return { apiVersion: 'v1', kind: 'Pod', metadata, spec: { terminationGracePeriodSeconds: 1, ...spec } };
}

const object = async (name: string) => JSON.parse(await ok(`get pod ${name} -o json`));
const inside = (pod: string, command: string) => ok(`exec ${pod} -- sh -c ${command.replaceAll(' ', '\t')}`);
/** What a pod that comes to its end has printed. */
async function printed(pod: object, name: string): Promise<string> {
  await ok('apply -f -', pod);
  await ok(`wait --for=jsonpath={.status.phase}=Succeeded pod/${name} --timeout=90s`);
  return ok(`logs ${name}`);
}
async function runs(pod: object, name: string): Promise<void> {
  await ok('apply -f -', pod);
  await ok(`wait --for=condition=Ready pod/${name} --timeout=90s`);
}

describe.skipIf(kubectlPath === undefined)('several containers in one pod', () => {
  it('share a volume: one writes, the other serves', async () => {
    const mount = { name: 'shared', mountPath: '/shared' };
    const pod = aPod('two', {
      volumes: [{ name: 'shared', emptyDir: {} }],
      containers: [
        run(
          'server',
          'httpd -p 8080 -h /shared; until rm /shared/die 2>/dev/null; do sleep 0.1; done; exit 1',
          { volumeMounts: [mount] },
        ),
        run('writer', `echo written > /shared/index.html; ${FOREVER}`, { volumeMounts: [mount] }),
      ],
    });
    await runs(pod, 'two');
    // The same network: a loopback, and one address.
    expect(await ok('exec two -c writer -- wget -qO- http://127.0.0.1:8080/')).toBe('written\n');
    const { podIP } = (await object('two')).status;
    for (const name of ['server', 'writer'])
      expect(await ok(`exec two -c ${name} -- hostname -i`)).toBe(`${podIP}\n`);
  });

  it('stay together when one of them crashes: the others go on, and the address stays', async () => {
    const before = (await object('two')).status;
    await ok('exec two -c writer -- touch /shared/die');
    await until(async () => {
      const { containerStatuses } = (await object('two')).status;
      expect(containerStatuses.map((each: { restartCount: number }) => each.restartCount)).toEqual([1, 0]);
      expect(containerStatuses.every((each: { ready: boolean }) => each.ready)).toBe(true);
    });
    expect((await object('two')).status.podIP).toBe(before.podIP);
    expect(await ok('exec two -c writer -- wget -qO- http://127.0.0.1:8080/')).toBe('written\n');
  });

  it('run init containers first, one after the other, and a sidecar beside', async () => {
    const mount = { volumeMounts: [{ name: 'work', mountPath: '/work' }] };
    const pod = aPod('prepared', {
      restartPolicy: 'Never',
      volumes: [{ name: 'work', emptyDir: {} }],
      initContainers: [
        run('first', 'echo one >> /work/log', mount),
        run('tail', `echo sidecar >> /work/log; ${FOREVER}`, { ...mount, restartPolicy: 'Always' }),
        run('second', 'until grep -q sidecar /work/log; do sleep 0.1; done; echo two >> /work/log', mount),
      ],
      containers: [run('main', 'cat /work/log', mount)],
    });
    expect(await printed(pod, 'prepared')).toBe('one\nsidecar\ntwo\n');
  });

  it('see each other’s processes when they share them', async () => {
    const pod = aPod('shared-processes', {
      shareProcessNamespace: true,
      containers: [run('main', 'exec sleep 1000000'), run('shell', FOREVER)],
    });
    await runs(pod, 'shared-processes');
    expect(await ok('exec shared-processes -c shell -- ps')).toMatch(/pause[\s\S]*sleep 1/);
  });
});

describe.skipIf(kubectlPath === undefined)('what a container knows of its pod', () => {
  it('its name, address and limits, in its environment', async () => {
    const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
    const env = [
      field('NODE', 'spec.nodeName'),
      field('POD', 'metadata.name'),
      field('IP', 'status.podIP'),
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'requests.memory' } } },
    ];
    const pod = aPod('knows', {
      restartPolicy: 'Never',
      containers: [run('main', 'echo $NODE $POD $CPU; echo $IP; hostname -i', { env })],
    });
    const [words, address, own] = (await printed(pod, 'knows')).split('\n');
    expect(words).toBe('pi-1 knows 4194304');
    expect(address).toBe(own);
  });

  it('names that its hosts file adds', async () => {
    const pod = aPod('hosts', {
      restartPolicy: 'Never',
      hostAliases: [{ ip: '10.1.2.3', hostnames: ['foo.remote', 'bar.remote'] }],
      containers: [run('main', 'cat /etc/hosts')],
    });
    expect(await printed(pod, 'hosts')).toMatch(/10\.1\.2\.3\s+foo\.remote/);
  });
});

describe.skipIf(kubectlPath === undefined)('who a container is', () => {
  it.each([
    {
      name: 'the user, group and volumes’ group of the pod',
      pod: { runAsUser: 1000, runAsGroup: 3000, fsGroup: 2000 },
      own: {},
      script: 'id -u; id -g; id -G; stat -c %g /data',
      want: /^1000\n3000\n3000 2000\n2000\n$/,
    },
    {
      name: 'its own user before the pod’s',
      pod: { runAsUser: 1000 },
      own: { runAsUser: 2000, allowPrivilegeEscalation: false },
      script: 'id -u; grep NoNewPrivs /proc/self/status',
      want: /^2000\nNoNewPrivs:\t1\n$/,
    },
    {
      name: 'with capabilities added and dropped',
      pod: {},
      own: { capabilities: { drop: ['ALL'], add: ['NET_ADMIN'] } },
      script: 'grep CapBnd /proc/self/status',
      want: /^CapBnd:\t0000000000001000\n$/,
    },
    {
      name: 'with a file system that it cannot write',
      pod: {},
      own: { readOnlyRootFilesystem: true },
      script: 'touch /file 2>&1 || touch /data/file && echo volume',
      want: /Read-only file system\nvolume\n$/,
    },
  ])('$name', async ({ pod: securityContext, own, script, want }) => {
    const name = `who-${Object.keys({ ...securityContext, ...own })
      .join('-')
      .toLowerCase()}`.slice(0, 50);
    const mount = [{ name: 'data', mountPath: '/data' }];
    const pod = aPod(name, {
      restartPolicy: 'Never',
      securityContext,
      volumes: [{ name: 'data', emptyDir: {} }],
      containers: [run('main', script, { securityContext: own, volumeMounts: mount })],
    });
    expect(await printed(pod, name)).toMatch(want);
  });

  it('not root, when it must not be', async () => {
    const pod = aPod('not-root', {
      securityContext: { runAsNonRoot: true },
      containers: [run('main', FOREVER)],
    });
    await ok('apply -f -', pod);
    await until(async () => {
      const [{ state }] = (await object('not-root')).status.containerStatuses;
      expect(state.waiting).toMatchObject({ reason: 'CreateContainerConfigError' });
      expect(state.waiting.message).toContain('container has runAsNonRoot and image will run as root');
    });
    await ok('delete pod not-root --now');
  });
});

it.skipIf(kubectlPath === undefined)('the sample of shapes runs', async () => {
  const sample = 'deploy/samples/pods/shapes.yaml';
  await ok(`apply -f ${sample}`);
  await ok('wait --for=condition=Ready pod/shapes --timeout=90s');
  await until(async () => expect(await ok('logs shapes -c reader')).toBe('prepared\nworking\n'));
  await ok(`delete -f ${sample}`);
});

describe.skipIf(kubectlPath === undefined)('how a container ends', () => {
  const ended = async (name: string) => (await object(name)).status.containerStatuses[0].state.terminated;

  it.each([
    { name: 'file', script: 'echo -n done > /dev/termination-log; exit 3', more: {}, want: 'done' },
    {
      name: 'other-user',
      script: 'echo -n done > /tmp/last; exit 0',
      more: { terminationMessagePath: '/tmp/last', securityContext: { runAsUser: 1000 } },
      want: 'done',
    },
    {
      name: 'log',
      script: 'echo from the log; exit 1',
      more: { terminationMessagePolicy: 'FallbackToLogsOnError' },
      want: 'from the log\n',
    },
    {
      name: 'success',
      script: 'echo unheard; exit 0',
      more: { terminationMessagePolicy: 'FallbackToLogsOnError' },
      want: undefined,
    },
  ])('with last words: $name', async ({ name, script, more, want }) => {
    const pod = aPod(`words-${name}`, { restartPolicy: 'Never', containers: [run('main', script, more)] });
    await ok('apply -f -', pod);
    await until(async () => expect((await ended(`words-${name}`))?.finishedAt).toBeDefined());
    expect((await ended(`words-${name}`)).message).toBe(want);
  });

  it('beyond its memory: OOMKilled', async () => {
    const limits = { resources: { limits: { memory: '16Mi' } } };
    const pod = aPod('greedy', {
      restartPolicy: 'Never',
      containers: [run('main', 'x=a; while :; do x=$x$x; done', limits)],
    });
    await ok('apply -f -', pod);
    await until(async () =>
      expect(await ended('greedy')).toMatchObject({ reason: 'OOMKilled', exitCode: 137 }),
    );
    expect((await object('greedy')).status.phase).toBe('Failed');
  });

  it('at its deadline', async () => {
    const pod = aPod('late', { activeDeadlineSeconds: 2, containers: [run('main', FOREVER)] });
    await ok('apply -f -', pod);
    await until(async () =>
      expect((await object('late')).status).toMatchObject({ phase: 'Failed', reason: 'DeadlineExceeded' }),
    );
  });

  it('told to, with time for its hook and its last work', async () => {
    const mount = { volumeMounts: [{ name: 'work', mountPath: '/work' }] };
    const volumes = [{ name: 'work', hostPath: { path: cluster.layout.dataDir } }];
    const lifecycle = {
      postStart: { exec: { command: ['sh', '-c', 'echo started >> /work/log'] } },
      preStop: { exec: { command: ['sh', '-c', 'echo stopping >> /work/log'] } },
    };
    const pod = aPod('hooked', {
      terminationGracePeriodSeconds: 20,
      volumes,
      containers: [
        run('main', "trap 'echo stopped >> /work/log; exit 0' TERM; while :; do sleep 1 & wait $!; done", {
          ...mount,
          lifecycle,
        }),
      ],
    });
    await runs(pod, 'hooked');
    expect(await inside('hooked', 'cat /work/log')).toBe('started\n');
    await ok('delete pod hooked');
    await ok(
      'apply -f -',
      aPod('reads', {
        restartPolicy: 'Never',
        volumes,
        containers: [run('main', 'cat /work/log', mount)],
      }),
    );
    await until(async () => expect(await ok('logs reads')).toBe('started\nstopping\nstopped\n'));
  });
});

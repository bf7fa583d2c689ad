/**
 * What pods share and may do, as Kubernetes's own documentation and conformance tests show it: the network and name of a
 * pod, shared processes, security contexts, last words, deadlines. On real containers.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
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
  const text = input === undefined ? undefined : JSON.stringify(input);
  const { code, stdout, stderr } = await cluster.kubectl(args, text);
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

const sh = (pod: string, script: string, container = 'main') =>
  ok(['exec', pod, '-c', container, '--', 'sh', '-c', script]);

const SLEEP = ['sh', '-c', 'trap "exit 0" TERM; sleep 1000000 & wait $!'];
const aContainer = (name: string, more: object = {}) => ({
  name,
  image: 'busybox:1.36',
  command: SLEEP,
  ...more,
});
const says = (script: string, more: object = {}) =>
  aContainer('main', { command: ['sh', '-c', script], ...more });

async function run(name: string, spec: object): Promise<void> {
  await ok(['apply', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 1, ...spec },
  });
}

async function runReady(name: string, spec: object): Promise<void> {
  await run(name, spec);
  await ok(['wait', '--for=condition=Ready', `pod/${name}`, '--timeout=90s']);
}

const fieldOf = (pod: string, path: string) => ok(['get', 'pod', pod, '-o', `jsonpath={${path}}`]);

/** Waits until the field of the pod says so. */
const untilField = (pod: string, path: string, want: RegExp) =>
  until(async () => expect(await fieldOf(pod, path)).toMatch(want));

/** The id of the pod's sandbox on the engine. */
async function sandboxOf(pod: string): Promise<string> {
  const uid = await fieldOf(pod, '.metadata.uid');
  const filter = [`label=dev.pikelet.pod-uid=${uid}`, 'label=dev.pikelet.container=POD'];
  const args = ['ps', '-q', '--no-trunc', ...filter.flatMap(each => ['--filter', each])];
  return (await promisify(execFile)('docker', args)).stdout.trim();
}

describe.skipIf(kubectlPath === undefined)('the containers of a pod', () => {
  it('share address, name and shared memory, and outlive each other and their sandbox', async () => {
    const env = [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }];
    await runReady('shared', {
      hostname: 'front',
      subdomain: 'web',
      hostAliases: [{ ip: '123.45.67.89', hostnames: ['foo', 'bar'] }],
      initContainers: [aContainer('init', { command: ['sh', '-c', 'hostname -i > /dev/shm/init'] })],
      containers: [aContainer('main', { env }), aContainer('side')],
    });
    const address = await fieldOf('shared', '.status.podIP');
    expect(await sh('shared', 'hostname -i; cat /dev/shm/init; echo $IP')).toBe(`${address}\n`.repeat(3));
    await sh('shared', 'echo hello > /dev/shm/note');
    const script = 'cat /dev/shm/note; hostname; hostname -f; grep foo /etc/hosts; hostname -i';
    const seen = await sh('shared', script, 'side');
    expect(seen).toMatch(/^hello\nfront\nfront\.web\.default\.svc\.cluster\.local\n123\.45\.67\.89\s+foo\n/);
    expect(seen).toContain(address);

    // The command that kills its own container ends with it.
    await cluster.kubectl(['exec', 'shared', '-c', 'main', '--', 'kill', '-TERM', '1']);
    await untilField('shared', '.status.containerStatuses[?(@.name=="main")].restartCount', /^1$/);
    expect(await fieldOf('shared', '.status.containerStatuses[?(@.name=="side")].restartCount')).toBe('0');
    expect(await fieldOf('shared', '.status.podIP')).toBe(address);

    await promisify(execFile)('docker', ['kill', await sandboxOf('shared')]);
    await untilField('shared', '.status.containerStatuses[?(@.name=="side")].restartCount', /^1$/);
    await ok(['wait', '--for=condition=Ready', 'pod/shared', '--timeout=90s']);
    expect(await sh('shared', 'hostname -i', 'side')).toBe(`${await fieldOf('shared', '.status.podIP')}\n`);
    expect(await ok(['events', '--for', 'pod/shared'])).toMatch(/SandboxChanged/);
  });

  it('share processes when they ask for it', async () => {
    await runReady('processes', {
      shareProcessNamespace: true,
      containers: [aContainer('main'), aContainer('shell')],
    });
    const seen = await sh('processes', 'for p in /proc/[0-9]*; do cat $p/comm; done', 'shell');
    expect(seen.split('\n')[0]).toBe('pause');
    expect(seen.match(/sleep/g)?.length).toBeGreaterThanOrEqual(2);
  });

  it('leave no sandbox behind', async () => {
    await run('done', {
      restartPolicy: 'Never',
      containers: [says('exit 0'), aContainer('two', { command: ['true'] })],
    });
    await untilField('done', '.status.phase', /Succeeded/);
    await until(async () => expect(await sandboxOf('done')).toBe(''));
  });
});

describe.skipIf(kubectlPath === undefined)('security contexts', () => {
  it('are the pod’s where the container has none of its own', async () => {
    const capabilities = { drop: ['ALL'], add: ['NET_ADMIN'] };
    const own = {
      runAsUser: 2000,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities,
    };
    await runReady('secure', {
      securityContext: {
        runAsUser: 1000,
        runAsGroup: 3000,
        supplementalGroups: [4000],
        sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
      },
      containers: [aContainer('main'), aContainer('own', { securityContext: own })],
    });
    expect(await sh('secure', 'id -u; id -g; id -G; cat /proc/sys/net/ipv4/ip_unprivileged_port_start')).toBe(
      '1000\n3000\n3000 4000\n0\n',
    );
    const script = 'id -u; grep -E "NoNewPrivs|CapBnd" /proc/self/status; touch /x 2>&1 || true';
    const seen = await sh('secure', script, 'own');
    expect(seen).toMatch(/2000/);
    expect(seen).toMatch(/CapBnd:\s*0+1000\b/);
    expect(seen).toMatch(/NoNewPrivs:\s*1/);
    expect(seen).toMatch(/Read-only file system/);
  });

  it('refuse an image that would run as root', async () => {
    await run('root', { securityContext: { runAsNonRoot: true }, containers: [aContainer('main')] });
    await untilField(
      'root',
      '.status.containerStatuses[0].state.waiting.reason',
      /^CreateContainerConfigError$/,
    );
    expect(await fieldOf('root', '.status.containerStatuses[0].state.waiting.message')).toMatch(
      /^container has runAsNonRoot and image will run as root \(pod: "root_default\(.*\)", container: main\)$/,
    );
  });

  it('refuse a sysctl that could harm others', async () => {
    const sysctls = [{ name: 'kernel.msgmax', value: '10000' }];
    await run('unsafe', { securityContext: { sysctls }, containers: [aContainer('main')] });
    await untilField('unsafe', '.status.reason', /^SysctlForbidden$/);
    expect(await fieldOf('unsafe', '.status.phase')).toBe('Failed');
  });
});

describe.skipIf(kubectlPath === undefined)('how containers end', () => {
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
      want: '',
    },
  ])('is told in their last words: $name', async ({ name, script, more, want }) => {
    await run(`words-${name}`, { restartPolicy: 'Never', containers: [says(script, more)] });
    await untilField(`words-${name}`, '.status.phase', /Succeeded|Failed/);
    expect(await fieldOf(`words-${name}`, '.status.containerStatuses[0].state.terminated.message')).toBe(
      want,
    );
  });

  it('is by memory where that was it', async () => {
    const main = says('dd if=/dev/zero of=/dev/null bs=64M', { resources: { limits: { memory: '16Mi' } } });
    await run('greedy', { restartPolicy: 'Never', containers: [main] });
    await untilField('greedy', '.status.containerStatuses[0].state.terminated.reason', /^OOMKilled$/);
  });

  it('is when their time is up', async () => {
    await run('late', { activeDeadlineSeconds: 1, containers: [aContainer('main')] });
    await untilField('late', '.status.reason', /^DeadlineExceeded$/);
    expect(await fieldOf('late', '.status.phase')).toBe('Failed');
  });
});

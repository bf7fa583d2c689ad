/** Probes and lifecycle hooks with the real kubectl, on real containers. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { until } from './support/until.ts';

let cluster: TestCluster;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pikelet-probes-'));
  cluster = await startCluster();
});
afterAll(async () => {
  await cluster?.stop();
  await rm(folder, { recursive: true });
});
showLogsOnFailure(() => cluster);

/** Its standard output; fails when it exits with anything but 0. */
async function ok(args: readonly string[], input?: unknown): Promise<string> {
  const text = input === undefined ? undefined : JSON.stringify(input);
  const { code, stdout, stderr } = await cluster.kubectl(args, text);
  expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
  return stdout;
}

const get = async (...args: string[]) => JSON.parse(await ok(['get', ...args, '-o', 'json']));
const sh = (pod: string, script: string) => ok(['exec', pod, '--', 'sh', '-c', script]);
const webOf = async (pod: string) => (await get('pod', pod)).status.containerStatuses[0];

async function eventsOf(pod: string): Promise<string[]> {
  const { items } = await get('events', '--field-selector', `involvedObject.name=${pod}`);
  return items.map(({ reason, message }: { reason: string; message: string }) => `${reason}: ${message}`);
}

const SERVE = ['sh', '-c', 'mkdir -p /w; trap "exit 0" TERM; httpd -f -p 8080 -h /w & wait'];
const web = (more: object) => ({
  name: 'web',
  image: 'busybox:1.36',
  command: SERVE,
  ports: [{ name: 'http', containerPort: 8080 }],
  ...more,
});
const often = { periodSeconds: 1, failureThreshold: 2 };
const health = { httpGet: { path: '/health', port: 'http' } };

async function apply(name: string, container: object, spec: object = {}): Promise<void> {
  await ok(['apply', '-f', '-'], {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: { terminationGracePeriodSeconds: 5, containers: [web(container)], ...spec },
  });
}

describe.skipIf(kubectlPath === undefined)('probes', () => {
  it('of readiness put a pod into its Service and take it out', async () => {
    await apply('ready', {
      readinessProbe: { ...health, ...often },
      livenessProbe: { tcpSocket: { port: 8080 }, ...often },
    });
    await ok(['expose', 'pod', 'ready', '--port=80', '--target-port=http']);
    const conditions = async () => {
      const { items } = await get('endpointslices', '-l', 'kubernetes.io/service-name=ready');
      return items[0]?.endpoints?.[0]?.conditions;
    };
    await until(async () => expect(await webOf('ready')).toMatchObject({ started: true, ready: false }));
    await until(async () =>
      expect(await conditions()).toEqual({ ready: false, serving: false, terminating: false }),
    );
    await until(async () =>
      expect(await eventsOf('ready')).toContain(
        'Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404',
      ),
    );
    await sh('ready', 'echo fit > /w/health');
    await until(async () =>
      expect(await conditions()).toEqual({ ready: true, serving: true, terminating: false }),
    );
    await ok(['wait', '--for=condition=Ready', 'pod/ready', '--timeout=90s']);
    await sh('ready', 'rm /w/health');
    await until(async () => expect(await conditions()).toMatchObject({ ready: false, serving: false }));
    expect(await webOf('ready')).toMatchObject({ restartCount: 0 });
  });

  it('of liveness wait for startup, then restart the container', async () => {
    await apply('live', {
      startupProbe: { exec: { command: ['test', '-e', '/w/up'] }, periodSeconds: 1, failureThreshold: 1000 },
      livenessProbe: { exec: { command: ['sh', '-c', '! test -e /w/hung || sleep 100'] }, ...often },
    });
    await until(async () =>
      expect(await webOf('live')).toMatchObject({ started: false, ready: false, state: { running: {} } }),
    );
    await sh('live', 'touch /w/hung /w/up');
    await until(async () => expect(await webOf('live')).toMatchObject({ restartCount: 1 }));
    const events = await eventsOf('live');
    expect(events).toContain('Killing: Container web failed liveness probe, will be restarted');
    expect(events.join()).toMatch(
      /Unhealthy: Liveness probe failed: command timed out: .* timed out after 1s/,
    );
  });

  it('hold a rollout until the new pods are ready', async () => {
    const container = web({ readinessProbe: { ...health, ...often } });
    await ok(['apply', '-f', '-'], {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'slow' },
      spec: {
        minReadySeconds: 1,
        selector: { matchLabels: { app: 'slow' } },
        template: { metadata: { labels: { app: 'slow' } }, spec: { containers: [container] } },
      },
    });
    await until(async () =>
      expect((await get('pods', '-l', 'app=slow')).items[0].status.phase).toBe('Running'),
    );
    expect((await get('deployment', 'slow')).status).toMatchObject({ unavailableReplicas: 1 });
    await ok(['exec', 'deploy/slow', '--', 'sh', '-c', 'echo fit > /w/health']);
    await ok(['rollout', 'status', 'deployment/slow', '--timeout=90s']);
    expect((await get('deployment', 'slow')).status).toMatchObject({
      readyReplicas: 1,
      availableReplicas: 1,
    });
  });

  it('leave the last word to readiness gates', async () => {
    const readinessGates = [{ conditionType: 'example.com/open' }];
    await apply('gated', {}, { readinessGates });
    const readyOf = async () =>
      (await get('pod', 'gated')).status.conditions.find(({ type }: { type: string }) => type === 'Ready');
    await until(async () =>
      expect(await readyOf()).toMatchObject({ status: 'False', reason: 'ReadinessGatesNotReady' }),
    );
    const status = { conditions: [{ type: 'example.com/open', status: 'True' }] };
    await ok(['patch', 'pod', 'gated', '--subresource=status', '-p', JSON.stringify({ status })]);
    await ok(['wait', '--for=condition=Ready', 'pod/gated', '--timeout=90s']);
  });
});

describe.skipIf(kubectlPath === undefined)('hooks', () => {
  const volumes = () => ({ volumes: [{ name: 'out', hostPath: { path: folder, type: 'Directory' } }] });
  const volumeMounts = [{ name: 'out', mountPath: '/out' }];
  const read = (name: string) => readFile(join(folder, name), 'utf8');

  it('run after the start and before the stop, with the container there', async () => {
    const say = (what: string) => ({ exec: { command: ['sh', '-c', `${what} >> /out/said`] } });
    const lifecycle = { postStart: say('echo hello from $HOSTNAME'), preStop: say('sleep 1; echo bye') };
    await apply('hooked', { lifecycle, volumeMounts }, volumes());
    await ok(['wait', '--for=condition=Ready', 'pod/hooked', '--timeout=90s']);
    expect(await read('said')).toBe('hello from hooked\n');
    await ok(['delete', 'pod', 'hooked', '--timeout=90s']);
    expect(await read('said')).toBe('hello from hooked\nbye\n');
  });

  it('may ask a server in the pod', async () => {
    const preStop = { httpGet: { path: '/cgi-bin/leave', port: 'http' } };
    const command = [
      'sh',
      '-c',
      'mkdir -p /w/cgi-bin; printf "#!/bin/sh\\necho asked > /out/asked; echo; echo" > /w/cgi-bin/leave; busybox chmod +x /w/cgi-bin/leave; trap "exit 0" TERM; httpd -f -p 8080 -h /w & wait',
    ];
    const readinessProbe = { tcpSocket: { port: 'http' }, periodSeconds: 1 };
    await apply('asker', { command, lifecycle: { preStop }, readinessProbe, volumeMounts }, volumes());
    await ok(['wait', '--for=condition=Ready', 'pod/asker', '--timeout=90s']);
    await ok(['delete', 'pod', 'asker', '--timeout=90s']);
    expect(await read('asked')).toBe('asked\n');
  });

  it('that fail after the start kill the container', async () => {
    await apply('cold', { lifecycle: { postStart: { exec: { command: ['false'] } } } });
    await until(async () => expect(await webOf('cold')).toMatchObject({ restartCount: 1, ready: false }));
    const events = await eventsOf('cold');
    expect(events).toContain('FailedPostStartHook: PostStartHook failed');
    expect(events).toContain('Killing: FailedPostStartHook');
  });
});

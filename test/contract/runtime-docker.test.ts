/** What only a real engine can show: that a spec means what it says, and that nothing of others is touched. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { get, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { ContainerLabels, ContainerSpec } from '../../node-agent/runtime/container-runtime.ts';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { canLowerOomScores } from '../../node-agent/runtime/oom-score-right.ts';
import { systemClock } from '../../shared/clock.ts';
import { aContainerSpec } from '../support/container-spec.ts';
import { ensureTestImage } from '../support/image.ts';

const cluster = `test-${randomUUID()}`;
const runtimeOf = (node: string) => new DockerRuntime({ owner: { cluster, node }, clock: systemClock });
const runtime = runtimeOf('node-1');
const neighbour = runtimeOf('node-2');
const WAIT = { timeout: 15_000, interval: 50 };

let image = '';
let folder = '';
beforeAll(async () => {
  image = await ensureTestImage();
  folder = await mkdtemp(join(tmpdir(), 'pikelet-runtime-'));
});
afterEach(async () => {
  for (const one of [runtime, neighbour]) for (const { id } of await one.list()) await one.remove(id);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const run = async (
  script: string,
  change: Partial<Omit<ContainerSpec, 'labels'>> & { labels?: Partial<ContainerLabels> } = {},
) => {
  const { id } = await runtime.create(aContainerSpec({ image, command: ['sh', '-c', script], ...change }));
  await runtime.start(id);
  return id;
};
const exited = (id: string) =>
  vi.waitFor(async () => {
    const state = (await runtime.list()).find(container => container.id === id)?.state;
    if (state?.kind !== 'exited') throw new Error(`is ${state?.kind}`);
    return state;
  }, WAIT);
const output = async (id: string) => {
  let stdout = '';
  const options = { follow: true, timestamps: false };
  for await (const { bytes } of runtime.logs(id, options, new AbortController().signal))
    stdout += Buffer.from(bytes).toString();
  return stdout;
};

it('keeps the newest output within its bytes, over every change of files', async () => {
  const small = new DockerRuntime({
    owner: { cluster, node: 'node-1' },
    clock: systemClock,
    logBytes: 65_536,
  });
  const script = 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i"; done';
  const { id } = await small.create(aContainerSpec({ image, command: ['sh', '-c', script] }));
  await small.start(id);
  await exited(id);
  const numbers = (await output(id))
    .trim()
    .split('\n')
    .map(line => Number(line.slice('line '.length)));
  const first = numbers[0] ?? 0;
  expect(numbers.at(-1)).toBe(20_000);
  expect(first).toBeGreaterThan(1);
  expect(numbers).toEqual(numbers.map((_, i) => first + i));
});

/** The engine without the port, for what the port must not be able to see. */
function engine(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) {
  return new Promise<{ status: number; json: unknown }>((resolve, reject) => {
    const socketPath = '/var/run/docker.sock';
    const headers = { 'content-type': 'application/json' };
    const outgoing = request({ socketPath, method, path, headers }, async incoming => {
      const answer = await text(incoming);
      resolve({ status: incoming.statusCode ?? 0, json: answer === '' ? undefined : JSON.parse(answer) });
    });
    outgoing.on('error', reject);
    outgoing.end(body && JSON.stringify(body));
  });
}

it('neither lists, stops nor removes what is not its own', async () => {
  const name = `foreign-${cluster}`;
  const foreign = { Image: image, Entrypoint: ['sleep', '1000'], Labels: { 'dev.pikelet.cluster': cluster } };
  await engine('POST', `/containers/create?name=${name}`, foreign);
  try {
    await engine('POST', `/containers/${name}/start`);
    expect(await runtime.list()).toEqual([]);
    await runtime.stop(name, 0);
    await runtime.remove(name);
    await expect(runtime.start(name)).rejects.toMatchObject({ failure: 'not-found' });
    expect(await runtime.usage(name)).toBeUndefined();
    expect(await engine('GET', `/containers/${name}/json`)).toMatchObject({
      status: 200,
      json: { State: { Running: true } },
    });
  } finally {
    await engine('DELETE', `/containers/${name}?force=true`);
  }
});

it('keeps two nodes on one engine apart', async () => {
  const { id } = await neighbour.create(aContainerSpec({ image }));
  expect(await runtime.list()).toEqual([]);
  await runtime.remove(id);
  expect(await neighbour.list()).toHaveLength(1);
  // The same pod on both nodes, as when it moves: two containers, not one.
  expect((await runtime.create(aContainerSpec({ image }))).id).not.toBe(id);
});

it('refuses a name that someone else has taken', async () => {
  const name = 'pikelet_node-1_default_web_app_pod-uid-_0';
  await engine('POST', `/containers/create?name=${name}`, { Image: image, Cmd: ['true'] });
  try {
    await expect(runtime.create(aContainerSpec({ image }))).rejects.toMatchObject({ failure: 'conflict' });
  } finally {
    await engine('DELETE', `/containers/${name}?force=true`);
  }
});

it('sets limits, weight, log driver and restart policy', async () => {
  const { id } = await runtime.create(
    aContainerSpec({
      image,
      cpuRequestMilli: 250,
      cpuLimitMilli: 8_000,
      memoryLimitBytes: 32 * 1024 * 1024,
    }),
  );
  expect((await engine('GET', `/containers/${id}/json`)).json).toMatchObject({
    HostConfig: {
      CpuShares: 256,
      CpuPeriod: 100_000,
      CpuQuota: 800_000,
      Memory: 33_554_432,
      MemorySwap: 33_554_432,
      RestartPolicy: { Name: 'no' },
      LogConfig: { Type: 'local', Config: { 'max-size': '5242880', 'max-file': '2' } },
    },
  });
});

it.each([-997, 3, 1000])('has the kernel score its processes by %i', async oomScoreAdj => {
  const id = await run('cat /proc/self/oom_score_adj', { oomScoreAdj });
  const lowest = (await canLowerOomScores()) ? -1000 : 0;
  expect(await output(id)).toBe(`${Math.max(lowest, oomScoreAdj)}\n`);
});

it('says that a container was killed for memory', async () => {
  const id = await run('dd if=/dev/zero of=/dev/null bs=64M', { memoryLimitBytes: 16 * 1024 * 1024 });
  expect(await exited(id)).toMatchObject({ exitCode: 137, oomKilled: true });
});

it('gives environment, arguments, folder, user and host name', async () => {
  const id = await run('echo "$A|$0|$(pwd)|$(id -u)|$(hostname)"; touch /tmp/x 2>&1 || echo read-only', {
    args: ['first'],
    env: [{ name: 'A', value: 'one = two' }],
    workingDir: '/www',
    user: '1234',
    hostname: 'web-0',
    readOnlyRootFilesystem: true,
  });
  expect(await output(id)).toMatch(/^one = two\|first\|\/www\|1234\|web-0\n(.*\n)?read-only\n$/);
});

it('uses the image command and entrypoint when the spec has none', async () => {
  const { id } = await runtime.create(aContainerSpec({ image, args: ['echo', 'from args'] }));
  await runtime.start(id);
  expect(await output(id)).toBe('from args\n');
});

it('mounts folders, and puts processes in groups', async () => {
  const id = await run('echo kept > /out/file; echo no > /ro/file || id', {
    groups: [4321],
    mounts: [
      { source: folder, target: '/out', readOnly: false },
      { source: folder, target: '/ro', readOnly: true },
    ],
  });
  // Two streams, in either order.
  expect((await output(id)).split('\n').sort()).toEqual([
    '',
    expect.stringContaining('Read-only'),
    expect.stringContaining('4321'),
  ]);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('kept\n');
});

it('refuses a mount whose source is missing', async () => {
  const mounts = [{ source: join(folder, 'none'), target: '/x', readOnly: true }];
  await expect(runtime.create(aContainerSpec({ image, mounts }))).rejects.toMatchObject({
    failure: 'invalid',
  });
});

it('publishes a port, also for a container that shares the network', async () => {
  const ports = [{ containerPort: 8080, hostPort: 42_817, hostIp: '127.0.0.1', protocol: 'TCP' as const }];
  const id = await run('sleep 1000', { ports });
  await run('httpd -f -p 8080 -h /www', {
    network: { kind: 'container', id },
    labels: { container: 'side' },
  });
  const body = await vi.waitFor(
    () =>
      new Promise<string>((resolve, reject) => {
        get('http://127.0.0.1:42817/', { agent: false }, incoming => resolve(text(incoming))).on(
          'error',
          reject,
        );
      }),
    WAIT,
  );
  expect(body).toBe('hello from a test\n');
});

it('reads the output of a terminal unsplit', async () => {
  const id = await run('echo out; echo err >&2', { tty: true });
  expect(await output(id)).toBe('out\r\nerr\r\n');
});

it('measures from the cgroup what the program uses', async () => {
  const id = await run('dd if=/dev/zero of=/dev/null bs=24M count=100; sleep 1000');
  await vi.waitFor(async () => {
    expect((await runtime.usage(id))?.cpuNanoseconds).toBeGreaterThan(50_000_000);
  }, WAIT);
});

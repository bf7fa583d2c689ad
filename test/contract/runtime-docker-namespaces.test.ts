/** What only a real engine can show of namespaces and security: that processes see and may do what the spec says. */
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readlink, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type ContainerSpec, SANDBOX_IMAGE } from '../../node-agent/runtime/container-runtime.ts';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { systemClock } from '../../shared/clock.ts';
import { aContainerSpec } from '../support/container-spec.ts';
import { ensureTestImage } from '../support/image.ts';

const owner = { cluster: `test-${randomUUID()}`, node: 'node-1' };
const runtime = new DockerRuntime({ owner, clock: systemClock });

let image = '';
let folder = '';
beforeAll(async () => {
  image = await ensureTestImage();
  folder = await mkdtemp(join(tmpdir(), 'pikelet-namespaces-'));
});
afterEach(async () => {
  for (const { id } of await runtime.list()) await runtime.remove(id);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Change = Partial<Omit<ContainerSpec, 'labels'>>;

async function started(name: string, change: Change): Promise<string> {
  const { id } = await runtime.create(aContainerSpec({ image, ...change, labels: { container: name } }));
  await runtime.start(id);
  return id;
}

/** What the script printed, once it has ended. */
async function outputOf(script: string, change: Change = {}, name = 'app'): Promise<string> {
  const id = await started(name, { command: ['sh', '-c', script], ...change });
  let text = '';
  const options = { follow: true, timestamps: false };
  for await (const { bytes } of runtime.logs(id, options, new AbortController().signal))
    text += Buffer.from(bytes).toString();
  return text;
}

async function aSandbox(change: Change = {}) {
  await runtime.makeSandboxImage();
  const ipc = { kind: 'shareable' } as const;
  const id = await started('POD', { image: SANDBOX_IMAGE, command: ['/pause'], ipc, ...change });
  const joined = { kind: 'container', id } as const;
  return { id, network: joined, ipc: joined, pid: joined };
}

it('shares network, host name, names and shared memory with the sandbox', async () => {
  const { network, ipc } = await aSandbox({
    hostname: 'web-0',
    hostAliases: [{ ip: '10.1.2.3', name: 'printer' }],
    dns: { nameservers: ['9.9.9.9'], searches: ['a.example'], options: ['ndots:3'] },
    sysctls: { 'net.ipv4.ip_unprivileged_port_start': '80', 'kernel.shm_rmid_forced': '1' },
  });
  await outputOf('echo shared > /dev/shm/note', { network, ipc }, 'writer');
  const script = `cat /dev/shm/note; hostname; cat /etc/hosts /etc/resolv.conf
    cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced`;
  const seen = await outputOf(script, { network, ipc }, 'reader');
  expect(seen).toMatch(/^shared\nweb-0\n/);
  expect(seen).toMatch(/10\.1\.2\.3\s+printer/);
  expect(seen).toContain('search a.example\nnameserver 9.9.9.9\noptions ndots:3\n');
  expect(seen).toMatch(/80\n1\n$/);
});

it('searches no domain when told so', async () => {
  const dns = { nameservers: ['9.9.9.9'], searches: [], options: [] };
  expect(await outputOf('cat /etc/resolv.conf', { dns })).not.toMatch(/^search \S+/m);
});

it.each([
  { name: 'short', names: { hostname: 'web-0', domainname: 'web.default.svc.cluster.local' }, want: 'web-0' },
  {
    name: 'whole',
    names: { hostname: 'web-0.web.default.svc.cluster.local' },
    want: 'web-0.web.default.svc.cluster.local',
  },
])('knows its whole name where the host name is the $name one', async ({ names, want }) => {
  const [name, line] = (await outputOf('hostname; grep web-0 /etc/hosts', names)).split('\n');
  expect(name).toBe(want);
  expect(line).toMatch(/^\S+\s+web-0\.web\.default\.svc\.cluster\.local web-0$/);
});

it('buries the orphans of a shared process namespace', async () => {
  const { network, ipc, pid } = await aSandbox();
  const parent = await started('parent', {
    command: ['sh', '-c', '(sleep 0.1 & echo $! > /dev/shm/orphan) ; sleep 1000'],
    network,
    ipc,
    pid,
  });
  const script = 'while kill -0 $(cat /dev/shm/orphan); do :; done 2>/dev/null; cat /proc/1/comm';
  expect(await outputOf(script, { network, ipc, pid }, 'watcher')).toBe('pause\n');
  expect((await runtime.list()).find(({ id }) => id === parent)?.state.kind).toBe('running');
});

it('shows the processes, shared memory and name of the host', async () => {
  const host = { kind: 'host' } as const;
  const seen = await outputOf('readlink /proc/self/ns/pid /proc/self/ns/ipc; hostname', {
    pid: host,
    ipc: host,
    network: host,
    command: [
      'busybox',
      'sh',
      '-c',
      'busybox readlink /proc/self/ns/pid; busybox readlink /proc/self/ns/ipc; hostname',
    ],
  });
  const own = await Promise.all(['pid', 'ipc'].map(kind => readlink(`/proc/self/ns/${kind}`)));
  expect(seen).toBe(`${own.join('\n')}\n${hostname()}\n`);
});

it.each<{ name: string; change: Change; field: string; want: RegExp }>([
  { name: 'no new privileges', change: { noNewPrivileges: true }, field: 'NoNewPrivs', want: /1/ },
  { name: 'new privileges', change: {}, field: 'NoNewPrivs', want: /0/ },
  { name: 'no capability', change: { dropCapabilities: ['ALL'] }, field: 'CapEff', want: /^0+$/ },
  {
    name: 'one capability',
    change: { dropCapabilities: ['ALL'], addCapabilities: ['NET_ADMIN'] },
    field: 'CapEff',
    want: /^0*1000$/,
  },
  { name: 'the default system calls', change: {}, field: 'Seccomp', want: /2/ },
  { name: 'all system calls', change: { seccomp: { kind: 'unconfined' } }, field: 'Seccomp', want: /0/ },
  {
    name: 'user and group',
    change: { user: '1000:3000', groups: [4000] },
    field: 'Groups',
    want: /3000 4000|4000/,
  },
])('gives $name', async ({ change, field, want }) => {
  expect(
    (await outputOf(`busybox sed -n 's/^${field}:[^0-9a-f]*//p' /proc/self/status`, change)).trim(),
  ).toMatch(want);
});

it('keeps to a profile of system calls from a file', async () => {
  const path = join(folder, 'no-mkdir.json');
  const syscalls = [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }];
  await writeFile(path, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }));
  const script = 'busybox mkdir /tmp/new || echo refused';
  expect(await outputOf(script, { seccomp: { kind: 'file', path } })).toContain('refused');
  const missing = { seccomp: { kind: 'file' as const, path: join(folder, 'none.json') } };
  await expect(runtime.create(aContainerSpec({ image, ...missing }))).rejects.toMatchObject({
    failure: 'invalid',
    message: expect.stringContaining('none.json'),
  });
});

it('hides nothing of /proc when told so', async () => {
  const script = 'busybox grep -c " /proc/" /proc/self/mounts';
  expect(Number(await outputOf(script, {}, 'masked'))).toBeGreaterThan(0);
  expect(Number(await outputOf(script, { unmaskedProc: true }, 'unmasked'))).toBe(0);
});

it('publishes a UDP port, on one address alone', async () => {
  const ports = [{ containerPort: 53, hostPort: 42_819, hostIp: '127.0.0.1', protocol: 'UDP' as const }];
  await aSandbox({ ports });
  const bind = async (address: string) => {
    const socket = createSocket('udp4');
    try {
      socket.bind(42_819, address);
      await once(socket, 'listening');
    } finally {
      socket.close();
    }
  };
  await expect(bind('127.0.0.1')).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await bind('127.0.0.2');
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cgroupFolders, readCgroupUsage } from './cgroup-usage.ts';

const MOUNTS_V1 = `tmpfs /sys/fs/cgroup tmpfs rw 0 0
cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,relatime,cpu,cpuacct 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
`;
const MOUNTS_V2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n';

it.each([
  {
    name: 'version 1, cgroupfs driver',
    cgroup: '5:memory:/docker/abc\n4:cpu,cpuacct:/docker/abc\n1:name=systemd:/docker/abc\n0::/docker/abc\n',
    mounts: MOUNTS_V1,
    want: {
      version: 1,
      cpu: '/sys/fs/cgroup/cpu,cpuacct/docker/abc',
      memory: '/sys/fs/cgroup/memory/docker/abc',
    },
  },
  {
    name: 'version 1 without the memory cgroup',
    cgroup: '4:cpu,cpuacct:/docker/abc\n',
    mounts: MOUNTS_V1,
    want: { version: 1, cpu: '/sys/fs/cgroup/cpu,cpuacct/docker/abc', memory: undefined },
  },
  {
    name: 'version 2, systemd driver',
    cgroup: '0::/system.slice/docker-abc.scope\n',
    mounts: MOUNTS_V2,
    want: {
      version: 2,
      cpu: '/sys/fs/cgroup/system.slice/docker-abc.scope',
      memory: '/sys/fs/cgroup/system.slice/docker-abc.scope',
    },
  },
  { name: 'out of sight', cgroup: '0::/../../docker/abc\n', mounts: MOUNTS_V2, want: undefined },
  { name: 'no mounts', cgroup: '0::/docker/abc\n', mounts: '', want: undefined },
])('finds the folders: $name', ({ cgroup, mounts, want }) => {
  expect(cgroupFolders(cgroup, mounts)).toEqual(want);
});

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'pikelet-cgroup-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));
const write = async (files: Record<string, string>) => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
};

it('reads version 1', async () => {
  await write({
    'cpu/cpuacct.usage': '123456\n',
    'mem/memory.usage_in_bytes': '5000\n',
    'mem/memory.stat': 'inactive_file 1\ntotal_inactive_file 2000\n',
  });
  expect(await readCgroupUsage({ version: 1, cpu: 'cpu', memory: 'mem' }, root)).toEqual({
    cpuNanoseconds: 123_456,
    memoryBytes: 3_000,
  });
});

it('reads version 2', async () => {
  await write({
    'g/cpu.stat': 'usage_usec 42\nuser_usec 1\n',
    'g/memory.current': '9000\n',
    'g/memory.stat': 'anon 5\ninactive_file 1000\n',
  });
  expect(await readCgroupUsage({ version: 2, cpu: 'g', memory: 'g' }, root)).toEqual({
    cpuNanoseconds: 42_000,
    memoryBytes: 8_000,
  });
});

it('counts the processes where the memory cgroup is off', async () => {
  await write({
    'g/cpu.stat': 'usage_usec 42\n',
    'g/cgroup.procs': '7\n8\n9\n',
    'proc/7/status': 'Name:\tx\nRssAnon:\t    100 kB\n',
    'proc/9/status': 'RssAnon:\t20 kB\n',
  });
  expect(await readCgroupUsage({ version: 2, cpu: 'g', memory: 'g' }, root)).toEqual({
    cpuNanoseconds: 42_000,
    memoryBytes: 120 * 1024,
  });
});

it('rejects with ENOENT once the cgroup is gone', async () => {
  await expect(readCgroupUsage({ version: 2, cpu: 'g', memory: 'g' }, root)).rejects.toMatchObject({
    code: 'ENOENT',
  });
});

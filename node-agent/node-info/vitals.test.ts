import { expect, it } from 'vitest';
import { systemFilesOf } from '../../test/support/system-files.ts';
import { readVitals } from './vitals.ts';

const read = (files: Record<string, string | undefined>) =>
  readVitals(systemFilesOf(files), '/', { nodefs: '/no/such/folder' });

it.each([
  {
    name: 'version 2 with it',
    files: { '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io memory pids' },
    want: true,
  },
  {
    name: 'version 2 of a Pi as shipped',
    files: { '/sys/fs/cgroup/cgroup.controllers': 'cpuset cpu io pids' },
    want: false,
  },
  {
    name: 'version 1 with it',
    files: { '/proc/cgroups': '#subsys_name\thierarchy\nmemory\t5\t80\t1\n' },
    want: true,
  },
  { name: 'version 1 without', files: { '/proc/cgroups': 'memory\t0\t80\t0\n' }, want: false },
])('sees whether memory can be limited: $name', async ({ files, want }) => {
  expect((await read(files)).hasMemoryCgroup).toBe(want);
});

it.each([
  {
    name: 'Pi 4',
    files: { '/sys/devices/platform/soc/soc:firmware/get_throttled': '50005\n' },
    want: 0x50005,
  },
  {
    name: 'Pi 5',
    files: { '/sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled': '0\n' },
    want: 0,
  },
  { name: 'no Pi', files: {}, want: undefined },
])('reads what the firmware throttles: $name', async ({ files, want }) => {
  expect((await read(files)).throttledBits).toBe(want);
});

it('reads the voltage sensor among others', async () => {
  const files = {
    '/sys/class/hwmon/hwmon0/name': 'cpu_thermal\n',
    '/sys/class/hwmon/hwmon1/name': 'rpi_volt\n',
    '/sys/class/hwmon/hwmon1/in0_lcrit_alarm': '1\n',
  };
  expect((await read(files)).underVoltageAlarm).toBe(true);
  expect((await read({})).underVoltageAlarm).toBeUndefined();
});

it('counts processes against the lower of the two bounds', async () => {
  const files = {
    '/proc/loadavg': '0.00 0.01 0.05 1/234 5678\n',
    '/proc/sys/kernel/pid_max': '4194304\n',
    '/proc/sys/kernel/threads-max': '7000\n',
  };
  expect(await read(files)).toMatchObject({ processes: 234, processesMax: 7000 });
});

it('knows disks that are there, and skips folders that are not', async () => {
  const { disks } = await readVitals(systemFilesOf({}), '/', { nodefs: '/', imagefs: '/no/such/folder' });
  expect(disks).toMatchObject([{ path: '/', role: 'nodefs' }]);
  expect(disks[0]?.totalBytes).toBeGreaterThan(0);
});

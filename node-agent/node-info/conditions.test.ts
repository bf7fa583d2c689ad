import { expect, it } from 'vitest';
import { RuntimeError, type RuntimeInfo } from '../runtime/container-runtime.ts';
import { nodeConditions } from './conditions.ts';
import { HARD_THRESHOLDS, type Thresholds } from './thresholds.ts';
import type { Vitals } from './vitals.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const DISK = {
  path: '/data',
  role: 'nodefs' as const,
  totalBytes: 16 * GIB,
  freeBytes: 8 * GIB,
  totalInodes: 1000,
  freeInodes: 900,
};
const HEALTHY: Vitals = {
  memoryTotalBytes: GIB,
  memoryAvailableBytes: GIB / 2,
  processes: 200,
  processesMax: 32_768,
  disks: [DISK],
  hasMemoryCgroup: true,
  stores: [],
  uptimeSeconds: 0,
  readOnlyFolders: [],
};
const ENGINE: RuntimeInfo = {
  name: 'docker',
  version: '26.1.5',
  apiVersion: '1.44',
  operatingSystem: 'Debian',
  kernelVersion: '6.12',
  architecture: 'aarch64',
  cgroupVersion: '2',
  canLimitMemory: true,
  canLimitCpu: true,
  dataRoot: '/var/lib/docker',
};

function conditionOf(
  type: string,
  change: Partial<Vitals>,
  engine: Parameters<typeof nodeConditions>[1] = ENGINE,
  troubled: string[] = [],
  thresholds = HARD_THRESHOLDS,
) {
  return nodeConditions({ ...HEALTHY, ...change }, engine, new Set(troubled), thresholds).find(
    each => each.type === type,
  );
}

it('finds nothing wrong with a healthy device', () => {
  const conditions = nodeConditions(HEALTHY, ENGINE, new Set(), HARD_THRESHOLDS);
  expect(conditions.map(({ type, status }) => `${type}=${status}`)).toEqual([
    'MemoryPressure=False',
    'DiskPressure=False',
    'PIDPressure=False',
    'ContainerRuntimeUnavailable=False',
    'MemoryLimitsUnavailable=False',
    'StorageWear=False',
    'ReadonlyFilesystem=False',
  ]);
});

it.each([
  {
    type: 'MemoryPressure',
    change: { memoryAvailableBytes: 99 * MIB },
    reason: 'HasInsufficientMemory',
    says: 'memory limits',
  },
  {
    type: 'DiskPressure',
    change: { disks: [DISK, { ...DISK, path: '/full', freeBytes: 1 }] },
    reason: 'HasDiskPressure',
    says: '/full',
  },
  {
    type: 'DiskPressure',
    change: { disks: [{ ...DISK, freeInodes: 49 }] },
    reason: 'HasInodePressure',
    says: 'inodes',
  },
  { type: 'PIDPressure', change: { processes: 32_000 }, reason: 'HasInsufficientPID', says: 'pid_max' },
  {
    type: 'MemoryLimitsUnavailable',
    change: { hasMemoryCgroup: false, commandLineFile: '/boot/firmware/cmdline.txt' },
    reason: 'MemoryCgroupDisabled',
    says: 'add cgroup_enable=memory to the end of the line in /boot/firmware/cmdline.txt and reboot',
  },
  { type: 'UnderVoltage', change: { throttledBits: 0x50005 }, reason: 'SupplyTooWeak', says: 'power supply' },
  {
    type: 'UnderVoltage',
    change: { underVoltageAlarm: true },
    reason: 'SupplyTooWeak',
    says: 'power supply',
  },
  { type: 'Throttled', change: { throttledBits: 0x8 }, reason: 'ProcessorSlowedDown', says: 'cool' },
  {
    type: 'Overheating',
    change: { temperatureMilliCelsius: 85_400 },
    reason: 'TemperatureHigh',
    says: '85 °C',
  },
])('says what is wrong and how to mend it: $type $reason', ({ type, change, reason, says }) => {
  const condition = conditionOf(type, change);
  expect(condition).toMatchObject({ status: 'True', reason });
  expect(condition?.message).toContain(says);
});

it.each([
  {
    name: 'a device too small for 100 MiB',
    type: 'MemoryPressure',
    change: { memoryTotalBytes: 512 * MIB, memoryAvailableBytes: 60 * MIB },
  },
  {
    name: 'a large disk with gigabytes left',
    type: 'DiskPressure',
    change: { disks: [{ ...DISK, totalBytes: 500 * GIB, freeBytes: 2 * GIB }] },
  },
  {
    name: 'a file system without inodes',
    type: 'DiskPressure',
    change: { disks: [{ ...DISK, totalInodes: 0, freeInodes: 0 }] },
  },
  { name: 'a kernel that says nothing', type: 'PIDPressure', change: { processesMax: 0, processes: 0 } },
  { name: 'low voltage long ago', type: 'UnderVoltage', change: { throttledBits: 0x10000 } },
  { name: 'slowed down long ago', type: 'Throttled', change: { throttledBits: 0x40000 } },
])('is not troubled by $name', ({ type, change }) => {
  expect(conditionOf(type, change)).toMatchObject({ status: 'False' });
});

it('judges each by the threshold of its own', () => {
  const strict = (bounds: Partial<Thresholds>) => ({ ...HARD_THRESHOLDS, ...bounds });
  const half = { share: 0.6 };
  const engineDisk = { ...DISK, path: '/docker', role: 'imagefs' as const };
  const disks = { disks: [DISK, engineDisk] };
  const given = (type: string, change: Partial<Vitals>, bounds: Partial<Thresholds>) =>
    conditionOf(type, change, ENGINE, [], strict(bounds));
  expect(given('MemoryPressure', {}, { 'memory.available': half })?.status).toBe('True');
  expect(given('PIDPressure', {}, { 'pid.available': { amount: 32_600 } })?.status).toBe('True');
  expect(given('DiskPressure', disks, { 'imagefs.available': half })?.message).toContain('/docker');
  expect(given('DiskPressure', disks, { 'nodefs.available': half })?.message).toContain('/data');
  expect(given('DiskPressure', disks, { 'nodefs.inodesFree': { share: 0.95 } })?.reason).toBe(
    'HasInodePressure',
  );
  expect(
    given('MemoryPressure', { memoryAvailableBytes: 1 }, { 'memory.available': { amount: 0 } })?.status,
  ).toBe('False');
});

it('tells what was wrong since boot', () => {
  expect(conditionOf('UnderVoltage', { throttledBits: 0x10000 })?.reason).toBe('SinceBoot');
  expect(conditionOf('Throttled', { throttledBits: 0x40000 })?.reason).toBe('SinceBoot');
});

it('lets a pressure end only well above the bound where it began', () => {
  const change = { memoryAvailableBytes: 110 * MIB };
  expect(conditionOf('MemoryPressure', change)?.status).toBe('False');
  expect(conditionOf('MemoryPressure', change, ENGINE, ['MemoryPressure'])?.status).toBe('True');
  expect(
    conditionOf('MemoryPressure', { memoryAvailableBytes: 126 * MIB }, ENGINE, ['MemoryPressure'])?.status,
  ).toBe('False');
});

it('is hot until it has cooled down', () => {
  const change = { temperatureMilliCelsius: 80_000 };
  expect(conditionOf('Overheating', change)?.status).toBe('False');
  expect(conditionOf('Overheating', change, ENGINE, ['Overheating'])?.status).toBe('True');
  expect(conditionOf('Overheating', {})).toBeUndefined();
});

it('passes on what the engine says', () => {
  const down = new RuntimeError('info', 'unreachable', 'no container engine: install Docker');
  expect(conditionOf('ContainerRuntimeUnavailable', {}, down)).toMatchObject({
    status: 'True',
    reason: 'EngineUnreachable',
    message: 'no container engine: install Docker',
  });
  const failing = new RuntimeError('info', 'other', 'x');
  expect(conditionOf('ContainerRuntimeUnavailable', {}, failing)?.reason).toBe('EngineFailing');
  expect(nodeConditions(HEALTHY, undefined, new Set(), HARD_THRESHOLDS)[3]).toMatchObject({
    status: 'Unknown',
    reason: 'NotAsked',
  });
  expect(conditionOf('MemoryLimitsUnavailable', {}, { ...ENGINE, canLimitMemory: false })?.message).toContain(
    'restart it',
  );
});

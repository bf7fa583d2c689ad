import { expect, it } from 'vitest';
import { systemFilesOf } from '../../test/support/system-files.ts';
import {
  cpuMilliBetween,
  NO_CPU_TIMES,
  parseCpuTimes,
  parseMemory,
  readTemperature,
  takeSample,
} from './sample.ts';

const STAT = `cpu  100 20 30 800 50 5 5 0 40 0
cpu0 50 10 15 400 25 2 3 0 20 0
cpu1 50 10 15 400 25 3 2 0 20 0
intr 123
`;

it('counts busy and total time, guests once', () => {
  expect(parseCpuTimes(STAT)).toEqual({ busyTicks: 160, totalTicks: 1010, cores: 2 });
  expect(parseCpuTimes('')).toEqual(NO_CPU_TIMES);
});

it.each([
  { name: 'half of four cores', busy: 50, total: 100, cores: 4, want: 2000 },
  { name: 'nothing', busy: 0, total: 100, cores: 4, want: 0 },
  { name: 'no time passed', busy: 0, total: 0, cores: 4, want: 0 },
  { name: 'idle ran backwards', busy: 101, total: 100, cores: 1, want: 1000 },
  { name: 'busy ran backwards', busy: -1, total: 100, cores: 1, want: 0 },
])('turns ticks into thousandths of a core: $name', ({ busy, total, cores, want }) => {
  const before = { busyTicks: 10, totalTicks: 1000, cores };
  expect(cpuMilliBetween(before, { busyTicks: 10 + busy, totalTicks: 1000 + total, cores })).toBe(want);
});

it('reads total and available memory', () => {
  expect(parseMemory('MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:    600 kB\n')).toEqual({
    totalBytes: 1_024_000,
    availableBytes: 614_400,
  });
});

const zone = (number: number, type: string, temp: string) => ({
  [`/sys/class/thermal/thermal_zone${number}/type`]: type,
  [`/sys/class/thermal/thermal_zone${number}/temp`]: temp,
});

it.each([
  { name: 'a Pi', files: zone(0, 'cpu-thermal\n', '48312\n'), want: 48_312 },
  {
    name: 'a PC',
    files: { ...zone(0, 'acpitz', '27800'), ...zone(1, 'x86_pkg_temp', '51000') },
    want: 51_000,
  },
  {
    name: 'zones that say nothing',
    files: { ...zone(0, 'a', '30000'), ...zone(1, 'b', '35000') },
    want: 35_000,
  },
  { name: 'a sensor that is off', files: zone(0, 'cpu-thermal', '-274000'), want: undefined },
  {
    name: 'a zone that cannot be read',
    files: { '/sys/class/thermal/thermal_zone0/type': 'x' },
    want: undefined,
  },
  { name: 'a virtual machine', files: {}, want: undefined },
])('takes the temperature of the processor: $name', ({ files, want }) => {
  expect(readTemperature(systemFilesOf(files))).toBe(want);
});

it('samples since boot first, then since the sample before', () => {
  const meminfo = 'MemTotal: 1000 kB\nMemAvailable: 250 kB\n';
  const first = takeSample(systemFilesOf({ '/proc/stat': STAT, '/proc/meminfo': meminfo }), NO_CPU_TIMES);
  expect(first.sample).toEqual({ cpuMilli: 317, memoryBytes: 768_000, temperatureMilliCelsius: undefined });
  const later = STAT.replace('cpu  100 20 30 800', 'cpu  150 20 30 850');
  const second = takeSample(systemFilesOf({ '/proc/stat': later, '/proc/meminfo': meminfo }), first.cpuTimes);
  expect(second.sample.cpuMilli).toBe(1000);
});

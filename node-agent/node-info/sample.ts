/** How much of the device is in use, from a few small files of the kernel's; no process is started for it. */
import type { SystemFiles } from './system-files.ts';

export type Sample = {
  /** Thousandths of a core, over all cores, on average since the sample before (the first: since boot). */
  readonly cpuMilli: number;
  /** What could not be given to a new program without swapping. */
  readonly memoryBytes: number;
  readonly temperatureMilliCelsius?: number;
};

/** Counters of /proc/stat since boot, in ticks. */
export type CpuTimes = { readonly busyTicks: number; readonly totalTicks: number; readonly cores: number };

export const NO_CPU_TIMES: CpuTimes = { busyTicks: 0, totalTicks: 0, cores: 0 };

/** Counters from the text of /proc/stat; all zero when it has none. Fields: man 5 proc_stat. */
export function parseCpuTimes(stat: string): CpuTimes {
  const fields = /^cpu +(.*)$/m.exec(stat)?.[1]?.split(' ').map(Number) ?? [];
  // The ninth and tenth, guests' time, are in user and nice already.
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = fields;
  const busyTicks = user + nice + system + irq + softirq + steal;
  return { busyTicks, totalTicks: busyTicks + idle + iowait, cores: stat.match(/^cpu\d+ /gm)?.length ?? 0 };
}

/** Thousandths of a core used between two readings; 0 when no time has passed. */
export function cpuMilliBetween(before: CpuTimes, after: CpuTimes): number {
  const total = after.totalTicks - before.totalTicks;
  // The idle counters may run backwards a little (man 5 proc_stat), so the share is kept within its bounds.
  const share = total > 0 ? (after.busyTicks - before.busyTicks) / total : 0;
  return Math.round(Math.min(1, Math.max(0, share)) * after.cores * 1000);
}

/** Total and available bytes from the text of /proc/meminfo; zero when it does not say. */
export function parseMemory(meminfo: string): {
  readonly totalBytes: number;
  readonly availableBytes: number;
} {
  const bytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s*(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  return { totalBytes: bytes('MemTotal'), availableBytes: bytes('MemAvailable') };
}

/** Of the zone that is the processor's when one says so, else of the hottest; undefined on a device without any. */
export function readTemperature(files: SystemFiles): number | undefined {
  const zones = files
    .list('/sys/class/thermal')
    .filter(name => name.startsWith('thermal_zone'))
    .map(name => ({
      type: files.read(`/sys/class/thermal/${name}/type`) ?? '',
      milliCelsius: Number(files.read(`/sys/class/thermal/${name}/temp`) ?? Number.NaN),
    }))
    // A sensor that is off answers with an error or with absolute zero.
    .filter(({ milliCelsius }) => milliCelsius > -100_000 && milliCelsius < 200_000);
  const ofProcessor = zones.find(({ type }) => /cpu|soc|pkg/i.test(type));
  if (ofProcessor) return Math.round(ofProcessor.milliCelsius);
  return zones.length > 0 ? Math.round(Math.max(...zones.map(zone => zone.milliCelsius))) : undefined;
}

/** One sample, and the counters to hand to the next. */
export function takeSample(files: SystemFiles, before: CpuTimes): { sample: Sample; cpuTimes: CpuTimes } {
  const cpuTimes = parseCpuTimes(files.read('/proc/stat') ?? '');
  const memory = parseMemory(files.read('/proc/meminfo') ?? '');
  const sample = {
    cpuMilli: cpuMilliBetween(before, cpuTimes),
    memoryBytes: Math.max(0, memory.totalBytes - memory.availableBytes),
    temperatureMilliCelsius: readTemperature(files),
  };
  return { sample, cpuTimes };
}

/** What a device runs short of, as Kubernetes node conditions. Pure. `factor` raises a bound where the pressure is there already. */
import { fine, type NodeHealthCondition, trouble } from './condition.ts';
import { boundOf, type Thresholds } from './thresholds.ts';
import type { Disk, Vitals } from './vitals.ts';

export function memoryPressure(vitals: Vitals, thresholds: Thresholds, factor: number): NodeHealthCondition {
  const { memoryTotalBytes, memoryAvailableBytes } = vitals;
  const bound = boundOf(thresholds['memory.available'], memoryTotalBytes);
  if (memoryAvailableBytes >= bound * factor)
    return fine('MemoryPressure', 'HasSufficientMemory', 'enough memory is available');
  return trouble(
    'MemoryPressure',
    'HasInsufficientMemory',
    `${mebibytes(memoryAvailableBytes)} of ${mebibytes(memoryTotalBytes)} memory is available: move pods away or give them memory limits`,
  );
}

export function diskPressure(
  disks: readonly Disk[],
  thresholds: Thresholds,
  factor: number,
): NodeHealthCondition {
  const full = disks.find(disk => {
    const bound = boundOf(thresholds[`${disk.role}.available`], disk.totalBytes);
    return disk.freeBytes < bound * factor;
  });
  if (full)
    return trouble(
      'DiskPressure',
      'HasDiskPressure',
      `${mebibytes(full.freeBytes)} of ${mebibytes(full.totalBytes)} is free at ${full.path}: remove files, or unused images with docker image prune -a`,
    );
  // File systems such as btrfs have no fixed number of inodes and say 0.
  const crowded = disks.find(
    disk =>
      disk.totalInodes > 0 &&
      disk.freeInodes < boundOf(thresholds[`${disk.role}.inodesFree`], disk.totalInodes) * factor,
  );
  if (crowded)
    return trouble(
      'DiskPressure',
      'HasInodePressure',
      `${crowded.freeInodes} of ${crowded.totalInodes} inodes are free at ${crowded.path}: remove files, or unused images with docker image prune -a`,
    );
  return fine('DiskPressure', 'HasNoDiskPressure', 'enough disk space is free');
}

export function pidPressure(
  { processes, processesMax }: Vitals,
  thresholds: Thresholds,
  factor: number,
): NodeHealthCondition {
  const bound = boundOf(thresholds['pid.available'], processesMax);
  if (processesMax === 0 || processesMax - processes >= bound * factor)
    return fine('PIDPressure', 'HasSufficientPID', 'enough process ids are free');
  return trouble(
    'PIDPressure',
    'HasInsufficientPID',
    `${processes} of ${processesMax} process ids are taken: find the program that starts so many, or raise kernel.pid_max`,
  );
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MiB`;
}

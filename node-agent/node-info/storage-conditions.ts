/** What is wrong with the device's storage, as Kubernetes node conditions. Pure. */
import { fine, type NodeHealthCondition, RELIEF_FACTOR, trouble } from './condition.ts';
import type { Store } from './storage.ts';

/** From here on a new one should be bought. */
const LIFE_USED_PERCENT_MAX = 90;
const DAY_SECONDS = 86_400;
/** How often a day a device may be written as a whole: what makers of drives call DWPD, and a card is built for less. */
const WRITES_PER_DAY_MAX = 1;

export type StorageVitals = {
  readonly stores: readonly Store[];
  readonly uptimeSeconds: number;
  /** Folders that should be writable and are not. */
  readonly readOnlyFolders: readonly string[];
};

/** `troubled`: whether it was True the last time. */
export function storageWear(
  { stores, uptimeSeconds }: StorageVitals,
  troubled: boolean,
): NodeHealthCondition {
  const type = 'StorageWear';
  const worn = stores.find(({ lifeUsedPercent = 0 }) => lifeUsedPercent >= LIFE_USED_PERCENT_MAX);
  if (worn)
    return trouble(type, 'LifeNearlyUsed', `${worn.name} has used ${lifeText(worn)} of its life: ${REPLACE}`);
  const spent = stores.find(({ spareUsedPercent }) => spareUsedPercent !== undefined);
  if (spent)
    return trouble(
      type,
      'SpareBlocksNearlyUsed',
      `${spent.name} has used ${spent.spareUsedPercent} % of its spare blocks or more: ${REPLACE}`,
    );
  // What an upgrade writes at once says nothing of a usual day.
  const days = uptimeSeconds / DAY_SECONDS;
  const most = WRITES_PER_DAY_MAX / (troubled ? RELIEF_FACTOR : 1);
  const busy = stores.find(each => days >= 1 && each.writtenBytes / days > each.sizeBytes * most);
  if (busy)
    return trouble(
      type,
      'WrittenTooMuch',
      `${busy.name} is written with ${gibibytes(busy.writtenBytes / days)} a day, more than it holds (${gibibytes(busy.sizeBytes)}), and will not last: find the pod or program that writes so much, and give it an emptyDir with medium Memory, or another disk`,
    );
  const told = stores.filter(({ lifeUsedPercent }) => lifeUsedPercent !== undefined);
  const written = stores.map(each => `; ${each.name}: ${writtenText(each, days)}`).join('');
  if (told.length === 0)
    return fine(type, 'WearNotTold', `the storage does not say how worn it is, as eMMC alone does${written}`);
  const lives = told.map(each => `${each.name} has used ${lifeText(each)} of its life`).join(', ');
  return fine(type, 'LifeLeft', `${lives}${written}`);
}

const REPLACE = 'save what is on it and replace it soon';

function lifeText({ lifeUsedPercent = 0 }: Store): string {
  return lifeUsedPercent > 100 ? 'all' : `up to ${lifeUsedPercent} %`;
}

function writtenText({ writtenBytes }: Store, days: number): string {
  return days >= 1
    ? `${gibibytes(writtenBytes / days)} written a day`
    : `${gibibytes(writtenBytes)} written since boot`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}

/** Type and reasons are those of node-problem-detector. */
export function readonlyFilesystem({ readOnlyFolders }: StorageVitals): NodeHealthCondition {
  const type = 'ReadonlyFilesystem';
  if (readOnlyFolders.length === 0)
    return fine(type, 'FilesystemIsNotReadOnly', 'Filesystem is not read-only');
  return trouble(
    type,
    'FilesystemIsReadOnly',
    `cannot be written: ${readOnlyFolders.join(', ')}; the kernel makes a damaged file system read-only: look for errors in dmesg, reboot to have it checked, and replace the card if it happens again`,
  );
}

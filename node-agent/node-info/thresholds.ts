/** Below what a device is short of something, by the kubelet's eviction signals. Pure. */

/** What the kubelet calls nodefs holds the agent's own folder; imagefs holds the engine's images. */
export type Signal =
  | 'memory.available'
  | 'nodefs.available'
  | 'nodefs.inodesFree'
  | 'imagefs.available'
  | 'imagefs.inodesFree'
  | 'pid.available';

/** The lesser of a number (bytes, or a count) and a share of all that there is, between 0 and 1. */
export type Bound = { readonly amount?: number; readonly share?: number };

export type Thresholds = Readonly<Record<Signal, Bound>>;

/** The kubelet's, but no more of a disk, or of little memory, than a small device can spare. */
const DISK: Bound = { amount: 1024 ** 3, share: 0.1 };
const INODES: Bound = { share: 0.05 };
export const HARD_THRESHOLDS: Thresholds = {
  'memory.available': { amount: 100 * 1024 * 1024, share: 0.1 },
  'nodefs.available': DISK,
  'nodefs.inodesFree': INODES,
  'imagefs.available': DISK,
  'imagefs.inodesFree': INODES,
  'pid.available': { share: 0.1 },
};

/** True for the name of a signal that is looked at. */
export function isSignal(text: string): text is Signal {
  return Object.hasOwn(HARD_THRESHOLDS, text);
}

/** The bound in units of `total`, which is all that there is. */
export function boundOf({ amount, share }: Bound, total: number): number {
  const ofTotal = share === undefined ? Number.POSITIVE_INFINITY : share * total;
  return Math.min(amount ?? Number.POSITIVE_INFINITY, ofTotal);
}

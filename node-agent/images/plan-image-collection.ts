/**
 * Decides which image to remove next to make room. Pure. The kubelet's rules: pkg/kubelet/images/image_gc_manager.go. One
 * image at a time, since images share layers: only the disk tells what a removal has freed.
 */

export type ImageUse = {
  readonly id: string;
  readonly sizeBytes: number;
  /** True for one that a container was made from, that a pod names, or that the agent itself needs. */
  readonly isUsed: boolean;
  /** Monotonic; as long ago as can be for what was there when the agent started. */
  readonly firstSeenAtMs: number;
  readonly lastUsedAtMs: number;
};

export type DiskUsage = { readonly capacityBytes: number; readonly availableBytes: number };

export type GcThresholds = {
  /** Used share of the disk, percent, at which collection begins; 100: never. */
  readonly highPercent: number;
  /** The share at which it ends. */
  readonly lowPercent: number;
  /** An image younger than this is left alone, milliseconds. */
  readonly minAgeMs: number;
};

export type NextCollection =
  | { readonly kind: 'enough' }
  | { readonly kind: 'remove'; readonly id: string; readonly sizeBytes: number }
  /** Too little is free, and no image may go. */
  | { readonly kind: 'stuck'; readonly wantedBytes: number };

/** `isUnderWay`: the high mark was passed and the low one is not reached yet. */
export function nextCollection(
  images: readonly ImageUse[],
  disk: DiskUsage,
  { highPercent, lowPercent, minAgeMs }: GcThresholds,
  { isUnderWay, nowMs }: { readonly isUnderWay: boolean; readonly nowMs: number },
): NextCollection {
  if (highPercent >= 100 || disk.capacityBytes <= 0) return { kind: 'enough' };
  const usedPercent = 100 - Math.floor((disk.availableBytes * 100) / disk.capacityBytes);
  const wantedBytes = Math.ceil((disk.capacityBytes * (100 - lowPercent)) / 100) - disk.availableBytes;
  if (wantedBytes <= 0 || (!isUnderWay && usedPercent < highPercent)) return { kind: 'enough' };
  const oldest = images
    .filter(({ isUsed, firstSeenAtMs }) => !isUsed && nowMs - firstSeenAtMs >= minAgeMs)
    .sort(
      (a, b) =>
        compare(a.lastUsedAtMs, b.lastUsedAtMs) ||
        compare(a.firstSeenAtMs, b.firstSeenAtMs) ||
        (a.id < b.id ? -1 : 1),
    )[0];
  return oldest
    ? { kind: 'remove', id: oldest.id, sizeBytes: oldest.sizeBytes }
    : { kind: 'stuck', wantedBytes };
}

/** Of times that may both be the oldest there is. */
function compare(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

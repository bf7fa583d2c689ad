/**
 * Knows the images on the device: tells the node's status of them, and removes unused ones when the disk gets full. What
 * was used when is remembered, never written: after a restart of the agent all are as old as can be, as in the kubelet.
 */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { EventReport, NodeReport } from '../../shared/protocol/messages.ts';
import { IMAGE_LOOK_INTERVAL_MS, NODE_IMAGE_NAMES_MAX, NODE_IMAGES_MAX } from '../limits.ts';
import { type ContainerRuntime, type LocalImage, RuntimeError } from '../runtime/container-runtime.ts';
import { Waker } from '../sync/waker.ts';
import { fullName } from './image-name.ts';
import { type DiskUsage, type GcThresholds, type ImageUse, nextCollection } from './plan-image-collection.ts';

/** Images that must stay although no container is made from them. */
export type WantedImages = { readonly references: ReadonlySet<string>; readonly ids: ReadonlySet<string> };

export type ImageKeeperDeps = {
  readonly runtime: ContainerRuntime;
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the disk that images lie on; undefined while that is not known. */
  readonly disk: () => Promise<DiskUsage | undefined>;
  /** Undefined while it is not known what the device is to run: nothing is removed then. */
  readonly wanted: () => WantedImages | undefined;
  readonly emit: (event: EventReport) => void;
  readonly onImages: (images: NonNullable<NodeReport['images']>) => void;
};

type Seen = { readonly firstSeenAtMs: number; readonly lastUsedAtMs: number };

export class ImageKeeper {
  private readonly deps: ImageKeeperDeps;
  private readonly thresholds: GcThresholds;
  private readonly waker = new Waker();
  private readonly seen = new Map<string, Seen>();
  private hasLooked = false;
  private failures = 0;

  constructor(deps: ImageKeeperDeps, thresholds: GcThresholds) {
    this.deps = deps;
    this.thresholds = thresholds;
  }

  /** Images came, or there is no room for one: look at once. */
  wake(): void {
    this.waker.wake();
  }

  /** Looks now and then until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look(signal);
      await this.waker.wait(this.deps.clock, IMAGE_LOOK_INTERVAL_MS, signal);
    }
  }

  private async look(signal: AbortSignal): Promise<void> {
    try {
      await this.collect(signal);
      this.failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof RuntimeError)) throw error;
      // An engine that is away is the node's own condition.
      if (error.failure === 'unreachable') return;
      this.failures++;
      this.deps.log.warn({ reason: error.message }, 'image garbage collection failed');
      if (this.failures > 1) {
        const message = `Image garbage collection failed multiple times in a row: ${error.message}`;
        this.deps.emit({ type: 'Warning', reason: 'ImageGCFailed', message });
      }
    }
  }

  private async collect(signal: AbortSignal): Promise<void> {
    const { runtime, disk, wanted, log, onImages } = this.deps;
    let freedBytes = 0;
    for (let isUnderWay = false; ; isUnderWay = true) {
      const named = wanted();
      const images = await runtime.images(signal);
      onImages(nodeImages(images));
      const uses = this.note(images, named);
      const usage = await disk();
      if (!named || !usage) return;
      const nowMs = this.deps.clock.monotonicMs();
      const next = nextCollection(uses, usage, this.thresholds, { isUnderWay, nowMs });
      if (next.kind === 'enough') return;
      if (next.kind === 'stuck') return this.complain(next.wantedBytes + freedBytes, freedBytes);
      const image = images.find(({ id }) => id === next.id);
      if (!image) return;
      if (await this.remove(image, signal)) {
        freedBytes += next.sizeBytes;
        log.info({ image: image.tags[0] ?? image.id, bytes: image.sizeBytes }, 'unused image removed');
      }
    }
  }

  /** False for one that a container was made from meanwhile: it counts as used from now on. */
  private async remove(image: LocalImage, signal: AbortSignal): Promise<boolean> {
    try {
      await this.deps.runtime.removeImage(image, signal);
      return true;
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.failure !== 'conflict') throw error;
      const nowMs = this.deps.clock.monotonicMs();
      this.seen.set(image.id, { firstSeenAtMs: nowMs, lastUsedAtMs: nowMs });
      return false;
    }
  }

  private note(images: readonly LocalImage[], wanted: WantedImages | undefined): readonly ImageUse[] {
    const nowMs = this.deps.clock.monotonicMs();
    const references = new Set([...(wanted?.references ?? [])].map(fullName));
    const ids = new Set(images.map(({ id }) => id));
    for (const id of this.seen.keys()) if (!ids.has(id)) this.seen.delete(id);
    const uses = images.map((image): ImageUse => {
      const isNamed = [...image.tags, ...image.digests].some(name => references.has(fullName(name)));
      const isUsed = image.isUsed || isNamed || (wanted?.ids.has(image.id) ?? false);
      const atFirst = this.hasLooked ? nowMs : Number.NEGATIVE_INFINITY;
      const before = this.seen.get(image.id) ?? { firstSeenAtMs: atFirst, lastUsedAtMs: atFirst };
      const seen = isUsed ? { ...before, lastUsedAtMs: nowMs } : before;
      this.seen.set(image.id, seen);
      return { id: image.id, sizeBytes: image.sizeBytes, isUsed, ...seen };
    });
    this.hasLooked = true;
    return uses;
  }

  private complain(wantedBytes: number, freedBytes: number): void {
    const message = `Failed to garbage collect required amount of images. Attempted to free ${wantedBytes} bytes, but only found ${freedBytes} bytes eligible to free.`;
    this.deps.log.warn({ wantedBytes, freedBytes }, 'no image left to remove');
    this.deps.emit({ type: 'Warning', reason: 'FreeDiskSpaceFailed', message });
  }
}

/** The largest images, as the kubelet tells of them; those without a name are left out. */
function nodeImages(images: readonly LocalImage[]): NonNullable<NodeReport['images']> {
  return [...images]
    .filter(({ tags, digests }) => tags.length + digests.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes || (a.id < b.id ? -1 : 1))
    .slice(0, NODE_IMAGES_MAX)
    .map(({ tags, digests, sizeBytes }) => ({
      names: [...digests, ...tags].slice(0, NODE_IMAGE_NAMES_MAX),
      sizeBytes,
    }));
}

/** Finds out what the planner and the statuses must know of images and ended containers, and notes it in memory. */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { type ContainerRuntime, type RuntimeContainer, RuntimeError } from '../runtime/container-runtime.ts';
import { notePulled, notePullFailure, type SyncMemory } from './memory.ts';
import { readTerminationMessage } from './termination-message.ts';

export type FinderDeps = {
  readonly runtime: Pick<ContainerRuntime, 'image' | 'logs'>;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly log: Pick<Logger, 'warn'>;
  readonly memory: SyncMemory;
  readonly podsFolder: () => string;
};

/** All that it asks of the engine throws RuntimeError `unreachable`, and that alone. */
export class Finder {
  private readonly deps: FinderDeps;

  constructor(deps: FinderDeps) {
    this.deps = deps;
  }

  /** An image that the engine cannot read is as good as absent: a damaged one must not stop pods with other images. */
  async lookForImage(image: string, signal: AbortSignal): Promise<void> {
    const { memory, runtime, clock } = this.deps;
    try {
      const presence = await runtime.image(image, signal);
      memory.images.set(image, presence ?? 'absent');
      if (presence) notePulled(memory, image);
    } catch (error) {
      unlessUnreachable(error);
      memory.images.set(image, 'absent');
      if (!memory.pullFailures.has(image)) notePullFailure(memory, image, error, clock.monotonicMs());
    }
  }

  /** Asks once for each image that a container runs where it came from; of one that cannot be read that stays unknown. */
  async findDigests(containers: readonly RuntimeContainer[], signal: AbortSignal): Promise<void> {
    const { imageDigests } = this.deps.memory;
    for (const { imageId } of containers) {
      if (imageDigests.has(imageId)) continue;
      try {
        imageDigests.set(imageId, (await this.deps.runtime.image(imageId, signal))?.digests ?? []);
      } catch (error) {
        unlessUnreachable(error);
        imageDigests.set(imageId, []);
      }
    }
  }

  /** Reads the termination message of each container that has ended, once. */
  async hearLastWords(
    containers: readonly RuntimeContainer[],
    documentOf: (uid: string) => PodDocument | undefined,
    signal: AbortSignal,
  ): Promise<void> {
    const { runtime, log, memory, podsFolder } = this.deps;
    for (const ended of containers) {
      const document = documentOf(ended.labels.podUid);
      if (ended.state.kind !== 'exited' || memory.lastWords.has(ended.id) || !document) continue;
      try {
        const words = await readTerminationMessage(runtime, ended, document, podsFolder(), signal);
        memory.lastWords.set(ended.id, words);
      } catch (error) {
        if (error instanceof RuntimeError) throw error;
        log.warn({ err: error, container: ended.id }, 'termination message cannot be read');
        memory.lastWords.set(ended.id, '');
      }
    }
  }
}

/** Throws again what the engine being away, or a defect, has thrown. */
function unlessUnreachable(error: unknown): asserts error is RuntimeError {
  if (!(error instanceof RuntimeError) || error.failure === 'unreachable') throw error;
}

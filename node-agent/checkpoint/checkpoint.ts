/** The last desired set on disk, and the one before it: what the device runs after a power cut with no master. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, pause } from '../../shared/clock.ts';
import { errorCode } from '../../shared/error-code.ts';
import { writePrivateFile } from '../../shared/private-file.ts';
import { CHECKPOINT_RETRY_MS } from '../limits.ts';
import { type DesiredSet, emptyDesiredSet } from '../sync/desired-set.ts';
import { checkpointIdentity, decodeCheckpoint, encodeCheckpoint } from './checkpoint-text.ts';

/** `fallback`: the newest file could not be used, and the one before it was, or none. */
export type Loaded = { readonly set: DesiredSet; readonly fallback: 'none' | 'previous' | 'nothing' };

export class Checkpoint {
  private readonly path: string;
  private readonly previousPath: string;
  private readonly log: Logger;
  private written: string | undefined;
  private wanted: DesiredSet | undefined;
  private failed: { readonly set: DesiredSet; readonly error: unknown } | undefined;
  private writing: Promise<void> | undefined;

  constructor(folder: string, log: Logger) {
    this.path = join(folder, 'checkpoint.json');
    this.previousPath = join(folder, 'checkpoint.previous.json');
    this.log = log;
  }

  /** The newest set that can be read whole; an empty one when there is none. */
  async load(): Promise<Loaded> {
    const newest = await readCheckpoint(this.path);
    if (newest.set) {
      this.written = checkpointIdentity(newest.set);
      return { set: newest.set, fallback: 'none' };
    }
    const previous = await readCheckpoint(this.previousPath);
    if (!newest.exists && !previous.exists) return { set: emptyDesiredSet, fallback: 'none' };
    const fallback = previous.set ? 'previous' : 'nothing';
    this.log.warn({ path: this.path, fallback }, 'checkpoint is damaged');
    return { set: previous.set ?? emptyDesiredSet, fallback };
  }

  /**
   * Writes the set if it differs from what is on disk; of sets that come while one is written, only the last is.
   * A failure is kept as `failure`, and tried again by `run` and with the next set: the agent goes on without.
   */
  save(set: DesiredSet): Promise<void> {
    this.wanted = set;
    this.writing ??= this.writeWanted();
    return this.writing;
  }

  /** Why the newest set is not on disk; undefined when it is. */
  get failure(): string | undefined {
    if (!this.failed) return undefined;
    const { error } = this.failed;
    return error instanceof Error ? error.message : String(error);
  }

  /** Tries again what could not be written, until aborted. */
  async run(clock: Clock, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(clock, CHECKPOINT_RETRY_MS, signal);
      if (this.failed && !signal.aborted) await this.save(this.failed.set);
    }
  }

  private async writeWanted(): Promise<void> {
    // Begins after `writing` is set, and clears it in the same turn as it finds nothing more to write: no set falls between.
    await Promise.resolve();
    try {
      for (let set = this.takeWanted(); set !== undefined; set = this.takeWanted()) await this.write(set);
    } finally {
      this.writing = undefined;
    }
  }

  private takeWanted(): DesiredSet | undefined {
    const set = this.wanted;
    this.wanted = undefined;
    return set;
  }

  private async write(set: DesiredSet): Promise<void> {
    const identity = checkpointIdentity(set);
    const text = identity === this.written ? undefined : encodeCheckpoint(set);
    try {
      if (text !== undefined) await writePrivateFile(this.path, text, this.previousPath);
      this.written = identity;
      if (this.failed) this.log.info({ path: this.path }, 'checkpoint written again');
      this.failed = undefined;
    } catch (error) {
      // Said once: a full disk stays full for long.
      if (!this.failed) this.log.error({ err: error, path: this.path }, 'checkpoint could not be written');
      this.failed = { set, error };
    }
  }
}

async function readCheckpoint(
  path: string,
): Promise<{ readonly exists: boolean; readonly set?: DesiredSet }> {
  try {
    return { exists: true, set: decodeCheckpoint(await readFile(path, 'utf8')) };
  } catch (error) {
    return { exists: errorCode(error) !== 'ENOENT' };
  }
}

/** Bounds the history of a store, driven by its writes alone: no timer, so an idle store is not written. */
import type { Logger } from 'pino';
import {
  afterWrites,
  atOpening,
  COMPACTION_LIMITS,
  type CompactionLimits,
  EMPTY_TALLY,
} from './compaction-policy.ts';
import { CompactedError, type Store, type StoreEvent, StoreUnavailableError } from './store.ts';

type Deps = { readonly log: Pick<Logger, 'info' | 'warn'>; readonly limits?: CompactionLimits };

/**
 * Compacts as the policy says until aborted, and then resolves. A medium that refuses is warned of once, and tried again
 * when the next segment of history is full. Rejects when the store fails otherwise.
 */
export async function startCompaction(store: Store, deps: Deps, signal: AbortSignal): Promise<void> {
  const compactor = new Compactor(store, deps);
  while (!signal.aborted) {
    try {
      await compactor.follow(signal);
    } catch (error) {
      // Fell behind another master's compaction: history begins anew.
      if (!(error instanceof CompactedError)) throw error;
    }
  }
}

class Compactor {
  private isRefused = false;

  constructor(
    private readonly store: Store,
    private readonly deps: Deps,
  ) {}

  async follow(signal: AbortSignal): Promise<void> {
    const limits = this.deps.limits ?? COMPACTION_LIMITS;
    const fromRevision = await this.store.revision();
    await this.compact(atOpening(fromRevision, limits));
    let tally = EMPTY_TALLY;
    for await (const events of this.store.watch({ prefix: '', fromRevision }, signal)) {
      const decision = afterWrites(tally, written(events, fromRevision), limits);
      tally = decision.tally;
      await this.compact(decision.compactTo);
    }
  }

  private async compact(revision: number | undefined): Promise<void> {
    if (revision === undefined) return;
    try {
      await this.store.compact(revision);
      if (this.isRefused) this.deps.log.info({ revision }, 'store compacts again');
      this.isRefused = false;
    } catch (err) {
      if (!(err instanceof StoreUnavailableError)) throw err;
      if (!this.isRefused) this.deps.log.warn({ err, revision }, 'store cannot be compacted');
      this.isRefused = true;
    }
  }
}

function written(events: readonly StoreEvent[], fromRevision: number) {
  const chars = events.reduce((sum, event) => sum + (event.kind === 'put' ? event.value.length : 0), 0);
  return { revision: events.at(-1)?.revision ?? fromRevision, revisions: events.length, chars };
}

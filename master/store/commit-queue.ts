/** Group commit: writes that arrive while a commit is under way share the next one, and its one sync. */
import type { StoreEngine, Write, WriteOutcome } from './engine.ts';
import { COMMIT_CHARS_MAX, COMMIT_WRITES_MAX, WAITING_CHARS_MAX, WAITING_WRITES_MAX } from './limits.ts';
import { type StoreEvent, StoreUnavailableError, type WriteResult } from './store.ts';

type Waiting = {
  readonly write: Write;
  readonly resolve: (result: WriteResult) => void;
  readonly reject: (error: unknown) => void;
};

type Ports = {
  readonly engine: Pick<StoreEngine, 'apply'>;
  /** Hears the accepted writes of a commit once they are durable, before their writers do. Never called with none. */
  readonly onCommit: (events: readonly StoreEvent[]) => void;
};

/** One commit is under way at a time; writes are applied in the order in which they came. */
export class CommitQueue {
  private waiting: Waiting[] = [];
  private waitingChars = 0;
  private running: Promise<void> | undefined;

  constructor(private readonly ports: Ports) {}

  /** Resolves once the write is durable or refused by its comparison. Throws StoreUnavailableError. */
  submit(write: Write): Promise<WriteResult> {
    if (this.waiting.length >= WAITING_WRITES_MAX || this.waitingChars >= WAITING_CHARS_MAX) {
      const count = this.waiting.length;
      return Promise.reject(new StoreUnavailableError(`${count} writes are waiting for the medium already`));
    }
    return new Promise((resolve, reject) => {
      this.waiting.push({ write, resolve, reject });
      this.waitingChars += chars(write);
      this.running ??= this.run();
    });
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    // One turn, so that writes made together are committed together.
    await Promise.resolve();
    while (this.waiting.length > 0) await this.commit(this.takeBatch());
    this.running = undefined;
  }

  private takeBatch(): readonly Waiting[] {
    let count = 0;
    let batchChars = 0;
    for (const { write } of this.waiting) {
      if (count >= COMMIT_WRITES_MAX || (count > 0 && batchChars + chars(write) > COMMIT_CHARS_MAX)) break;
      batchChars += chars(write);
      count++;
    }
    this.waitingChars -= batchChars;
    return this.waiting.splice(0, count);
  }

  private async commit(batch: readonly Waiting[]): Promise<void> {
    let outcomes: readonly WriteOutcome[];
    try {
      outcomes = await this.ports.engine.apply(batch.map(({ write }) => write));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    const settled = batch.flatMap((waiting, index) => {
      const outcome = outcomes[index];
      return outcome ? [{ ...waiting, outcome }] : [];
    });
    const events = settled.flatMap(({ write, outcome }) => asEvents(write, outcome));
    if (events.length > 0) this.ports.onCommit(events);
    for (const { resolve, outcome } of settled) resolve(asResult(outcome));
  }
}

function chars(write: Write): number {
  return write.key.length + (write.kind === 'put' ? write.value.length : 0);
}

function asResult(outcome: WriteOutcome): WriteResult {
  return outcome.ok ? { ok: true, revision: outcome.revision } : { ok: false, current: outcome.current };
}

function asEvents(write: Write, outcome: WriteOutcome): readonly StoreEvent[] {
  if (!outcome.ok) return [];
  const { revision, previous } = outcome;
  const { key } = write;
  if (write.kind === 'put') return [{ kind: 'put', key, value: write.value, revision, previous }];
  return previous ? [{ kind: 'delete', key, revision, previous }] : [];
}

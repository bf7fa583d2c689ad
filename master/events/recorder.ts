/**
 * Writes events, best effort: aggregated, bounded, behind the caller's back. It keeps no memory of its own of what was
 * written; the event's name says whether the view has it already.
 */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import { type Outcome, WorkQueue } from '../watch/work-queue.ts';
import { eventRefOf, newEvent, type Occurrence, repeatedEvent } from './event.ts';
import { CONCURRENT_EVENT_WRITES, EVENT_BACKOFF, MAX_EVENT_TRIES, MAX_PENDING_EVENTS } from './limits.ts';

export type EventRecorderDeps = {
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
};

type Pending = { readonly occurrence: Occurrence; times: number; tries: number };

export class EventRecorder {
  private readonly deps: EventRecorderDeps;
  private readonly pending = new Map<string, Pending>();
  private readonly queue: WorkQueue;
  private isDropping = false;

  constructor(deps: EventRecorderDeps) {
    this.deps = deps;
    this.queue = new WorkQueue({
      clock: deps.clock,
      random: deps.random,
      concurrency: CONCURRENT_EVENT_WRITES,
      work: (key, signal) => this.write(key, signal),
    });
  }

  /** Notes an occurrence; never waits and never throws. Dropped when too many wait already. */
  record(occurrence: Occurrence): void {
    const ref = eventRefOf(occurrence);
    const key = `${ref.namespace}/${ref.name}`;
    const known = this.pending.get(key);
    if (known === undefined && this.pending.size >= MAX_PENDING_EVENTS) {
      this.tellDropped(occurrence);
      return;
    }
    this.isDropping = false;
    if (known === undefined) this.pending.set(key, { occurrence, times: 1, tries: 0 });
    else known.times++;
    this.queue.add(key);
  }

  /** Writes until aborted; what waits then is lost. */
  run(signal: AbortSignal): Promise<void> {
    return this.queue.run(signal);
  }

  private tellDropped({ reason }: Occurrence): void {
    if (!this.isDropping) this.deps.logger.warn({ reason }, 'too many events wait, dropping some');
    this.isDropping = true;
  }

  private async write(key: string, signal: AbortSignal): Promise<Outcome> {
    const pending = this.pending.get(key);
    if (pending === undefined) return { kind: 'done' };
    this.pending.delete(key);
    const { occurrence, times } = pending;
    try {
      const written = await this.put(occurrence, times);
      await this.deps.view.waitFor(Number(written.metadata.resourceVersion), signal);
      return { kind: 'done' };
    } catch (error) {
      if (signal.aborted) return { kind: 'done' };
      return this.giveUpOrRetry(key, pending, error);
    }
  }

  private put(occurrence: Occurrence, times: number) {
    const { view, registry, clock } = this.deps;
    const existing = view.get('Event', eventRefOf(occurrence));
    return existing === undefined
      ? registry.create('Event', newEvent(occurrence, times, clock.nowMs()))
      : registry.update('Event', repeatedEvent(existing, times, clock.nowMs()));
  }

  private giveUpOrRetry(key: string, failed: Pending, error: unknown): Outcome {
    const tries = failed.tries + 1;
    const isRefused =
      error instanceof ApiError && (error.reason === 'Forbidden' || error.reason === 'Invalid');
    if (isRefused || tries >= MAX_EVENT_TRIES) {
      const { reason, about } = failed.occurrence;
      this.deps.logger.debug({ err: error, reason, subject: about.name }, 'event given up');
      return { kind: 'done' };
    }
    const since = this.pending.get(key)?.times ?? 0;
    this.pending.set(key, { occurrence: failed.occurrence, times: failed.times + since, tries });
    return { kind: 'retry', backoff: EVENT_BACKOFF };
  }
}

/** The agent's pulse: one small message per interval while there is a link, on a timer of its own. Never kept, never written. */
import { type Clock, pause } from '../../shared/clock.ts';
import type { Heartbeat, Usage } from '../../shared/protocol/messages.ts';
import { type SentUsage, usageNews } from './usage-step.ts';

export type HeartbeatDeps = {
  readonly clock: Clock;
  readonly epoch: string;
  readonly intervalMs: number;
  readonly isOnline: () => boolean;
  /** The last sample; undefined before the first. */
  readonly usage: () => Usage | undefined;
  /** Hands it to the socket; a loss is of no matter, the next follows. */
  readonly send: (payload: string) => void;
};

export class Heartbeats {
  private readonly deps: HeartbeatDeps;
  private sequence = 0;
  private sent: SentUsage | undefined;

  constructor(deps: HeartbeatDeps) {
    this.deps = deps;
  }

  /** Beats at once and says the usage again: the master that listens now may not have heard it. */
  online(): void {
    this.sent = undefined;
    this.beat();
  }

  /** Beats until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, intervalMs } = this.deps;
    let dueMs = clock.monotonicMs();
    while (!signal.aborted) {
      this.beat();
      // From the due time, not from now: a late beat must not make all later ones late.
      dueMs = Math.max(dueMs + intervalMs, clock.monotonicMs());
      await pause(clock, dueMs - clock.monotonicMs(), signal);
    }
  }

  private beat(): void {
    const { clock, epoch, isOnline, send } = this.deps;
    if (!isOnline()) return;
    const usage = this.deps.usage();
    const nowMs = clock.monotonicMs();
    const said = usage && usageNews(this.sent, usage, nowMs);
    if (said) this.sent = said.sent;
    const heartbeat: Heartbeat = { epoch, sequence: this.sequence++, usage: said?.news };
    send(JSON.stringify(heartbeat));
  }
}

/** Asks the master for what it has not sent: documents that the index names, and tokens of pods. Again and again until it is there. */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import { MAX_REQUESTED_DOCUMENTS, MAX_REQUESTED_TOKENS } from '../../shared/protocol/limits.ts';
import type { Request, TokenRequest } from '../../shared/protocol/messages.ts';
import { REQUEST_RETRY_MS, TOKEN_CHECK_MS } from '../limits.ts';
import { Waker } from '../sync/waker.ts';

export type RequestsDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly epoch: string;
  readonly isOnline: () => boolean;
  /** What is missing now. */
  readonly documents: () => readonly string[];
  readonly tokens: () => readonly TokenRequest[];
  readonly send: (payload: string) => Promise<void>;
};

export class Requests {
  private readonly deps: RequestsDeps;
  private readonly waker = new Waker();
  /** Tokens by request: when they were asked for last. */
  private asked = new Map<string, number>();

  constructor(deps: RequestsDeps) {
    this.deps = deps;
  }

  /** Something may be missing, or the link is up. */
  wake(): void {
    this.waker.wake();
  }

  /** Asks until aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log, epoch } = this.deps;
    let waitMs = REQUEST_RETRY_MS;
    while (!signal.aborted) {
      await this.waker.wait(clock, waitMs, signal);
      const documents = this.deps.documents().slice(0, MAX_REQUESTED_DOCUMENTS);
      const missingTokens = this.deps.tokens();
      waitMs = documents.length + missingTokens.length > 0 ? REQUEST_RETRY_MS : TOKEN_CHECK_MS;
      if (!this.deps.isOnline()) continue;
      const tokens = this.notJustAsked(missingTokens);
      if (documents.length + tokens.length === 0) continue;
      const request: Request = { epoch, documents, ...(tokens.length > 0 && { tokens: [...tokens] }) };
      await this.deps
        .send(JSON.stringify(request))
        .catch((error: unknown) => log.debug({ err: error }, 'request not sent'));
    }
  }

  /** Many pods may come one after the other, and each wakes: an answer that is on its way is not asked for again. */
  private notJustAsked(missing: readonly TokenRequest[]): readonly TokenRequest[] {
    const nowMs = this.deps.clock.monotonicMs();
    const recent = [...this.asked].filter(([, atMs]) => nowMs - atMs < REQUEST_RETRY_MS);
    this.asked = new Map(recent);
    const tokens = missing
      .filter(request => !this.asked.has(JSON.stringify(request)))
      .slice(0, MAX_REQUESTED_TOKENS);
    for (const request of tokens) this.asked.set(JSON.stringify(request), nowMs);
    return tokens;
  }
}

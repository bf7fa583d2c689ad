/**
 * The service account tokens of this node's pods: which are missing or old, those that came, and waiting for them. They are
 * kept in memory alone, in the agent's folder there too, so that an agent that starts again still has them.
 */
import { join } from 'node:path';
import type { Logger } from 'pino';
import * as v from 'valibot';
import type { Clock } from '../../shared/clock.ts';
import { parseJson } from '../../shared/parse-json.ts';
import { readIfThere, writePrivateFile } from '../../shared/private-file.ts';
import type { IssuedToken, PodDocument, TokenRequest } from '../../shared/protocol/messages.ts';
import { TOKEN_AGE_MS_MAX, TOKEN_LINK_WAIT_MS, TOKEN_RETRY_MS, TOKEN_WAIT_MS } from '../limits.ts';
import { tokenRequestsOf } from './token-requests.ts';

/** Times are of the device's clock: one that was set since makes a token old, no more. */
const HeldSchema = v.object({ token: v.string(), gotAtMs: v.number(), validMs: v.number() });
type Held = v.InferOutput<typeof HeldSchema>;
const FileSchema = v.array(v.tuple([v.string(), HeldSchema]));

/** Part of its life after which a token is replaced, as the kubelet does. */
const FRESH_SHARE = 0.8;

export type PodTokensDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of the agent alone, in memory. */
  readonly folder: string;
  readonly isOnline: () => boolean;
};

export class PodTokens {
  private readonly deps: PodTokensDeps;
  private readonly path: string;
  private held = new Map<string, Held>();
  /** By request: until when a refusal holds, by the monotonic clock. */
  private readonly refused = new Map<string, number>();
  private readonly waiting = new Set<() => void>();
  private readonly startedAtMs: number;
  private saving: Promise<void> = Promise.resolve();

  constructor(deps: PodTokensDeps) {
    this.deps = deps;
    this.path = join(deps.folder, 'tokens.json');
    this.startedAtMs = deps.clock.monotonicMs();
  }

  /** Reads what the process before has left. */
  async load(): Promise<void> {
    const kept = v.safeParse(FileSchema, parseJson((await readIfThere(this.path)) ?? '[]'));
    if (kept.success) this.held = new Map(kept.output);
  }

  /** The token that was issued for this request, however old: an old one is better than none. */
  tokenOf(request: TokenRequest): string | undefined {
    return this.held.get(keyOf(request))?.token;
  }

  /** What must be asked for now; forgets the tokens of all other pods. */
  due(documents: readonly PodDocument[]): readonly TokenRequest[] {
    const wanted = new Map(documents.flatMap(tokenRequestsOf).map(request => [keyOf(request), request]));
    for (const map of [this.held, this.refused])
      for (const key of map.keys()) if (!wanted.has(key)) map.delete(key);
    return [...wanted].flatMap(([key, request]) =>
      this.isFresh(key) || this.isRefused(key) ? [] : [request],
    );
  }

  /** Takes what the master answered; answers the pods whose tokens have changed, and what was refused for the first time. */
  accept(answers: readonly IssuedToken[]): {
    readonly changed: ReadonlySet<string>;
    readonly refused: readonly IssuedToken[];
  } {
    const changed = new Set<string>();
    const refused: IssuedToken[] = [];
    for (const answer of answers) {
      const key = keyOf(answer);
      const { token, validSeconds = 0 } = answer;
      if (token === undefined) {
        if (!this.refused.has(key)) refused.push(answer);
        this.refused.set(key, this.deps.clock.monotonicMs() + TOKEN_RETRY_MS);
      } else {
        this.refused.delete(key);
        this.held.set(key, { token, gotAtMs: this.deps.clock.nowMs(), validMs: validSeconds * 1000 });
        changed.add(answer.podUid);
      }
    }
    this.wake();
    if (changed.size > 0) this.saving = this.saving.then(() => this.save());
    return { changed, refused };
  }

  /** Something that `ready` waits for may have changed: the link, or a token. */
  wake(): void {
    for (const resolve of [...this.waiting]) resolve();
  }

  /**
   * Resolves when the pod has its tokens, and at the latest after a while: at once with no master, since a device must start
   * its pods without one; but a device that starts gives its link a moment.
   */
  async ready(document: PodDocument, signal: AbortSignal): Promise<void> {
    const { clock, isOnline } = this.deps;
    const keys = tokenRequestsOf(document).map(keyOf);
    const untilMs = clock.monotonicMs() + TOKEN_WAIT_MS;
    for (;;) {
      if (keys.every(key => this.held.has(key) || this.isRefused(key))) return;
      const leftMs = (isOnline() ? untilMs : this.startedAtMs + TOKEN_LINK_WAIT_MS) - clock.monotonicMs();
      if (leftMs <= 0) return;
      await this.woken(leftMs, signal);
      signal.throwIfAborted();
    }
  }

  private woken(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        cancel();
        this.waiting.delete(done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const cancel = this.deps.clock.after(ms, done);
      this.waiting.add(done);
      signal.addEventListener('abort', done);
    });
  }

  private isFresh(key: string): boolean {
    const held = this.held.get(key);
    if (!held) return false;
    const ageMs = this.deps.clock.nowMs() - held.gotAtMs;
    return ageMs >= 0 && ageMs < Math.min(held.validMs * FRESH_SHARE, TOKEN_AGE_MS_MAX);
  }

  private isRefused(key: string): boolean {
    return (this.refused.get(key) ?? 0) > this.deps.clock.monotonicMs();
  }

  private async save(): Promise<void> {
    try {
      await writePrivateFile(this.path, JSON.stringify([...this.held]));
    } catch (error) {
      this.deps.log.warn({ err: error, path: this.path }, 'tokens not kept');
    }
  }
}

function keyOf({ podUid, audience, expirationSeconds }: TokenRequest): string {
  return JSON.stringify([podUid, audience, expirationSeconds]);
}

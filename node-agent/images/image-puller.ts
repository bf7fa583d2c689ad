/**
 * Pulls images, so many at a time and no more: on an SD card and a thin link two pulls side by side both take longer than
 * one after the other. Knows nothing of pods: whoever wants an image on the device early may ask for it here.
 */
import type { Clock } from '../../shared/clock.ts';
import {
  type ContainerRuntime,
  type ImagePresence,
  type RegistryCredentials,
  RuntimeError,
  type RuntimeFailure,
} from '../runtime/container-runtime.ts';

export type PullResult = {
  /** Undefined when it was removed again at once. */
  readonly presence: ImagePresence | undefined;
  readonly pullMs: number;
  /** The same with the wait for its turn. */
  readonly totalMs: number;
};

/** Failures that other credentials may mend. */
const OF_CREDENTIALS: ReadonlySet<RuntimeFailure> = new Set([
  'image-unauthorized',
  'image-not-found',
  'other',
]);

export class ImagePuller {
  private readonly deps: { readonly runtime: ContainerRuntime; readonly clock: Clock };
  private free: number;
  /** Those that wait for their turn, oldest first. Bounded by who asks: one pull for each image of the device's pods. */
  private readonly waiting: (() => void)[] = [];

  constructor(
    deps: { readonly runtime: ContainerRuntime; readonly clock: Clock },
    options: { readonly parallel: number },
  ) {
    this.deps = deps;
    this.free = options.parallel;
  }

  /**
   * Waits its turn and pulls with each of the credentials until one is good; anonymously when there are none. Throws
   * RuntimeError with all that was said, or the signal's reason.
   */
  async pull(
    reference: string,
    credentials: readonly RegistryCredentials[],
    signal: AbortSignal,
  ): Promise<PullResult> {
    const { runtime, clock } = this.deps;
    const askedAtMs = clock.monotonicMs();
    await this.takeTurn(signal);
    try {
      const startedAtMs = clock.monotonicMs();
      await this.pullWithAny(reference, credentials, signal);
      const endedAtMs = clock.monotonicMs();
      const presence = await runtime.image(reference, signal);
      return { presence, pullMs: endedAtMs - startedAtMs, totalMs: endedAtMs - askedAtMs };
    } finally {
      this.passTurn();
    }
  }

  private async pullWithAny(
    reference: string,
    credentials: readonly RegistryCredentials[],
    signal: AbortSignal,
  ): Promise<void> {
    const failures: RuntimeError[] = [];
    for (const each of credentials.length === 0 ? [undefined] : credentials) {
      try {
        await this.deps.runtime.pull(reference, { credentials: each, signal });
        return;
      } catch (error) {
        if (!(error instanceof RuntimeError) || !OF_CREDENTIALS.has(error.failure)) throw error;
        failures.push(error);
      }
    }
    const [first] = failures;
    if (first === undefined || failures.length === 1) throw first;
    const said = [...new Set(failures.map(({ message }) => message))];
    throw new RuntimeError('pull', first.failure, said.length === 1 ? first.message : `[${said.join(', ')}]`);
  }

  private takeTurn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.free > 0) {
      this.free--;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const onTurn = () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = () => {
        this.waiting.splice(this.waiting.indexOf(onTurn), 1);
        reject(signal.reason);
      };
      this.waiting.push(onTurn);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  private passTurn(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free++;
  }
}

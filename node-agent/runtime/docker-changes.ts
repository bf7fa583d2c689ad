/** Follows the engine's events for as long as the agent lives, through every restart of the engine. */
import { type BackoffPolicy, backoffDelayMs } from '../../shared/backoff.ts';
import type { Clock } from '../../shared/clock.ts';
import type { DockerConnection } from './docker-connection.ts';
import { type ContainerOwner, ownerFilter } from './docker-labels.ts';
import { Hints } from './hints.ts';

/** `exec_*` and `top` are left out: they change nothing that a list shows, and probes would cause a storm of them. */
const EVENTS = [
  'create',
  'start',
  'die',
  'oom',
  'pause',
  'unpause',
  'destroy',
  // Podman's words for two of them.
  'died',
  'remove',
];

export type ChangesDeps = {
  readonly connection: DockerConnection;
  readonly clock: Clock;
  readonly random: () => number;
  readonly backoff: BackoffPolicy;
};

/** One hint once connected (so that nothing between two connections is missed), then one per burst of events. Ends on abort. */
export async function* dockerChanges(
  deps: ChangesDeps,
  owner: ContainerOwner,
  signal: AbortSignal,
): AsyncGenerator<void, void, void> {
  const hints = new Hints();
  const stopped = new AbortController();
  const onAbort = () => stopped.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  const following = followForever(deps, owner, hints, stopped.signal).finally(onAbort);
  // Awaited below; this only keeps a rejection from counting as unhandled until then.
  following.catch(() => undefined);
  try {
    yield* hints.read(stopped.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
    onAbort();
    await following;
  }
}

async function followForever(
  deps: ChangesDeps,
  owner: ContainerOwner,
  hints: Hints,
  signal: AbortSignal,
): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    try {
      await followOnce(deps, owner, hints, signal, () => {
        attempt = 0;
      });
      await deps.clock.sleep(backoffDelayMs(deps.backoff, attempt++, deps.random()), signal);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }
}

/** Listens until the stream ends. An engine that is away is what this loop is for, so only its refusal is thrown. */
async function followOnce(
  { connection, clock }: ChangesDeps,
  owner: ContainerOwner,
  hints: Hints,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<void> {
  const filters = JSON.stringify({ type: ['container'], label: ownerFilter(owner), event: EVENTS });
  // The engine answers a moment before it listens; `since` makes it repeat what fell between.
  const query = { since: Math.floor(clock.nowMs() / 1000), filters };
  try {
    const request = { operation: 'changes', method: 'GET', path: '/events', query } as const;
    const events = await connection.open(request, signal);
    onConnected();
    hints.hint();
    for await (const _ of events) hints.hint();
  } catch (error) {
    const failure = connection.failureOf('changes', error);
    if (!signal.aborted && failure.failure === 'invalid') throw failure;
  }
}

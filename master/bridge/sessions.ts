/**
 * Which process of an agent speaks for a node. Pure: a state, an event, the next state and what follows from it.
 * One epoch is served at a time; another one that lives beside it is a cloned device. See PROTOCOL.md, "Sessions".
 */
import { assertNever } from '../../shared/assert-never.ts';

/** An epoch that speaks while another one is served. */
type Rival = {
  readonly epoch: string;
  readonly connection: string;
  readonly sinceMs: number;
  readonly heardMs: number;
  /** True once both were heard for longer than a process needs to die: these are two devices. */
  readonly isClone: boolean;
};

export type Sessions = {
  /** The one that is served. */
  readonly holder: { readonly epoch: string; readonly connection: string } | undefined;
  /** In the order in which they came. */
  readonly rivals: readonly Rival[];
  /** Open connections, oldest first, each with the epoch that it spoke for. */
  readonly connections: ReadonlyMap<string, string | undefined>;
};

export const NO_SESSIONS: Sessions = { holder: undefined, rivals: [], connections: new Map() };

/** Times are of the awake clock. */
export type SessionEvent =
  | { readonly kind: 'connected'; readonly connection: string }
  | { readonly kind: 'gone'; readonly connection: string }
  /** Said once subscribed: serve me. */
  | { readonly kind: 'online'; readonly connection: string; readonly epoch: string; readonly nowMs: number }
  | { readonly kind: 'offline'; readonly connection: string; readonly epoch: string }
  /** Any message that carries its epoch. */
  | { readonly kind: 'heard'; readonly connection: string; readonly epoch: string; readonly nowMs: number }
  /** The detector gave the holder up. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'tick'; readonly nowMs: number };

export type SessionEffect =
  /** Serve this from its start: it may have missed anything. */
  | { readonly kind: 'served'; readonly epoch: string; readonly connection: string }
  | { readonly kind: 'lost'; readonly epoch: string; readonly reason: 'offline' | 'closed' | 'silent' }
  /** The same process has a newer connection: this one is of no use any more. */
  | { readonly kind: 'superseded'; readonly connection: string };

/** A dying process's last packets may still be on their way; after this time they are not. */
const CLONE_AFTER_MS = 1500;
/** A rival that fell silent so long ago is no rival any more. */
const RIVAL_EXPIRES_AFTER_MS = 10_000;

type Step = { readonly state: Sessions; readonly effects: readonly SessionEffect[] };

export function nextSessions(state: Sessions, event: SessionEvent): Step {
  switch (event.kind) {
    case 'connected':
      return {
        state: { ...state, connections: connectionsWith(state, event.connection, undefined) },
        effects: [],
      };
    case 'gone':
      return afterGone(state, event.connection);
    case 'online':
      return afterOnline(state, event);
    case 'offline':
      return afterOffline(state, event);
    case 'heard':
      return afterHeard(state, event);
    case 'silent':
      return giveUpHolder(state, 'silent');
    case 'tick':
      return {
        state: {
          ...state,
          rivals: state.rivals.filter(rival => event.nowMs - rival.heardMs <= RIVAL_EXPIRES_AFTER_MS),
        },
        effects: [],
      };
    default:
      return assertNever(event, 'session event');
  }
}

/** True while two devices live under this node's name. */
export function hasClone(state: Sessions): boolean {
  return state.rivals.some(rival => rival.isClone);
}

type Spoken = { readonly connection: string; readonly epoch: string; readonly nowMs: number };

function afterOnline(before: Sessions, event: Spoken): Step {
  if (!before.connections.has(event.connection)) return { state: before, effects: [] };
  const state = { ...before, connections: connectionsWith(before, event.connection, event.epoch) };
  const { holder } = state;
  if (holder === undefined) return serve(state, event);
  if (holder.epoch !== event.epoch) return { state: withRival(state, event), effects: [] };
  const served = serve(state, event);
  if (holder.connection === event.connection) return served;
  return { ...served, effects: [{ kind: 'superseded', connection: holder.connection }, ...served.effects] };
}

function afterHeard(before: Sessions, event: Spoken): Step {
  // A message may come out of the broker after its connection closed; it speaks for nobody.
  if (!before.connections.has(event.connection)) return { state: before, effects: [] };
  const state = { ...before, connections: connectionsWith(before, event.connection, event.epoch) };
  const { holder } = state;
  // A node that was given up for silent does not know it, and need not say online again.
  if (holder === undefined) return serve(state, event);
  if (holder.epoch !== event.epoch) return { state: withRival(state, event), effects: [] };
  const isOld = (rival: Rival) =>
    event.nowMs - rival.sinceMs >= CLONE_AFTER_MS && rival.heardMs - rival.sinceMs >= CLONE_AFTER_MS / 2;
  const rivals = state.rivals.map(rival => (isOld(rival) ? { ...rival, isClone: true } : rival));
  return { state: { ...state, rivals }, effects: [] };
}

function afterOffline(state: Sessions, event: { readonly connection: string; readonly epoch: string }): Step {
  const { holder } = state;
  if (holder?.epoch === event.epoch && holder.connection === event.connection) {
    return giveUpHolder(state, 'offline');
  }
  return { state: withoutRivals(state, rival => rival.connection === event.connection), effects: [] };
}

function afterGone(before: Sessions, connection: string): Step {
  const connections = new Map(before.connections);
  connections.delete(connection);
  const state = withoutRivals({ ...before, connections }, rival => rival.connection === connection);
  const { holder } = state;
  if (holder?.connection !== connection) return { state, effects: [] };
  const newer = [...connections].findLast(([, epoch]) => epoch === holder.epoch)?.[0];
  if (newer !== undefined) return serve(state, { epoch: holder.epoch, connection: newer });
  return giveUpHolder(state, 'closed');
}

function giveUpHolder(state: Sessions, reason: 'offline' | 'closed' | 'silent'): Step {
  if (state.holder === undefined) return { state, effects: [] };
  const lost = { kind: 'lost', epoch: state.holder.epoch, reason } as const;
  const free = { ...state, holder: undefined };
  const [next] = state.rivals;
  if (next === undefined) return { state: free, effects: [lost] };
  const served = serve(free, next);
  return { ...served, effects: [lost, ...served.effects] };
}

function serve(state: Sessions, who: { readonly epoch: string; readonly connection: string }): Step {
  const holder = { epoch: who.epoch, connection: who.connection };
  return {
    state: { ...withoutRivals(state, rival => rival.epoch === who.epoch), holder },
    effects: [{ kind: 'served', ...holder }],
  };
}

function withRival(state: Sessions, event: Spoken): Sessions {
  const known = state.rivals.find(rival => rival.epoch === event.epoch);
  const rival: Rival = {
    sinceMs: event.nowMs,
    isClone: false,
    ...known,
    epoch: event.epoch,
    connection: event.connection,
    heardMs: event.nowMs,
  };
  const others = state.rivals.filter(other => other.epoch !== event.epoch);
  return { ...state, rivals: [...others, rival].sort((a, b) => a.sinceMs - b.sinceMs) };
}

function withoutRivals(state: Sessions, isOut: (rival: Rival) => boolean): Sessions {
  return { ...state, rivals: state.rivals.filter(rival => !isOut(rival)) };
}

function connectionsWith(
  state: Sessions,
  connection: string,
  epoch: string | undefined,
): Map<string, string | undefined> {
  return new Map(state.connections).set(connection, epoch);
}

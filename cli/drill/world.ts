/** Nodes and pods as the API shows them, live, and waiting for them to come to a state. */
import type { Clock } from '../../shared/clock.ts';
import type { ApiClient } from '../connection/api-client.ts';
import { followObjects, type Picture } from '../follow.ts';
import { type JsonObject, textAt } from '../json.ts';
import { NODE, POD } from '../kinds/builtin.ts';

export type World = { readonly nodes: readonly JsonObject[]; readonly pods: readonly JsonObject[] };

export interface LiveWorld {
  now(): World;
  /** Resolves with the time (monotonic, ms) at which `isSo` was first seen to be true; rejects when `signal` aborts or the API is lost. */
  until(isSo: (world: World) => boolean, signal: AbortSignal): Promise<number>;
}

type Waiter = { check(): void; fail(error: unknown): void };

/** Resolves once both lists have been read; goes on until `signal` aborts. */
export async function openWorld(api: ApiClient, clock: Clock, signal: AbortSignal): Promise<LiveWorld> {
  const waiters = new Set<Waiter>();
  let nodes: Picture | undefined;
  let pods: Picture | undefined;
  let failure: { readonly error: unknown } | undefined;
  const wake = () => {
    for (const waiter of [...waiters]) waiter.check();
  };
  const follow = async (kind: typeof NODE, keep: (picture: Picture) => void) => {
    for await (const picture of followObjects({ api, clock, signal }, kind, {})) {
      keep(picture);
      wake();
    }
  };
  const fail = (error: unknown) => {
    failure = { error };
    for (const waiter of [...waiters]) waiter.fail(error);
  };
  follow(NODE, picture => {
    nodes = picture;
  }).catch(fail);
  follow(POD, picture => {
    pods = picture;
  }).catch(fail);
  const live: LiveWorld = {
    now: () => ({ nodes: [...(nodes?.values() ?? [])], pods: [...(pods?.values() ?? [])] }),
    until(isSo, waitSignal) {
      return new Promise((resolve, reject) => {
        const settle = (act: () => void) => {
          waiters.delete(waiter);
          waitSignal.removeEventListener('abort', onAbort);
          act();
        };
        const waiter: Waiter = {
          check: () => {
            if (nodes !== undefined && pods !== undefined && isSo(live.now()))
              settle(() => resolve(clock.monotonicMs()));
          },
          fail: error => settle(() => reject(error)),
        };
        const onAbort = () => waiter.fail(waitSignal.reason);
        waitSignal.addEventListener('abort', onAbort, { once: true });
        waiters.add(waiter);
        if (waitSignal.aborted) onAbort();
        else if (failure !== undefined) waiter.fail(failure.error);
        else waiter.check();
      });
    },
  };
  await live.until(() => true, signal);
  return live;
}

/** The node of a name. */
export function nodeNamed(world: World, name: string): JsonObject | undefined {
  return world.nodes.find(node => textAt(node, 'metadata', 'name') === name);
}

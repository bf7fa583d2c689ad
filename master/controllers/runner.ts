/**
 * Runs one controller: a change of the view wakes keys, each key is planned alone, its plan is carried out, and it is
 * planned again only once the view shows what was written for it.
 */

import type { Logger } from 'pino';
import { InvariantError } from '../../shared/assert-never.ts';
import type { Clock } from '../../shared/clock.ts';
import { nameSuffix } from '../../shared/kubernetes/name-suffix.ts';
import type { KindMap, KindName, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { refOf } from '../../shared/kubernetes/references.ts';
import type { Occurrence } from '../events/event.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView, ViewChange } from '../watch/cluster-view.ts';
import { type Outcome, WorkQueue } from '../watch/work-queue.ts';
import type { Controller, Plan } from './controller.ts';
import { type Executed, execute } from './execute.ts';
import { CONCURRENT_KEYS, CONFLICT_BACKOFF, FAILURE_BACKOFF } from './limits.ts';

export type RunnerDeps = {
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly record: (occurrence: Occurrence) => void;
};

/** Runs until aborted. Rejects when a plan throws InvariantError; other errors are logged and tried again, slower each time. */
export async function runController<K extends KindName>(
  controller: Controller<K>,
  deps: RunnerDeps,
  signal: AbortSignal,
): Promise<void> {
  const logger = deps.logger.child({ controller: controller.name });
  const logged = new Map<string, string>();
  const queue = new WorkQueue({
    clock: deps.clock,
    random: deps.random,
    concurrency: CONCURRENT_KEYS,
    work: (key, stop) => workOn(key, stop),
  });
  const unsubscribe = deps.view.onChange(change => {
    for (const ref of wokenBy(controller, change, deps.view)) queue.add(keyOf(ref));
  });
  for (const object of deps.view.list(controller.of)) queue.add(keyOf(refOf(object)));
  try {
    await queue.run(signal);
  } finally {
    unsubscribe();
  }

  async function workOn(key: string, stop: AbortSignal): Promise<Outcome> {
    const done = await planAndExecute(controller, deps, refFrom(key));
    // What fails because everything ends is no failure to tell of.
    if (stop.aborted) return { kind: 'done' };
    if (done.executed.revision > 0) await waitUntilSeen(deps.view, done.executed.revision, stop);
    return outcomeOf(key, done);
  }

  function outcomeOf(key: string, { plan, executed }: Done): Outcome {
    if (executed.failure !== undefined) {
      const message = String(executed.failure);
      if (logged.get(key) !== message)
        logger.warn({ err: executed.failure, object: key }, 'control loop failed, retrying');
      logged.set(key, message);
      return { kind: 'retry', backoff: FAILURE_BACKOFF };
    }
    logged.delete(key);
    if (executed.lostRace) return { kind: 'retry', backoff: CONFLICT_BACKOFF };
    const againInMs =
      plan.againAtMs === undefined ? undefined : Math.max(0, plan.againAtMs - deps.clock.nowMs());
    return { kind: 'done', againInMs };
  }
}

type Done = { readonly plan: Plan; readonly executed: Executed };

async function planAndExecute<K extends KindName>(
  controller: Controller<K>,
  deps: RunnerDeps,
  ref: ObjectRef,
): Promise<Done> {
  const { registry, record } = deps;
  try {
    const suffix = () => nameSuffix(limit => Math.floor(deps.random() * limit));
    const plan = controller.plan({ view: deps.view, ref, nowMs: deps.clock.nowMs(), suffix });
    const executed = await execute({ registry, record, component: controller.name }, plan.actions);
    return { plan, executed };
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    return { plan: { actions: [] }, executed: { revision: 0, failure: error, lostRace: false } };
  }
}

async function waitUntilSeen(view: LiveView, revision: number, signal: AbortSignal): Promise<void> {
  try {
    await view.waitFor(revision, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function wokenBy<K extends KindName>(
  controller: Controller<K>,
  change: ViewChange,
  view: LiveView,
): readonly ObjectRef[] {
  const object = change.after ?? change.before;
  const own = object !== undefined && change.kind === controller.of ? [refOf(object)] : [];
  return [...own, ...wakesOf<KindName>(controller.wakes, change, view)];
}

type ChangeOf<R extends KindName> = {
  [P in R]: {
    readonly kind: P;
    readonly before: KindMap[P] | undefined;
    readonly after: KindMap[P] | undefined;
  };
}[R];

function wakesOf<R extends KindName>(
  wakes: Controller['wakes'],
  change: ChangeOf<R>,
  view: LiveView,
): readonly ObjectRef[] {
  const { kind, before, after } = change;
  const wake = wakes[kind];
  if (wake === undefined) return [];
  return [before, after].flatMap(object => (object === undefined ? [] : wake(object, view)));
}

function keyOf(ref: ObjectRef): string {
  return `${ref.namespace ?? ''}/${ref.name}`;
}

function refFrom(key: string): ObjectRef {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  return slash === 0 ? { name } : { namespace: key.slice(0, slash), name };
}

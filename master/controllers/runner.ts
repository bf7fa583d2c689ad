/**
 * Runs one control loop: a change of the view wakes keys, each key is planned alone, its plan is carried out, and it is
 * planned again only once the view shows what was written for it.
 */

import type { Logger } from 'pino';
import { InvariantError } from '../../shared/assert-never.ts';
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { nameSuffix } from '../../shared/kubernetes/name-suffix.ts';
import type { BuiltinKindName, KindName, KubeObject, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { refOf } from '../../shared/kubernetes/references.ts';
import type { Occurrence } from '../events/event.ts';
import type { Registry } from '../registry/registry.ts';
import type { ClusterView, LiveView, ViewChange } from '../watch/cluster-view.ts';
import { type Outcome, WorkQueue } from '../watch/work-queue.ts';
import type { Controller, Loop, Plan, PlanInput } from './controller.ts';
import { type Executed, execute, type SignRequest } from './execute.ts';
import { CONCURRENT_KEYS, CONFLICT_BACKOFF, FAILURE_BACKOFF } from './limits.ts';

export type RunnerDeps = {
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  readonly record: (occurrence: Occurrence) => void;
  readonly signRequest?: SignRequest;
};

/** Runs until aborted. Rejects when a plan throws InvariantError; other errors are logged and tried again, slower each time. */
export async function runLoop<Key>(loop: Loop<Key>, deps: RunnerDeps, signal: AbortSignal): Promise<void> {
  const logger = deps.logger.child({ controller: loop.name });
  const logged = new Map<string, string>();
  const queue = new WorkQueue({
    clock: deps.clock,
    random: deps.random,
    concurrency: CONCURRENT_KEYS,
    work: (key, stop) => workOn(key, stop),
  });
  const add = (key: Key) => queue.add(loop.textOf(key));
  const unsubscribe = deps.view.onChange(change => loop.woken(change, deps.view).forEach(add));
  loop.keys(deps.view).forEach(add);
  try {
    await queue.run(signal);
  } finally {
    unsubscribe();
  }

  async function workOn(text: string, stop: AbortSignal): Promise<Outcome> {
    const key = loop.parse(text);
    const done = await planAndExecute(loop, deps, input => loop.plan(key, input));
    // What fails because everything ends is no failure to tell of.
    if (stop.aborted) return { kind: 'done' };
    await waitUntilSeen(deps.view, done.executed.revision, stop);
    const { failure } = done.executed;
    if (failure instanceof ApiError) await writeRefusal(key, failure, stop);
    return outcomeOf(text, done);
  }

  /** Tried again with the write that was refused, so that its own failure needs no word. */
  async function writeRefusal(key: Key, refusal: ApiError, stop: AbortSignal): Promise<void> {
    const told = await planAndExecute(loop, deps, input => ({
      actions: loop.refused?.(key, input, refusal) ?? [],
    }));
    await waitUntilSeen(deps.view, told.executed.revision, stop);
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

async function planAndExecute(
  { name }: { readonly name: string },
  deps: RunnerDeps,
  planned: (input: Omit<PlanInput, 'ref'>) => Plan,
): Promise<Done> {
  const { registry, record, signRequest, view } = deps;
  try {
    const suffix = () => nameSuffix(limit => Math.floor(deps.random() * limit));
    const plan = planned({ view, nowMs: deps.clock.nowMs(), suffix });
    const executed = await execute({ registry, record, signRequest, component: name }, plan.actions);
    return { plan, executed };
  } catch (error) {
    if (error instanceof InvariantError) throw error;
    return { plan: { actions: [] }, executed: { revision: 0, failure: error, lostRace: false } };
  }
}

async function waitUntilSeen(view: LiveView, revision: number, signal: AbortSignal): Promise<void> {
  if (revision === 0) return;
  try {
    await view.waitFor(revision, signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Runs a controller, whose keys are the objects of one kind. */
export function runController<K extends KindName>(
  controller: Controller<K>,
  deps: RunnerDeps,
  signal: AbortSignal,
): Promise<void> {
  const { name, of } = controller;
  const loop: Loop<ObjectRef> = {
    name,
    keys: view => view.list(of).map(refOf),
    woken: (change, view) => wokenBy(controller, change, view),
    textOf: ref => `${ref.namespace ?? ''}/${ref.name}`,
    parse: refFrom,
    plan: (ref, input) => controller.plan({ ...input, ref }),
    refused: (ref, input, refusal) => controller.refused?.({ ...input, ref }, refusal) ?? [],
  };
  return runLoop(loop, deps, signal);
}

function wokenBy<K extends KindName>(
  { of, wakes, wakesOfAny }: Controller<K>,
  change: ViewChange,
  view: ClusterView,
): readonly ObjectRef[] {
  const { kind, before, after } = change;
  const object: KubeObject | undefined = after ?? before;
  const own = object !== undefined && kind === of ? [refOf(object)] : [];
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a kind's name to its object across a union
  const wake: any = Object.hasOwn(wakes, kind) ? wakes[kind as BuiltinKindName] : undefined;
  const woken = [before, after].flatMap((side: KubeObject | undefined) =>
    side === undefined ? [] : [...(wake?.(side, view) ?? []), ...(wakesOfAny?.(side, view) ?? [])],
  );
  return [...own, ...woken];
}

function refFrom(text: string): ObjectRef {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  return slash === 0 ? { name } : { namespace: text.slice(0, slash), name };
}

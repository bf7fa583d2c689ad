/** Carries out a controller's plans in a world where nothing else moves, until there is nothing left to do. */
import type { Controller, Loop, Plan } from '../../master/controllers/controller.ts';
import { execute } from '../../master/controllers/execute.ts';
import type { Occurrence } from '../../master/events/event.ts';
import type { KindMap, KindName, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { refOf } from '../../shared/kubernetes/references.ts';
import { FakeCluster } from './fake-cluster.ts';

export const NOW_MS = 1_700_000_000_000;

/** A cluster of these objects, at a fixed time. */
export function aCluster(nowMs = NOW_MS): FakeCluster {
  return new FakeCluster({ nowMs: () => nowMs });
}

/** Stores an object that a builder made, status included; answers it with its real identity. */
export function given<K extends KindName>(
  cluster: FakeCluster,
  kind: K,
  object: New<KindMap[K]>,
): KindMap[K] {
  return cluster.create(kind, object);
}

let lastSuffix = 0;

/** The plan for one object, with suffixes that count up. */
export function planFor<K extends KindName>(
  controller: Controller<K>,
  cluster: FakeCluster,
  ref: { namespace?: string; name: string },
  nowMs = NOW_MS,
): Plan {
  return controller.plan({ view: cluster.view, ref, nowMs, suffix: () => `s${++lastSuffix}` });
}

export type Converged = { readonly rounds: number; readonly events: readonly Occurrence[] };

/** Plans and applies for every object of the controller until every plan is empty. Throws when that takes `maxRounds`. */
export function converge<K extends KindName>(
  controller: Controller<K>,
  cluster: FakeCluster,
  options: ConvergeOptions = {},
): Promise<Converged> {
  const keys = () => cluster.view.list(controller.of).map(refOf);
  const plan = (ref: ObjectRef) => planFor(controller, cluster, ref, options.nowMs);
  return settle({ name: controller.name, keys, plan }, cluster, options);
}

/** The same for a loop with keys of its own. */
export function convergeLoop<Key>(
  loop: Loop<Key>,
  cluster: FakeCluster,
  options: ConvergeOptions = {},
): Promise<Converged> {
  const { view } = cluster;
  const input = { view, nowMs: options.nowMs ?? NOW_MS, suffix: () => `s${++lastSuffix}` };
  const plan = (key: Key) => loop.plan(loop.parse(loop.textOf(key)), input);
  return settle({ name: loop.name, keys: () => loop.keys(view), plan }, cluster, options);
}

type ConvergeOptions = { readonly nowMs?: number; readonly maxRounds?: number };

async function settle<Key>(
  { name, keys, plan }: { name: string; keys(): readonly Key[]; plan(key: Key): Plan },
  cluster: FakeCluster,
  { maxRounds = 50 }: ConvergeOptions,
): Promise<Converged> {
  const events: Occurrence[] = [];
  const record = (occurrence: Occurrence) => void events.push(occurrence);
  for (let rounds = 0; rounds < maxRounds; rounds++) {
    let isQuiet = true;
    for (const key of keys()) {
      const { actions } = plan(key);
      if (actions.length === 0) continue;
      // What a plan says of an object that waits, it says at each look.
      if (actions.some(({ kind }) => kind !== 'event')) isQuiet = false;
      const executed = await execute({ registry: cluster.registry, record, component: name }, actions);
      if (executed.failure !== undefined) throw executed.failure;
    }
    if (isQuiet) return { rounds, events };
  }
  throw new Error(`${name} does not come to rest: ${cluster.writes.slice(-10).join(', ')}`);
}

/** Which taints a node should carry for the state it is in. Pure. */
import type { Node, Taint } from '../../../shared/kubernetes/objects.ts';
import { TAINT } from '../../../shared/kubernetes/taints.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';

/** Conditions that, while True, keep new pods away. */
const PRESSURE: Readonly<Record<string, string>> = {
  MemoryPressure: TAINT.memoryPressure,
  DiskPressure: TAINT.diskPressure,
  PIDPressure: TAINT.pidPressure,
  NetworkUnavailable: TAINT.networkUnavailable,
};

const OURS: readonly string[] = Object.values(TAINT);

export type Readiness = 'Ready' | 'NotReady' | 'Unreachable' | 'Unheard';

/** What the Ready condition says; `Unheard` for a node that has just been made and never had one. */
export function readiness(node: Node): Readiness {
  const ready = node.status?.conditions?.find(condition => condition.type === 'Ready');
  if (ready === undefined) return 'Unheard';
  if (ready.status === 'True') return 'Ready';
  return ready.status === 'Unknown' ? 'Unreachable' : 'NotReady';
}

/**
 * The node's taints as they should be: those of users as they are, ours by its state. One that stands keeps the time it was
 * added at; a user's NoExecute taint gets one, for tolerations count from it.
 */
export function wantedTaints(node: Node, nowMs: number): readonly Taint[] {
  const present = node.spec?.taints ?? [];
  const timeAdded = formatTime(nowMs);
  const stamped = present.map(taint =>
    taint.effect === 'NoExecute' && taint.timeAdded === undefined ? { ...taint, timeAdded } : taint,
  );
  const wanted = stateTaints(node);
  const kept = stamped.filter(taint => !OURS.includes(taint.key) || wanted.some(want => isSame(want, taint)));
  const added = wanted.filter(want => !present.some(taint => isSame(want, taint)));
  return [...kept, ...added.map(taint => ({ ...taint, timeAdded }))];
}

/** Taints by what the Ready condition says. An unheard node gets none: it has no pods, and the scheduler keeps away anyway. */
const STATE_TAINTS: Readonly<Record<Readiness, readonly Taint[]>> = {
  Ready: [],
  Unheard: [],
  NotReady: [taint(TAINT.notReady, 'NoSchedule'), taint(TAINT.notReady, 'NoExecute')],
  Unreachable: [taint(TAINT.unreachable, 'NoSchedule'), taint(TAINT.unreachable, 'NoExecute')],
};

function stateTaints(node: Node): readonly Taint[] {
  const byState = STATE_TAINTS[readiness(node)];
  const byPressure = (node.status?.conditions ?? []).flatMap(({ type, status }) => {
    const pressure = PRESSURE[type];
    return status === 'True' && pressure !== undefined ? [taint(pressure, 'NoSchedule')] : [];
  });
  const byCordon = node.spec?.unschedulable === true ? [taint(TAINT.unschedulable, 'NoSchedule')] : [];
  return [...byState, ...byPressure, ...byCordon];
}

function taint(key: string, effect: string): Taint {
  return { key, effect };
}

function isSame(a: Taint, b: Taint): boolean {
  return a.key === b.key && a.effect === b.effect;
}

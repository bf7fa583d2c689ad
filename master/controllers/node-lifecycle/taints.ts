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

/** What the Ready condition says; a node that never said anything is not ready. */
export function readiness(node: Node): 'Ready' | 'NotReady' | 'Unreachable' {
  const ready = node.status?.conditions?.find(condition => condition.type === 'Ready');
  if (ready?.status === 'True') return 'Ready';
  return ready?.status === 'Unknown' ? 'Unreachable' : 'NotReady';
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

function stateTaints(node: Node): readonly Taint[] {
  const state = readiness(node);
  const key = state === 'Unreachable' ? TAINT.unreachable : TAINT.notReady;
  const byState = state === 'Ready' ? [] : [taint(key, 'NoSchedule'), taint(key, 'NoExecute')];
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

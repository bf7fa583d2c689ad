/**
 * Node lifecycle: turns what is known of a node into taints, and moves pods away from a node that is lost. Taint and
 * eviction are one plan, so that no round trip lies between a lost node and its pods' replacements.
 */
import type { Node, Pod, PodCondition, Taint } from '../../../shared/kubernetes/objects.ts';
import { isPodActive, isPodReady, podCondition } from '../../../shared/kubernetes/pod-state.ts';
import { refOf } from '../../../shared/kubernetes/references.ts';
import { TAINT } from '../../../shared/kubernetes/taints.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { evictAtMs, evictingTaints } from './eviction.ts';
import { readiness, wantedTaints } from './taints.ts';

export const nodeLifecycleController: Controller<'Node'> = {
  name: 'node-lifecycle-controller',
  of: 'Node',
  wakes: {
    /** Whether anybody is evicted depends on whether any node is Ready. */
    Node: (_node, view) => view.list('Node').filter(isLost).map(refOf),
    Pod: (pod, view) => tintedNodeOf(pod, view),
  },
  plan: planNodeLifecycle,
};

function isLost(node: Node): boolean {
  const state = readiness(node);
  return state === 'NotReady' || state === 'Unreachable';
}

/** The pod's node, if it may have to leave it. */
function tintedNodeOf(pod: Pod, view: ClusterView) {
  const name = pod.spec.nodeName;
  const node = name ? view.get('Node', { name }) : undefined;
  if (node === undefined) return [];
  return isLost(node) || hasExecuting(node.spec?.taints) ? [refOf(node)] : [];
}

function hasExecuting(taints: readonly Taint[] | undefined): boolean {
  return taints?.some(taint => taint.effect === 'NoExecute') === true;
}

/** Sets the node's taints, evicts whom they evict, says of the pods of an unreachable node that they are not ready, and takes that back. */
function planNodeLifecycle({ view, ref, nowMs }: PlanInput): Plan {
  const node = view.get('Node', ref);
  if (node === undefined) return { actions: [] };
  const taints = wantedTaints(node, nowMs);
  const tainting = taintActions(node, taints);
  const pods = view.podsOnNode(node.metadata.name);
  const heardAgain = readiness(node) === 'Ready' ? pods.filter(isMarked) : [];
  const takingBack = heardAgain.map(pod => takeMarkBack(pod, nowMs));
  if (!hasExecuting(taints) && !isLost(node)) return { actions: [...tainting, ...takingBack] };
  const evicting = evictingTaints(node, taints, view.list('Node'));
  const due = pods.filter(isPodActive).map(pod => ({ pod, atMs: evictAtMs(pod, evicting) }));
  const evicted = due.filter(({ atMs }) => atMs !== undefined && atMs <= nowMs).map(({ pod }) => pod);
  const later = due.flatMap(({ atMs }) => (atMs !== undefined && atMs > nowMs ? [atMs] : []));
  const silent =
    readiness(node) === 'Unreachable' ? pods.filter(pod => isPodReady(pod) && !evicted.includes(pod)) : [];
  return {
    actions: [
      ...tainting,
      ...evicted.flatMap(evict),
      ...silent.map(pod => markNotReady(pod, nowMs)),
      ...takingBack,
    ],
    againAtMs: later.length === 0 ? undefined : Math.min(...later),
  };
}

function taintActions(node: Node, taints: readonly Taint[]): readonly Action[] {
  const before = node.spec?.taints ?? [];
  const isSame =
    before.length === taints.length &&
    taints.every(({ key, effect, timeAdded }) =>
      before.some(old => old.key === key && old.effect === effect && old.timeAdded === timeAdded),
    );
  if (isSame) return [];
  const update: Action = {
    kind: 'update',
    of: 'Node',
    object: { ...node, spec: { ...node.spec, taints: [...taints] } },
  };
  const word = transition(node, before.some(isOfLoss));
  if (word === undefined) return [update];
  const message = `Node ${node.metadata.name} status is now: ${word}`;
  return [update, { kind: 'event', about: subjectOf('Node', node), type: 'Normal', reason: word, message }];
}

/** A taint that stands for a lost node. */
function isOfLoss({ key }: Taint): boolean {
  return key === TAINT.unreachable || key === TAINT.notReady;
}

/** What became of a node, if that is worth an event. One that has never said what it is was not lost: it is joining. */
function transition(node: Node, wasLost: boolean): 'NodeNotReady' | 'NodeReady' | undefined {
  if (isLost(node)) return wasLost || node.status?.nodeInfo === undefined ? undefined : 'NodeNotReady';
  return wasLost && readiness(node) === 'Ready' ? 'NodeReady' : undefined;
}

function evict(pod: Pod): readonly Action[] {
  const message = `Marking for deletion Pod ${pod.metadata.namespace}/${pod.metadata.name}`;
  return [
    deleteOf('Pod', pod),
    { kind: 'event', about: subjectOf('Pod', pod), type: 'Normal', reason: 'TaintManagerEviction', message },
  ];
}

const MARK = 'NodeNotReady';

function markNotReady(pod: Pod, nowMs: number): Action {
  return withReady(pod, { status: 'False', reason: MARK, lastTransitionTime: formatTime(nowMs) });
}

/** True for a pod whose node fell silent and has said nothing else of it since. */
function isMarked(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.reason === MARK;
}

/** What the node said last still stands: nothing changed for it, so it does not say it again. */
function takeMarkBack(pod: Pod, nowMs: number): Action {
  const status = podCondition(pod, 'ContainersReady')?.status ?? 'False';
  return withReady(pod, { status, reason: undefined, lastTransitionTime: formatTime(nowMs) });
}

function withReady(pod: Pod, change: Omit<PodCondition, 'type'>): Action {
  const conditions = (pod.status?.conditions ?? []).map(condition =>
    condition.type === 'Ready' ? { ...condition, ...change } : condition,
  );
  return { kind: 'updateStatus', of: 'Pod', object: { ...pod, status: { ...pod.status, conditions } } };
}

/** Which pods must move when a device goes, and when they have. Pure. */
import { TAINT } from '../../shared/kubernetes/taints.ts';
import { type JsonObject, listAt, textAt } from '../json.ts';

/** Pods of one controller that ran on the device. */
export type Workload = {
  /** `default/deployment/web`. */
  readonly name: string;
  readonly ownerUid: string;
  /** How many of its pods ran before, anywhere. */
  readonly wanted: number;
  /** The uids of those that ran on the device. */
  readonly moving: readonly string[];
};

export const uidOf = (object: JsonObject) => textAt(object, 'metadata', 'uid') ?? '';

/** Running, and not on its way out. */
export function isRunning(pod: JsonObject): boolean {
  return (
    textAt(pod, 'status', 'phase') === 'Running' && textAt(pod, 'metadata', 'deletionTimestamp') === undefined
  );
}

const isOn = (node: string) => (pod: JsonObject) => textAt(pod, 'spec', 'nodeName') === node;

function controllerOf(pod: JsonObject): unknown {
  return listAt(pod, 'metadata', 'ownerReferences').find(owner => textAt(owner, 'controller') === 'true');
}

/** All pods of the workload that there are. */
export function workloadPods({ ownerUid }: Workload, pods: readonly JsonObject[]): readonly JsonObject[] {
  return pods.filter(pod => textAt(controllerOf(pod), 'uid') === ownerUid);
}

/**
 * The workloads with pods on the node that will be replaced elsewhere. Left out are pods of a DaemonSet, pods without a
 * controller, and pods that tolerate an unreachable node for `withinMs` or longer: these wait for their device.
 */
export function workloadsOn(
  node: string,
  pods: readonly JsonObject[],
  withinMs: number,
): readonly Workload[] {
  const running = pods.filter(isRunning);
  const byOwner = new Map<string, Workload>();
  for (const pod of running.filter(isOn(node))) {
    const owner = controllerOf(pod);
    const ownerUid = textAt(owner, 'uid');
    if (ownerUid === undefined || textAt(owner, 'kind') === 'DaemonSet' || isWaiting(pod, withinMs)) continue;
    const before = byOwner.get(ownerUid);
    byOwner.set(ownerUid, {
      name: workloadName(pod, owner),
      ownerUid,
      wanted: running.filter(other => textAt(controllerOf(other), 'uid') === ownerUid).length,
      moving: [...(before?.moving ?? []), uidOf(pod)],
    });
  }
  return [...byOwner.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A ReplicaSet that a Deployment made is called by the Deployment's name. */
function workloadName(pod: JsonObject, owner: unknown): string {
  const namespace = textAt(pod, 'metadata', 'namespace') ?? '';
  const name = textAt(owner, 'name') ?? '';
  const hash = textAt(pod, 'metadata', 'labels', 'pod-template-hash');
  if (hash !== undefined && name.endsWith(`-${hash}`))
    return `${namespace}/deployment/${name.slice(0, -hash.length - 1)}`;
  return `${namespace}/${(textAt(owner, 'kind') ?? '').toLowerCase()}/${name}`;
}

function isWaiting(pod: JsonObject, withinMs: number): boolean {
  return listAt(pod, 'spec', 'tolerations').some(toleration => {
    const key = textAt(toleration, 'key') ?? '';
    const effect = textAt(toleration, 'effect') ?? '';
    const seconds = textAt(toleration, 'tolerationSeconds');
    return (
      (key === '' || key === TAINT.unreachable) &&
      (effect === '' || effect === 'NoExecute') &&
      (seconds === undefined || Number(seconds) * 1000 >= withinMs)
    );
  });
}

/** True once as many of its pods run off the node as ran before anywhere. */
export function isReplaced(workload: Workload, node: string, pods: readonly JsonObject[]): boolean {
  const elsewhere = workloadPods(workload, pods).filter(pod => isRunning(pod) && !isOn(node)(pod));
  return elsewhere.length >= workload.wanted;
}

/** True when the API holds none of the pods that were moved. */
export function isDropped(workloads: readonly Workload[], pods: readonly JsonObject[]): boolean {
  const uids = new Set(pods.map(uidOf));
  return workloads.every(({ moving }) => moving.every(uid => !uids.has(uid)));
}

/** True when the node's condition Ready is True. */
export function isReady(node: JsonObject | undefined): boolean {
  return listAt(node, 'status', 'conditions').some(
    condition => textAt(condition, 'type') === 'Ready' && textAt(condition, 'status') === 'True',
  );
}

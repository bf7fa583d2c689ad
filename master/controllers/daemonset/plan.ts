/** DaemonSet: one pod on every node that it belongs on. */
import { canonicalJson } from '../../../shared/digest.ts';
import type { DaemonSet, Node, Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodReady, podAvailableAtMs } from '../../../shared/kubernetes/pod-state.ts';
import { controllerReference, refOf } from '../../../shared/kubernetes/references.ts';
import { parseTime } from '../../../shared/kubernetes/time.ts';
import { subjectOf } from '../../events/event.ts';
import { deleteOf } from '../actions.ts';
import { claim } from '../claim.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { FAILED_DAEMON_POD_MS, MAX_PODS_PER_PLAN } from '../limits.ts';
import { podFromTemplate } from '../pod-from-template.ts';
import { historyOf } from '../revisions.ts';
import { isNamespaceTerminating, ownersOf } from '../wakes.ts';
import { eligibility, nodeOf, REVISION_LABEL, templateFor } from './eligibility.ts';
import { type PodsOfNode, rolloutSteps } from './rollout.ts';

export const daemonSetController: Controller<'DaemonSet'> = {
  name: 'daemonset-controller',
  of: 'DaemonSet',
  wakes: {
    Node: (_node, view) => view.list('DaemonSet').map(refOf),
    Pod: (pod, view) => ownersOf('DaemonSet', pod, view),
    ControllerRevision: (revision, view) => ownersOf('DaemonSet', revision, view),
  },
  plan: planDaemonSet,
};

const NO_STATUS: NonNullable<DaemonSet['status']> = {
  currentNumberScheduled: 0,
  desiredNumberScheduled: 0,
  numberMisscheduled: 0,
  numberReady: 0,
};

type Placement = {
  readonly daemonSet: DaemonSet;
  /** Tells pods of the present template from older ones. */
  readonly hash: string;
  readonly wanted: readonly Node[];
  readonly podsByNode: ReadonlyMap<string, readonly Pod[]>;
  /** Pods that must go, whatever their template. */
  readonly surplus: readonly Pod[];
  /** Failed pods, to be replaced once they are old enough. */
  readonly failed: readonly Pod[];
};

/** Deletes what is too much, creates what is missing, replaces what is outdated, and says in the status what there is. */
function planDaemonSet(input: PlanInput): Plan {
  const { view, ref, nowMs } = input;
  const daemonSet = view.get('DaemonSet', ref);
  if (daemonSet === undefined) return { actions: [] };
  const isDeleting = daemonSet.metadata.deletionTimestamp !== undefined;
  const claimed = claim(view, { of: 'Pod', owner: daemonSet, ownerKind: 'DaemonSet' });
  if (!isDeleting && claimed.actions.length > 0) return { actions: claimed.actions };
  const hashes = new Set(claimed.owned.map(pod => pod.metadata.labels?.[REVISION_LABEL]));
  const history = historyOf(view, {
    owner: daemonSet,
    ownerKind: 'DaemonSet',
    hashLabel: REVISION_LABEL,
    isLive: ({ metadata }) => hashes.has(metadata.labels?.[REVISION_LABEL]),
  });
  const placement = place({ daemonSet, hash: history.hash }, view.list('Node'), claimed.owned);
  const mayWrite = !isDeleting && !isNamespaceTerminating(view, ref.namespace);
  if (mayWrite && history.isTaken) return { actions: [countCollision(daemonSet)] };
  const steps = mayWrite ? nextSteps(placement, input) : [];
  const status = statusAction(placement, nowMs);
  return {
    actions: [...(mayWrite ? history.actions : []), ...steps, ...(status === undefined ? [] : [status])],
    againAtMs: nextLookAtMs(placement, nowMs),
  };
}

function countCollision(daemonSet: DaemonSet): Action {
  const { status = NO_STATUS } = daemonSet;
  const object = { ...daemonSet, status: { ...status, collisionCount: (status.collisionCount ?? 0) + 1 } };
  return { kind: 'updateStatus', of: 'DaemonSet', object };
}

function place(
  { daemonSet, hash }: { readonly daemonSet: DaemonSet; readonly hash: string },
  nodes: readonly Node[],
  pods: readonly Pod[],
): Placement {
  const isCurrent = (pod: Pod) => pod.metadata.labels?.[REVISION_LABEL] === hash;
  const mayPair =
    Number.parseInt(String(daemonSet.spec.updateStrategy?.rollingUpdate?.maxSurge ?? 0), 10) > 0;
  const byName = new Map(nodes.map(node => [node.metadata.name, node]));
  const podsByNode = new Map<string, Pod[]>();
  const surplus: Pod[] = [];
  const failed: Pod[] = [];
  for (const pod of [...pods].sort(oldestFirst)) {
    const name = nodeOf(pod) ?? '';
    const node = byName.get(name);
    const isLeaving = pod.metadata.deletionTimestamp !== undefined;
    const present = podsByNode.get(name) ?? [];
    const isSecond = present.some(
      other =>
        other.metadata.deletionTimestamp === undefined && !(mayPair && isCurrent(other) !== isCurrent(pod)),
    );
    podsByNode.set(name, [...present, pod]);
    if (isLeaving) continue;
    const isEnded = pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded';
    if (isEnded) failed.push(pod);
    else if (node === undefined || isSecond || !eligibility(daemonSet, node).mayStay) surplus.push(pod);
  }
  const wanted = nodes
    .filter(node => eligibility(daemonSet, node).isWanted)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  return { daemonSet, hash, wanted, podsByNode, surplus, failed };
}

function oldestFirst(a: Pod, b: Pod): number {
  const [x, y] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  return x === y ? (a.metadata.uid < b.metadata.uid ? -1 : 1) : x < y ? -1 : 1;
}

function nextSteps(placement: Placement, { nowMs, suffix }: PlanInput): readonly Action[] {
  const { daemonSet, hash, wanted, podsByNode, surplus, failed } = placement;
  const retried = failed.filter(pod => retryAtMs(pod) <= nowMs);
  const missing = wanted.filter(node => podsByNode.get(node.metadata.name) === undefined);
  const gone = [...surplus, ...retried];
  const rollout = rolloutSteps(daemonSet, podsOfEachNode(placement), { hash, nowMs });
  const outdated = rollout.outdated.filter(pod => !gone.includes(pod) && !failed.includes(pod));
  const places = [...missing.map(node => node.metadata.name), ...rollout.surging];
  return [
    ...[...gone, ...outdated]
      .slice(0, MAX_PODS_PER_PLAN)
      .flatMap(pod => [
        deleteOf('Pod', pod),
        tell(daemonSet, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`),
      ]),
    ...places.slice(0, MAX_PODS_PER_PLAN).flatMap(node => create(placement, node, suffix())),
  ];
}

function create({ daemonSet, hash }: Placement, node: string, suffix: string): readonly Action[] {
  const { name, namespace } = daemonSet.metadata;
  const owner = controllerReference('DaemonSet', daemonSet);
  const template = templateFor(daemonSet, node, hash);
  const object = podFromTemplate({ template, ownerName: name, namespace, owner, suffix });
  return [
    { kind: 'create', of: 'Pod', object },
    tell(daemonSet, 'SuccessfulCreate', `Created pod: ${object.metadata.name}`),
  ];
}

function tell(daemonSet: DaemonSet, reason: string, message: string): Action {
  return { kind: 'event', about: subjectOf('DaemonSet', daemonSet), type: 'Normal', reason, message };
}

/** The pods of each wanted node that are not leaving, oldest first; a leaving one where there is no other. */
function podsOfEachNode({ wanted, podsByNode }: Placement): readonly PodsOfNode[] {
  return wanted.map(({ metadata: { name } }) => {
    const pods = podsByNode.get(name) ?? [];
    const [pod = pods[0], other] = pods.filter(each => each.metadata.deletionTimestamp === undefined);
    return { node: name, pod, other };
  });
}

function statusAction(placement: Placement, nowMs: number): Action | undefined {
  const { daemonSet, hash, wanted, podsByNode } = placement;
  const present = podsOfEachNode(placement).flatMap(({ pod }) =>
    pod === undefined || pod.metadata.deletionTimestamp !== undefined ? [] : [pod],
  );
  const isWanted = new Set(wanted.map(node => node.metadata.name));
  const available = present.filter(
    pod => (podAvailableAtMs(pod, daemonSet.spec.minReadySeconds) ?? Infinity) <= nowMs,
  ).length;
  const status = {
    ...daemonSet.status,
    desiredNumberScheduled: wanted.length,
    currentNumberScheduled: present.length,
    numberMisscheduled: [...podsByNode.keys()].filter(name => !isWanted.has(name)).length,
    numberReady: present.filter(isPodReady).length,
    updatedNumberScheduled: present.filter(pod => pod.metadata.labels?.[REVISION_LABEL] === hash).length,
    numberAvailable: available,
    numberUnavailable: wanted.length - available,
    observedGeneration: daemonSet.metadata.generation ?? 0,
  };
  if (canonicalJson(status) === canonicalJson(daemonSet.status ?? {})) return undefined;
  return { kind: 'updateStatus', of: 'DaemonSet', object: { ...daemonSet, status } };
}

function retryAtMs(pod: Pod): number {
  return (parseTime(pod.metadata.creationTimestamp) ?? 0) + FAILED_DAEMON_POD_MS;
}

function nextLookAtMs({ daemonSet, failed, podsByNode }: Placement, nowMs: number): number | undefined {
  const { minReadySeconds } = daemonSet.spec;
  const available = [...podsByNode.values()].flat().map(pod => podAvailableAtMs(pod, minReadySeconds) ?? 0);
  const times = [...available, ...failed.map(retryAtMs)].filter(atMs => atMs > nowMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

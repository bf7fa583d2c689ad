/** Which daemon pods of an older template go next, and where one of the present template comes beside them. Pure. */
import type { DaemonSet, Pod } from '../../../shared/kubernetes/objects.ts';
import { podAvailableAtMs } from '../../../shared/kubernetes/pod-state.ts';
import { podsOf } from '../deployment/sizes.ts';
import { REVISION_LABEL } from './eligibility.ts';

/** The pods of one wanted node that are meant to stay, and one that is leaving where there is no other. */
export type PodsOfNode = {
  readonly node: string;
  /** The oldest. */
  readonly pod: Pod | undefined;
  /** A second one, made by a surge. */
  readonly other: Pod | undefined;
};

export type RolloutSteps = {
  readonly outdated: readonly Pod[];
  /** Nodes that get a pod of the present template beside their old one. */
  readonly surging: readonly string[];
};

/** Nothing for OnDelete. With maxSurge an old pod goes once a new one is available beside it, without as maxUnavailable allows. */
export function rolloutSteps(
  daemonSet: DaemonSet,
  nodes: readonly PodsOfNode[],
  { hash, nowMs }: { readonly hash: string; readonly nowMs: number },
): RolloutSteps {
  const { updateStrategy, minReadySeconds } = daemonSet.spec;
  if (updateStrategy?.type === 'OnDelete') return { outdated: [], surging: [] };
  const isCurrent = (pod: Pod) => pod.metadata.labels?.[REVISION_LABEL] === hash;
  const isAvailable = (pod: Pod) =>
    pod.metadata.deletionTimestamp === undefined &&
    (podAvailableAtMs(pod, minReadySeconds) ?? Infinity) <= nowMs;
  const { maxSurge = 0, maxUnavailable = 1 } = updateStrategy?.rollingUpdate ?? {};
  const surge = podsOf(maxSurge, nodes.length, Math.ceil);
  return surge > 0
    ? surgeSteps(nodes, { surge, isCurrent, isAvailable })
    : { outdated: replaced(nodes, { maxUnavailable, isCurrent, isAvailable }), surging: [] };
}

type Tests = {
  readonly isCurrent: (pod: Pod) => boolean;
  readonly isAvailable: (pod: Pod) => boolean;
};

/** All that are not available anyway, and of the others as many as may be unavailable; never none. */
function replaced(
  nodes: readonly PodsOfNode[],
  { maxUnavailable, isCurrent, isAvailable }: Tests & { readonly maxUnavailable: number | string },
): readonly Pod[] {
  const unavailable = nodes.filter(({ pod }) => pod === undefined || !isAvailable(pod)).length;
  const allowed = Math.max(1, podsOf(maxUnavailable, nodes.length, Math.ceil));
  const outdated = nodes.flatMap(({ pod }) =>
    pod !== undefined && pod.metadata.deletionTimestamp === undefined && !isCurrent(pod) ? [pod] : [],
  );
  const broken = outdated.filter(pod => !isAvailable(pod));
  const healthy = outdated.filter(isAvailable);
  return [...broken, ...healthy.slice(0, Math.max(0, allowed - unavailable))];
}

/** An old pod that is not available is replaced beside itself at once; of the others, `surge` at a time. */
function surgeSteps(
  nodes: readonly PodsOfNode[],
  { surge, isCurrent, isAvailable }: Tests & { readonly surge: number },
): RolloutSteps {
  const pairs = nodes.flatMap(({ node, pod, other }) => {
    const both = [pod, other].filter(each => each !== undefined && !each.metadata.deletionTimestamp);
    const old = both.find(each => each !== undefined && !isCurrent(each));
    const current = both.find(each => each !== undefined && isCurrent(each));
    return old === undefined ? [] : [{ node, old, current }];
  });
  const outdated = pairs.flatMap(({ old, current }) =>
    current !== undefined && isAvailable(current) ? [old] : [],
  );
  const waiting = pairs.filter(({ current }) => current === undefined);
  const broken = waiting.filter(({ old }) => !isAvailable(old));
  const healthy = waiting.filter(({ old }) => isAvailable(old));
  const underWay = pairs.length - waiting.length;
  const room = Math.max(0, surge - underWay);
  return { outdated, surging: [...broken, ...healthy.slice(0, room)].map(({ node }) => node) };
}

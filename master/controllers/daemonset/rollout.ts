/** Which old daemon pods go next. Pure. */
import type { DaemonSet, Pod } from '../../../shared/kubernetes/objects.ts';
import { podAvailableAtMs } from '../../../shared/kubernetes/pod-state.ts';
import { podsOf } from '../deployment/sizes.ts';
import { REVISION_LABEL, revisionHash } from './eligibility.ts';

/** The one pod of each wanted node; undefined where it is missing. */
export type PodOfNode = { readonly node: string; readonly pod: Pod | undefined };

/**
 * Pods of an older template to delete now: all that are not available anyway, and of the others as many as
 * `maxUnavailable` allows. Empty for OnDelete. maxSurge is not honoured: one pod per node at a time.
 */
export function outdatedPods(
  daemonSet: DaemonSet,
  pods: readonly PodOfNode[],
  nowMs: number,
): readonly Pod[] {
  const { updateStrategy, minReadySeconds } = daemonSet.spec;
  if (updateStrategy?.type === 'OnDelete') return [];
  const hash = revisionHash(daemonSet);
  const isAvailable = (pod: Pod) =>
    pod.metadata.deletionTimestamp === undefined &&
    (podAvailableAtMs(pod, minReadySeconds) ?? Infinity) <= nowMs;
  const unavailable = pods.filter(({ pod }) => pod === undefined || !isAvailable(pod)).length;
  const allowed = Math.max(
    1,
    podsOf(updateStrategy?.rollingUpdate?.maxUnavailable ?? 1, pods.length, Math.ceil),
  );
  const outdated = pods.flatMap(({ pod }) =>
    pod !== undefined &&
    pod.metadata.deletionTimestamp === undefined &&
    pod.metadata.labels?.[REVISION_LABEL] !== hash
      ? [pod]
      : [],
  );
  const broken = outdated.filter(pod => !isAvailable(pod));
  const healthy = outdated.filter(isAvailable);
  return [...broken, ...healthy.slice(0, Math.max(0, allowed - unavailable))];
}

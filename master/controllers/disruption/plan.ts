/** PodDisruptionBudget: how many of its pods may be evicted now. */
import { canonicalJson } from '../../../shared/digest.ts';
import type { Pod, PodDisruptionBudget } from '../../../shared/kubernetes/objects.ts';
import { isPodReady, isPodTerminal } from '../../../shared/kubernetes/pod-state.ts';
import { controllerOf, kindOfOwner, refOf } from '../../../shared/kubernetes/references.ts';
import { matchesLabelSelector } from '../../../shared/kubernetes/selectors.ts';
import { formatTime, parseTime } from '../../../shared/kubernetes/time.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { podsOf } from '../deployment/sizes.ts';
import { DISRUPTION_TIMEOUT_MS } from '../limits.ts';
import { scalerOf } from '../scale-target.ts';

export const disruptionController: Controller<'PodDisruptionBudget'> = {
  name: 'controllermanager',
  of: 'PodDisruptionBudget',
  wakes: {
    Pod: (pod, view) =>
      view
        .list('PodDisruptionBudget', pod.metadata.namespace)
        .filter(({ spec }) => matchesLabelSelector(spec.selector, pod.metadata.labels))
        .map(refOf),
    ReplicaSet: ({ metadata }, view) => view.list('PodDisruptionBudget', metadata.namespace).map(refOf),
    Deployment: ({ metadata }, view) => view.list('PodDisruptionBudget', metadata.namespace).map(refOf),
    StatefulSet: ({ metadata }, view) => view.list('PodDisruptionBudget', metadata.namespace).map(refOf),
    ReplicationController: ({ metadata }, view) =>
      view.list('PodDisruptionBudget', metadata.namespace).map(refOf),
  },
  // A custom resource may be what sets the size.
  wakesOfAny: (object, view) =>
    object.metadata.namespace === undefined || kindOfOwner(object) !== undefined
      ? []
      : view.list('PodDisruptionBudget', object.metadata.namespace).map(refOf),
  plan: planBudget,
};

function planBudget({ view, ref, nowMs }: PlanInput): Plan {
  const budget = view.get('PodDisruptionBudget', ref);
  if (budget === undefined || budget.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const pods =
    budget.spec.selector === undefined
      ? []
      : view
          .list('Pod', ref.namespace)
          .filter(
            pod => matchesLabelSelector(budget.spec.selector, pod.metadata.labels) && !isPodTerminal(pod),
          );
  const expected = expectedPods(view, budget, pods);
  if (!expected.ok) return { actions: failed(budget, expected.reason, nowMs) };
  const disrupted = stillDisrupted(budget, pods, nowMs);
  const healthy = pods.filter(
    pod =>
      pod.metadata.deletionTimestamp === undefined &&
      isPodReady(pod) &&
      !(pod.metadata.name in disrupted.pods),
  ).length;
  const { count, desired } = expected;
  const allowed = count > 0 ? Math.max(0, healthy - desired) : 0;
  const before = budget.status;
  const status = {
    ...before,
    observedGeneration: budget.metadata.generation ?? 0,
    expectedPods: count,
    desiredHealthy: desired,
    currentHealthy: healthy,
    disruptionsAllowed: allowed,
    disruptedPods: Object.keys(disrupted.pods).length === 0 ? undefined : disrupted.pods,
    conditions: conditionsOf(budget, { isAllowed: allowed > 0, nowMs }),
  };
  const isSame = canonicalJson(status) === canonicalJson(before ?? {});
  return {
    actions: isSame
      ? []
      : [{ kind: 'updateStatus', of: 'PodDisruptionBudget', object: { ...budget, status } }],
    againAtMs: disrupted.againAtMs,
  };
}

type Expected =
  | { readonly ok: true; readonly count: number; readonly desired: number }
  | { readonly ok: false; readonly reason: string };

/** A plain number of available pods needs no more than the pods; all else needs the size that their controllers want. */
function expectedPods(view: ClusterView, { spec }: PodDisruptionBudget, pods: readonly Pod[]): Expected {
  const { minAvailable, maxUnavailable } = spec;
  if (typeof minAvailable === 'number') return { ok: true, count: pods.length, desired: minAvailable };
  if (minAvailable === undefined && maxUnavailable === undefined)
    return { ok: true, count: pods.length, desired: 0 };
  const sizes = new Map<string, number>();
  for (const pod of pods) {
    const owner = controllerOf(pod);
    if (owner === undefined) continue;
    const scaler = scalerOf(view, pod);
    if (scaler === undefined)
      return {
        ok: false,
        reason: `${owner.kind.toLowerCase()}s ${JSON.stringify(owner.name)} does not implement the scale subresource`,
      };
    sizes.set(scaler.uid, scaler.replicas);
  }
  const count = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const desired =
    minAvailable === undefined
      ? count - podsOf(maxUnavailable ?? 0, count, Math.ceil)
      : podsOf(minAvailable, count, Math.ceil);
  return { ok: true, count, desired: Math.max(0, desired) };
}

/** Evictions that were allowed and whose pods are not yet being deleted, as far as the view shows. */
function stillDisrupted({ status }: PodDisruptionBudget, pods: readonly Pod[], nowMs: number) {
  const byName = new Map(pods.map(pod => [pod.metadata.name, pod]));
  const kept = Object.entries(status?.disruptedPods ?? {}).filter(([name, time]) => {
    const pod = byName.get(name);
    return (
      pod !== undefined &&
      pod.metadata.deletionTimestamp === undefined &&
      (parseTime(time) ?? 0) + DISRUPTION_TIMEOUT_MS > nowMs
    );
  });
  const ends = kept.map(([, time]) => (parseTime(time) ?? 0) + DISRUPTION_TIMEOUT_MS);
  return {
    pods: Object.fromEntries(kept),
    againAtMs: ends.length === 0 ? undefined : Math.min(...ends),
  };
}

function conditionsOf(
  { metadata, status }: PodDisruptionBudget,
  { isAllowed, nowMs, failure }: { isAllowed: boolean; nowMs: number; failure?: string },
) {
  const type = 'DisruptionAllowed';
  const before = status?.conditions?.find(condition => condition.type === type);
  const is = isAllowed ? 'True' : 'False';
  const reason = failure !== undefined ? 'SyncFailed' : isAllowed ? 'SufficientPods' : 'InsufficientPods';
  const others = (status?.conditions ?? []).filter(condition => condition.type !== type);
  return [
    ...others,
    {
      type,
      status: is,
      reason,
      message: failure ?? '',
      observedGeneration: metadata.generation ?? 0,
      lastTransitionTime:
        before?.status === is && before.lastTransitionTime ? before.lastTransitionTime : formatTime(nowMs),
    },
  ];
}

/** Nothing may be evicted while it is not known how many pods there should be. */
function failed(budget: PodDisruptionBudget, reason: string, nowMs: number): readonly Action[] {
  const before = budget.status;
  const status = {
    currentHealthy: 0,
    desiredHealthy: 0,
    expectedPods: 0,
    ...before,
    disruptionsAllowed: 0,
    observedGeneration: budget.metadata.generation ?? 0,
    conditions: conditionsOf(budget, { isAllowed: false, nowMs, failure: reason }),
  };
  if (canonicalJson(status) === canonicalJson(before ?? {})) return [];
  return [
    { kind: 'updateStatus', of: 'PodDisruptionBudget', object: { ...budget, status } },
    {
      kind: 'event',
      about: subjectOf('PodDisruptionBudget', budget),
      type: 'Warning',
      reason: 'CalculateExpectedPodCountFailed',
      message: `Failed to calculate the number of expected pods: ${reason}`,
    },
  ];
}

/** Whether an eviction is within the budget of its pod, and the note of it there. Source: Kubernetes's eviction subresource. */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { ObjectRef, Pod, PodDisruptionBudget } from '../../shared/kubernetes/objects.ts';
import { isPodReady, isPodTerminal } from '../../shared/kubernetes/pod-state.ts';
import { matchesLabelSelector } from '../../shared/kubernetes/selectors.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import type { ClusterView } from '../watch/cluster-view.ts';

const REFUSED = "Cannot evict pod as it would violate the pod's disruption budget.";
/** While the budget's controller has not seen its present spec. */
const RETRY_AFTER_SECONDS = 10;
/** As in Kubernetes: more evictions under way than this and the controller is not keeping up. */
const MAX_DISRUPTED_PODS = 2000;

/** The budget that must allow the eviction. Undefined when none concerns it. Throws InternalError when there are several. */
export function budgetFor(view: ClusterView, pod: Pod): PodDisruptionBudget | undefined {
  const isPending = (pod.status?.phase ?? 'Pending') === 'Pending';
  if (isPodTerminal(pod) || isPending || pod.metadata.deletionTimestamp !== undefined) return undefined;
  const [budget, ...others] = view
    .list('PodDisruptionBudget', pod.metadata.namespace)
    .filter(
      ({ spec }) => spec.selector !== undefined && matchesLabelSelector(spec.selector, pod.metadata.labels),
    );
  if (others.length > 0)
    throw new ApiError(
      'InternalError',
      'This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.',
    );
  if (budget === undefined || isPodReady(pod)) return budget;
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  const isAnyAllowed = budget.spec.unhealthyPodEvictionPolicy === 'AlwaysAllow';
  return isAnyAllowed || (desiredHealthy > 0 && currentHealthy >= desiredHealthy) ? undefined : budget;
}

/** The budget with one disruption fewer. Throws TooManyRequests when it allows none, or has not been counted yet. */
export function withDisruption(
  budget: PodDisruptionBudget,
  pod: ObjectRef,
  nowMs: number,
): PodDisruptionBudget {
  const { metadata, status } = budget;
  if (status === undefined || (status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw refusal(`The disruption budget ${metadata.name} is still being processed by the server.`, {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  const { disruptionsAllowed, disruptedPods = {}, desiredHealthy, currentHealthy } = status;
  if (Object.keys(disruptedPods).length > MAX_DISRUPTED_PODS)
    throw new ApiError(
      'Forbidden',
      `poddisruptionbudgets.policy "${metadata.name}" is forbidden: DisruptedPods map too big - too many evictions not confirmed by PDB controller`,
    );
  if (disruptionsAllowed <= 0)
    throw refusal(
      `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  const left = disruptionsAllowed - 1;
  const now = formatTime(nowMs);
  const conditions = (status.conditions ?? []).map(condition =>
    condition.type === 'DisruptionAllowed' && left === 0
      ? { ...condition, status: 'False', reason: 'InsufficientPods', lastTransitionTime: now }
      : condition,
  );
  return {
    ...budget,
    status: {
      ...status,
      conditions,
      disruptionsAllowed: left,
      disruptedPods: { ...disruptedPods, [pod.name]: now },
    },
  };
}

function refusal(message: string, details: { readonly retryAfterSeconds?: number } = {}): ApiError {
  return new ApiError('TooManyRequests', REFUSED, {
    ...details,
    causes: [{ reason: 'DisruptionBudget', message }],
  });
}

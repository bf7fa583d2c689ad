/** What a Job's podFailurePolicy says of one failed pod. Pure. Source: https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy */
import type { Job, Pod } from '../../../shared/kubernetes/objects.ts';

export type FailureVerdict =
  /** Counts towards the back-off limit. */
  | { readonly kind: 'count' }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'failIndex' }
  | { readonly kind: 'failJob'; readonly message: string };

type Rule = NonNullable<Job['spec']['podFailurePolicy']>['rules'][number];

/** The first rule that matches decides; a pod that none matches counts. Only a pod whose phase is Failed is judged. */
export function judgeFailure(job: Job, pod: Pod): FailureVerdict {
  if (pod.status?.phase !== 'Failed') return { kind: 'count' };
  const rules = job.spec.podFailurePolicy?.rules ?? [];
  for (const [index, rule] of rules.entries()) {
    const why = matchOf(rule, pod);
    if (why === undefined) continue;
    if (rule.action === 'Ignore') return { kind: 'ignore' };
    if (rule.action === 'FailIndex') return { kind: 'failIndex' };
    if (rule.action === 'FailJob')
      return { kind: 'failJob', message: `${why} matching FailJob rule at index ${index}` };
    return { kind: 'count' };
  }
  return { kind: 'count' };
}

/** In words, why the rule matches. Undefined when it does not. */
function matchOf({ onExitCodes, onPodConditions = [] }: Rule, pod: Pod): string | undefined {
  const name = `${pod.metadata.namespace}/${pod.metadata.name}`;
  if (onExitCodes !== undefined) {
    const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
    const failed = statuses.find(({ name: container, state }) => {
      const exitCode = state?.terminated?.exitCode ?? 0;
      if (exitCode === 0 || (onExitCodes.containerName ?? container) !== container) return false;
      return onExitCodes.values.includes(exitCode) === (onExitCodes.operator === 'In');
    });
    return failed === undefined
      ? undefined
      : `Container ${failed.name} for pod ${name} failed with exit code ${failed.state?.terminated?.exitCode}`;
  }
  const matched = onPodConditions.find(({ type, status = 'True' }) =>
    pod.status?.conditions?.some(condition => condition.type === type && condition.status === status),
  );
  return matched === undefined ? undefined : `Pod ${name} has condition ${matched.type}`;
}

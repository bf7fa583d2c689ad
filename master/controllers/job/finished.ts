/** Whether a Job has come to its end. */
import type { Job } from '../../../shared/kubernetes/objects.ts';

export function hasCondition({ status }: Job, type: string): boolean {
  return (status?.conditions ?? []).some(condition => condition.type === type && condition.status === 'True');
}

export function isFinished(job: Job): boolean {
  return hasCondition(job, 'Complete') || hasCondition(job, 'Failed');
}

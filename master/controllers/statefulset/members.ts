/** What a StatefulSet consists of at one moment, and how its pods stand. */
import type { Pod, PodTemplateSpec, StatefulSet } from '../../../shared/kubernetes/objects.ts';
import { isPodReady } from '../../../shared/kubernetes/pod-state.ts';

type TemplateRevision = { readonly revision: string; readonly template: PodTemplateSpec };

export type Members = {
  readonly set: StatefulSet;
  /** Every number that should have a pod, from the lowest. */
  readonly places: readonly { readonly ordinal: number; readonly pod: Pod | undefined }[];
  /** Pods whose numbers are not wanted any more, from the highest. */
  readonly condemned: readonly { readonly ordinal: number; readonly pod: Pod }[];
  /** The template that all pods had before the present one. */
  readonly current: TemplateRevision;
  readonly update: TemplateRevision;
};

export function isReady(pod: Pod): boolean {
  return pod.status?.phase === 'Running' && isPodReady(pod);
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

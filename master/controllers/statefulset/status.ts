/** What a StatefulSet's status says. Pure. */
import { canonicalJson } from '../../../shared/digest.ts';
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { podAvailableAtMs } from '../../../shared/kubernetes/pod-state.ts';
import type { Action } from '../controller.ts';
import { isReady, isTerminating, type Members } from './members.ts';
import { REVISION_LABEL } from './pods.ts';

/** Empty when the status stands. Once every pod is of the new template, that one becomes the current. */
export function statusAction(members: Members, pods: readonly Pod[], nowMs: number): readonly Action[] {
  const { set, current, update } = members;
  const { minReadySeconds, updateStrategy, replicas: wanted = 1 } = set.spec;
  const ready = pods.filter(isReady);
  const countOf = (revision: string) =>
    pods.filter(pod => !isTerminating(pod) && pod.metadata.labels?.[REVISION_LABEL] === revision).length;
  const updated = countOf(update.revision);
  const isComplete =
    updateStrategy?.type !== 'OnDelete' &&
    updated === wanted &&
    pods.length === wanted &&
    ready.length === wanted;
  const status = {
    ...set.status,
    observedGeneration: set.metadata.generation ?? 0,
    replicas: pods.length,
    readyReplicas: ready.length,
    availableReplicas: ready.filter(pod => (podAvailableAtMs(pod, minReadySeconds) ?? Infinity) <= nowMs)
      .length,
    currentReplicas: isComplete ? updated : countOf(current.revision),
    updatedReplicas: updated,
    currentRevision: isComplete ? update.revision : current.revision,
    updateRevision: update.revision,
    collisionCount: set.status?.collisionCount ?? 0,
  };
  if (canonicalJson(status) === canonicalJson(set.status ?? {})) return [];
  return [{ kind: 'updateStatus', of: 'StatefulSet', object: { ...set, status } }];
}

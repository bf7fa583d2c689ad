/** Pod garbage: pods that no agent will ever finish, and ended ones beyond what is kept. */
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodTerminal } from '../../../shared/kubernetes/pod-state.ts';
import { refOf } from '../../../shared/kubernetes/references.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import type { Controller, Plan, PlanInput } from '../controller.ts';
import { MAX_ENDED_PODS } from '../limits.ts';

export const podGarbageCollector: Controller<'Pod'> = {
  name: 'pod-garbage-collector',
  of: 'Pod',
  wakes: {
    Node: (node, view) =>
      view.get('Node', refOf(node)) === undefined ? view.podsOnNode(node.metadata.name).map(refOf) : [],
    Pod: (pod, view) => (isPodTerminal(pod) ? superfluous(view).map(refOf) : []),
  },
  plan: planPodGarbage,
};

/** Removes the pod at once, without hearing from a node, when nobody will ever report that it ended. */
function planPodGarbage({ view, ref }: PlanInput): Plan {
  const pod = view.get('Pod', ref);
  if (pod === undefined || !isGarbage(pod, view)) return { actions: [] };
  return { actions: [deleteOf('Pod', pod, { gracePeriodSeconds: 0 })] };
}

function isGarbage(pod: Pod, view: ClusterView): boolean {
  const { nodeName } = pod.spec;
  const { deletionTimestamp, finalizers = [], deletionGracePeriodSeconds } = pod.metadata;
  const isReleased = deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0;
  if (isReleased && finalizers.length > 0) return false;
  if (nodeName && view.get('Node', { name: nodeName }) === undefined) return true;
  if (!nodeName && deletionTimestamp !== undefined) return true;
  return isPodTerminal(pod) && superfluous(view).includes(pod);
}

/** Ended pods beyond what is kept, oldest first; those that an owner keeps count too, for their owner keeps making them. */
function superfluous(view: ClusterView): readonly Pod[] {
  const ended = view
    .list('Pod')
    .filter(pod => isPodTerminal(pod) && pod.metadata.deletionTimestamp === undefined);
  if (ended.length <= MAX_ENDED_PODS) return [];
  return ended.sort((a, b) => (ageKey(a) < ageKey(b) ? -1 : 1)).slice(0, ended.length - MAX_ENDED_PODS);
}

function ageKey({ metadata }: Pod): string {
  return `${metadata.creationTimestamp} ${metadata.uid}`;
}

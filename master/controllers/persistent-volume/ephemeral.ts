/** Makes the claims of generic ephemeral volumes; they go with their pod. Pure. Source: Kubernetes's ephemeral volume controller. */
import type * as core from 'kubernetes-types/core/v1';
import type { Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodTerminal } from '../../../shared/kubernetes/pod-state.ts';
import { controllerOf, controllerReference, refOf } from '../../../shared/kubernetes/references.ts';
import { claimNameOf, claimNamesOf } from '../../../shared/kubernetes/volumes.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Action, Controller } from '../controller.ts';

export const ephemeralVolumeController: Controller<'Pod'> = {
  name: 'ephemeral_volume',
  of: 'Pod',
  wakes: {
    PersistentVolumeClaim: ({ metadata }, view) =>
      view
        .list('Pod', metadata.namespace)
        .filter(pod => claimNamesOf(pod).includes(metadata.name))
        .map(refOf),
  },
  plan({ view, ref }) {
    const pod = view.get('Pod', ref);
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined || isPodTerminal(pod))
      return { actions: [] };
    return { actions: (pod.spec.volumes ?? []).flatMap(volume => claimFor(pod, volume, view)) };
  },
};

function claimFor(pod: Pod, volume: core.Volume, view: ClusterView): Action[] {
  const template = volume.ephemeral?.volumeClaimTemplate;
  const name = claimNameOf(pod.metadata.name, volume);
  if (template === undefined || name === undefined) return [];
  const { namespace, uid } = pod.metadata;
  const found = view.get('PersistentVolumeClaim', { namespace, name });
  if (found !== undefined && controllerOf(found)?.uid === uid) return [];
  if (found !== undefined) {
    const message = `PVC ${namespace}/${name} was not created for pod ${namespace}/${pod.metadata.name} (pod is not owner)`;
    const about = subjectOf('Pod', pod);
    return [{ kind: 'event', about, type: 'Warning', reason: 'FailedBinding', message }];
  }
  const { labels, annotations } = template.metadata ?? {};
  const ownerReferences = [controllerReference('Pod', pod)];
  const object = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace, name, labels, annotations, ownerReferences },
    spec: template.spec,
  };
  return [{ kind: 'create', of: 'PersistentVolumeClaim', object }];
}

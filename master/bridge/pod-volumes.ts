/** The volumes behind the claims of a pod, as its node needs to know them, and those that a node is to remove. Pure. */
import type { Pod } from '../../shared/kubernetes/objects.ts';
import {
  claimNamesOf,
  homeOf,
  isBound,
  isReachableFrom,
  type PersistentVolume,
  removalIn,
  VOLUME_ANNOTATION,
} from '../../shared/kubernetes/volumes.ts';
import { MAX_REMOVED_VOLUMES } from '../../shared/protocol/limits.ts';
import type { ClaimedVolume } from '../../shared/protocol/messages.ts';
import type { ClusterView } from '../watch/cluster-view.ts';

/** By the name of the claim; undefined for a pod without any. */
export function claimsOf(view: ClusterView, pod: Pod): Record<string, ClaimedVolume> | undefined {
  const names = claimNamesOf(pod);
  if (names.length === 0) return undefined;
  return Object.fromEntries(names.flatMap(name => claimedVolume(view, pod, name)));
}

function claimedVolume(view: ClusterView, pod: Pod, name: string): [string, ClaimedVolume][] {
  const claim = view.get('PersistentVolumeClaim', { namespace: pod.metadata.namespace, name });
  if (claim === undefined) return [];
  const volume = isBound(claim)
    ? view.get('PersistentVolume', { name: claim.spec?.volumeName ?? '' })
    : undefined;
  if (volume === undefined) return [[name, { error: `persistentvolumeclaim "${name}" is not bound` }]];
  const node = view.get('Node', { name: pod.spec.nodeName ?? '' });
  if (node !== undefined && !isReachableFrom(volume, node))
    return [
      [
        name,
        { error: `volume "${volume.metadata.name}" cannot be reached from node "${node.metadata.name}"` },
      ],
    ];
  return [[name, sourceOf(volume)]];
}

function sourceOf(volume: PersistentVolume): ClaimedVolume {
  const { name } = volume.metadata;
  const { local, hostPath } = volume.spec ?? {};
  if (local !== undefined)
    return { volume: name, source: homeOf(volume) === undefined ? 'local' : 'folder', path: local.path };
  if (hostPath !== undefined)
    return { volume: name, source: 'hostPath', path: hostPath.path, hostType: hostPath.type };
  return { error: `volume "${name}" is neither local nor hostPath, which are all that this node supports` };
}

/** Sorted; at most MAX_REMOVED_VOLUMES. An order from before the master's state was restored is not among them. */
export function volumesToRemove(view: ClusterView, node: string, incarnation: number): readonly string[] {
  return view
    .list('PersistentVolume')
    .filter(
      volume =>
        volume.metadata.annotations?.[VOLUME_ANNOTATION.removal] === removalIn(incarnation) &&
        homeOf(volume) === node,
    )
    .map(({ metadata }) => metadata.name)
    .sort()
    .slice(0, MAX_REMOVED_VOLUMES);
}

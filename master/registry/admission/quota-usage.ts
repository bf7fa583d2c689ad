/** What the objects of a namespace use of a quota, counted on the view. Pure. */
import type { KindMap, KindName, KubeObject } from '../../../shared/kubernetes/objects.ts';
import type { Amounts } from '../../../shared/kubernetes/pod-requests.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { BUILTIN_KINDS } from '../kinds.ts';
import { type Counted, usageOf, usedOf } from './quota.ts';

/** What the namespace of a quota uses of it. O(objects of the kinds that the quota counts). */
export function usedIn(view: ClusterView, quota: KindMap['ResourceQuota']): Amounts {
  const hard = Object.keys(quota.spec?.hard ?? {});
  const counted = countedKinds(view).filter(kind => hard.some(name => concerns(name, kind)));
  const objects = counted.flatMap(kind =>
    view
      .list(kind.id, quota.metadata.namespace)
      .map((object: KubeObject) => ({ object, usage: usageOf(kind, object) })),
  );
  return usedOf(quota, objects);
}

/** True when objects of the kind may take of that resource. */
function concerns(resource: string, { id, group, plural }: Counted): boolean {
  if (resource.startsWith('count/')) return resource === `count/${plural}${group === '' ? '' : `.${group}`}`;
  if (id === 'Service' && resource.startsWith('services.')) return true;
  if (/(^requests\.storage|\.storage\.k8s\.io\/.*)$/.test(resource)) return id === 'PersistentVolumeClaim';
  return resource === plural || (id === 'Pod' && !/^(services|configmaps|secrets)/.test(resource));
}

function countedKinds(view: ClusterView): readonly Counted[] {
  return [...BUILTIN_KINDS, ...view.kinds().flatMap(customKind)];
}

/** A custom kind's name is its plural, a dot, and its group. */
function customKind(id: KindName): readonly Counted[] {
  const dot = id.indexOf('.');
  return dot < 0 ? [] : [{ id, plural: id.slice(0, dot), group: id.slice(dot + 1) }];
}

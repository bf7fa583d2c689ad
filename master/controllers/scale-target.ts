/** The built-in kinds that have a size, read and written alike. Pure. */
import type {
  KindName,
  LabelSelector,
  ObjectRef,
  OwnerReference,
  Pod,
} from '../../shared/kubernetes/objects.ts';
import { controllerOf, kindOfOwner } from '../../shared/kubernetes/references.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { updateOf } from './actions.ts';
import type { Action } from './controller.ts';

export type ScaleTarget = {
  readonly uid: string;
  /** What its spec says. */
  readonly replicas: number;
  /** What its status says. */
  readonly observedReplicas: number;
  readonly selector: LabelSelector | undefined;
  readonly owner: OwnerReference | undefined;
  resize(replicas: number): Action;
};

/** The object of that kind and name, if the kind has a size and the object is there. */
export function scaleTarget(
  view: ClusterView,
  kind: string | undefined,
  ref: ObjectRef,
): ScaleTarget | undefined {
  switch (kind) {
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet': {
      const object = view.get(kind, ref);
      if (object === undefined) return undefined;
      const sized = (replicas: number) => ({ ...object, spec: { ...object.spec, replicas } });
      return {
        ...common(object),
        selector: object.spec.selector,
        resize: replicas => updateOf<KindName>(kind, sized(replicas)),
      };
    }
    case 'ReplicationController': {
      const object = view.get(kind, ref);
      if (object === undefined) return undefined;
      return {
        ...common(object),
        selector: { matchLabels: object.spec.selector },
        resize: replicas => ({
          kind: 'update',
          of: kind,
          object: { ...object, spec: { ...object.spec, replicas } },
        }),
      };
    }
    default:
      return undefined;
  }
}

function common(object: {
  readonly metadata: { readonly uid: string; readonly ownerReferences?: readonly OwnerReference[] };
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}) {
  const { metadata, spec, status } = object;
  return {
    uid: metadata.uid,
    replicas: spec.replicas ?? 1,
    observedReplicas: status?.replicas ?? 0,
    owner: controllerOf(object),
  };
}

/** What sets the size of a pod's group: its controller, or for the ReplicaSet of a Deployment that one. */
export function scalerOf(view: ClusterView, pod: Pod): ScaleTarget | undefined {
  const { namespace } = pod.metadata;
  const byOwner = (owner: OwnerReference | undefined) => {
    if (owner === undefined) return undefined;
    const target = scaleTarget(view, kindOfOwner(owner), { namespace, name: owner.name });
    return target?.uid === owner.uid ? target : undefined;
  };
  const direct = byOwner(controllerOf(pod));
  return direct?.owner === undefined ? direct : (byOwner(direct.owner) ?? direct);
}

/** The kinds that have a size, custom ones too, read and written alike. Pure. */
import type {
  CustomObject,
  KindName,
  ObjectRef,
  OwnerReference,
  Pod,
} from '../../shared/kubernetes/objects.ts';
import { controllerOf, groupOf } from '../../shared/kubernetes/references.ts';
import { parseLabelSelector, type Requirement, requirementsOf } from '../../shared/kubernetes/selectors.ts';
import { scalingOf } from '../registry/custom/scaling.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { customKindName } from '../watch/keys.ts';
import { updateOf } from './actions.ts';
import type { Action } from './controller.ts';

export type ScaleTarget = {
  readonly uid: string;
  /** What its spec says. */
  readonly replicas: number;
  /** What its status says. */
  readonly observedReplicas: number;
  /** Of its pods' labels; undefined where it does not say. */
  readonly selector: readonly Requirement[] | undefined;
  readonly owner: OwnerReference | undefined;
  resize(replicas: number): Action;
};

/** A kind as another object names it. */
type NamedKind = { readonly apiVersion?: string; readonly kind: string };

/** The object of that kind and name, if the kind has a size and the object is there. */
export function scaleTarget(view: ClusterView, named: NamedKind, ref: ObjectRef): ScaleTarget | undefined {
  const isBuiltIn = ['', 'apps'].includes(groupOf(named.apiVersion ?? ''));
  return isBuiltIn ? builtInTarget(view, named.kind, ref) : customTarget(view, named, ref);
}

function builtInTarget(view: ClusterView, kind: string, ref: ObjectRef): ScaleTarget | undefined {
  switch (kind) {
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet': {
      const object = view.get(kind, ref);
      if (object === undefined) return undefined;
      const sized = (replicas: number) => ({ ...object, spec: { ...object.spec, replicas } });
      return {
        ...common(object),
        selector: requirementsOf(object.spec.selector),
        resize: replicas => updateOf<KindName>(kind, sized(replicas)),
      };
    }
    case 'ReplicationController': {
      const object = view.get(kind, ref);
      if (object === undefined) return undefined;
      return {
        ...common(object),
        selector: requirementsOf({ matchLabels: object.spec.selector }),
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

/** By the version that it is stored in: the paths to its numbers belong to that one. */
function customTarget(view: ClusterView, named: NamedKind, ref: ObjectRef): ScaleTarget | undefined {
  const group = groupOf(named.apiVersion ?? '');
  const definition = view
    .list('CustomResourceDefinition')
    .find(({ spec }) => spec.group === group && spec.names.kind === named.kind);
  const version = definition?.spec.versions.find(({ storage }) => storage);
  const scaling = scalingOf(version?.subresources ?? {});
  if (definition === undefined || scaling === undefined) return undefined;
  const kind = customKindName(group, definition.spec.names.plural);
  const object: CustomObject | undefined = view.get(kind, ref);
  if (object === undefined) return undefined;
  const { wanted, observed, selector } = scaling.read(object);
  const parsed = selector === '' ? undefined : parseLabelSelector(selector);
  return {
    uid: object.metadata.uid,
    replicas: wanted,
    observedReplicas: observed,
    selector: parsed?.ok === true ? parsed.requirements : undefined,
    owner: controllerOf(object),
    resize: replicas => updateOf(kind, scaling.write(object, replicas)),
  };
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
    const target = scaleTarget(view, owner, { namespace, name: owner.name });
    return target?.uid === owner.uid ? target : undefined;
  };
  const direct = byOwner(controllerOf(pod));
  return direct?.owner === undefined ? direct : (byOwner(direct.owner) ?? direct);
}

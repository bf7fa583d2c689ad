/** Which objects are an owner's own: adopts matching orphans and releases what no longer matches its selector. Pure. */
import type {
  BuiltinKindName,
  KindMap,
  KindName,
  LabelSelector,
  OwnerReference,
} from '../../shared/kubernetes/objects.ts';
import { controllerOf, controllerReference } from '../../shared/kubernetes/references.ts';
import { matchesRequirements, type Requirement, requirementsOf } from '../../shared/kubernetes/selectors.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { updateOf } from './actions.ts';
import type { Action } from './controller.ts';

type Owner = {
  readonly metadata: { readonly name: string; readonly uid: string; readonly namespace?: string };
  readonly spec: { readonly selector?: LabelSelector };
};

export type Claim<T> = {
  /** Controlled by the owner and matching its selector, whatever their state. */
  readonly owned: readonly T[];
  /** Adoptions and releases still to be made. An owner that counts should count again after them. */
  readonly actions: readonly Action[];
};

type ClaimOptions<K extends KindName> = {
  readonly of: K;
  readonly owner: Owner;
  readonly ownerKind: BuiltinKindName;
  /** Which matching orphans it takes; all without. */
  readonly mayAdopt?: (object: KindMap[K]) => boolean;
};

/** An owner with an empty selector owns nothing new: it would adopt the whole namespace. */
export function claim<K extends KindName>(
  view: ClusterView,
  { of, owner, ownerKind, mayAdopt = () => true }: ClaimOptions<K>,
): Claim<KindMap[K]> {
  const requirements = requirementsOf(owner.spec.selector);
  const mine = view.ownedBy(of, owner.metadata.uid);
  const owned = mine.filter(object => matchesRequirements(requirements, object.metadata.labels));
  const released = mine
    .filter(object => !owned.includes(object) && object.metadata.deletionTimestamp === undefined)
    .map(object => updateOf(of, withoutOwner<K>(object, owner.metadata.uid)));
  const reference = controllerReference(ownerKind, owner);
  const adopted = orphansOf(view, { of, namespace: owner.metadata.namespace, requirements })
    .filter(mayAdopt)
    .map(object => updateOf(of, withOwner<K>(object, reference)));
  return { owned, actions: [...released, ...adopted] };
}

function orphansOf<K extends KindName>(
  view: ClusterView,
  query: { of: K; namespace: string | undefined; requirements: readonly Requirement[] },
): readonly KindMap[K][] {
  if (query.requirements.length === 0) return [];
  return view
    .list(query.of, query.namespace)
    .filter(
      object =>
        object.metadata.deletionTimestamp === undefined &&
        controllerOf(object) === undefined &&
        matchesRequirements(query.requirements, object.metadata.labels),
    );
}

/** The object without its references to that owner. */
export function withoutOwner<K extends KindName>(object: KindMap[K], uid: string): KindMap[K] {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(owner => owner.uid !== uid);
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

function withOwner<K extends KindName>(object: KindMap[K], owner: OwnerReference): KindMap[K] {
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), owner];
  return { ...object, metadata: { ...object.metadata, ownerReferences } };
}

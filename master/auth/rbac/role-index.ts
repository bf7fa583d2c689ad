/** Who is granted what, ready to be asked: the RBAC objects of one view, sorted by subject. Pure. */
import type * as rbac from 'kubernetes-types/rbac/v1';
import type { KindMap, ObjectRef } from '../../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { type Identity, serviceAccountOf } from '../identity.ts';
import type { PolicyRule } from './rules.ts';

/** One subject of one binding. */
export type Grant = {
  readonly rules: readonly PolicyRule[];
  /** The role that the binding names and that is not there, as an error says it. */
  readonly missing?: string;
  /** Such as `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
  readonly description: string;
};

/** Grants by subject, for the whole cluster and by namespace. */
export type RoleIndex = {
  readonly everywhere: ReadonlyMap<string, readonly Grant[]>;
  readonly within: ReadonlyMap<string, ReadonlyMap<string, readonly Grant[]>>;
};

type Binding = KindMap['RoleBinding' | 'ClusterRoleBinding'];
type Grants = Map<string, Grant[]>;

/** O(subjects of all bindings). */
export function indexRoles(view: ClusterView): RoleIndex {
  const everywhere: Grants = new Map();
  const within = new Map<string, Grants>();
  for (const binding of view.list('ClusterRoleBinding')) addGrants(everywhere, view, binding);
  for (const binding of view.list('RoleBinding')) {
    const namespace = binding.metadata.namespace ?? '';
    const grants = within.get(namespace) ?? new Map();
    within.set(namespace, grants);
    addGrants(grants, view, binding);
  }
  return { everywhere, within };
}

function addGrants(grants: Grants, view: ClusterView, binding: Binding): void {
  const { name, namespace } = binding.metadata;
  const { kind, name: role } = binding.roleRef;
  const rules = rulesOfRole(view, binding.roleRef, namespace);
  const label =
    namespace === undefined
      ? `ClusterRoleBinding ${JSON.stringify(name)}`
      : `RoleBinding ${JSON.stringify(`${name}/${namespace}`)}`;
  for (const subject of binding.subjects ?? []) {
    const key = keyOfSubject(subject, namespace);
    const home = subject.namespace || namespace || '';
    const who = subject.kind === 'ServiceAccount' ? `${subject.name}/${home}` : subject.name;
    const grant: Grant = {
      rules: rules ?? [],
      ...(rules === undefined ? { missing: missingRole(binding.roleRef) } : {}),
      description: `${label} of ${kind} ${JSON.stringify(role)} to ${subject.kind} ${JSON.stringify(who)}`,
    };
    grants.set(key, [...(grants.get(key) ?? []), grant]);
  }
}

/** The rules of the role that a binding names; undefined when it is not there. */
export function rulesOfRole(
  view: ClusterView,
  { kind, name }: rbac.RoleRef,
  namespace: string | undefined,
): readonly PolicyRule[] | undefined {
  const ref: ObjectRef = { name, namespace };
  const role = kind === 'ClusterRole' ? view.get('ClusterRole', { name }) : view.get('Role', ref);
  return role === undefined ? undefined : (role.rules ?? []);
}

function missingRole({ kind, name }: rbac.RoleRef): string {
  const plural = kind === 'ClusterRole' ? 'clusterrole' : 'role';
  return `${plural}.rbac.authorization.k8s.io ${JSON.stringify(name)} not found`;
}

function keyOfSubject(subject: rbac.Subject, namespace: string | undefined): string {
  if (subject.kind !== 'ServiceAccount') return `${subject.kind} ${subject.name}`;
  return `ServiceAccount ${subject.namespace || namespace || ''}/${subject.name}`;
}

/** Every grant to this identity that counts in the namespace; those for the whole cluster alone without one. */
export function grantsOf(
  index: RoleIndex,
  { user, groups }: Identity,
  namespace: string | undefined,
): readonly Grant[] {
  const account = serviceAccountOf(user);
  const keys = [
    `User ${user}`,
    ...groups.map(group => `Group ${group}`),
    ...(account === undefined ? [] : [`ServiceAccount ${account.namespace}/${account.name}`]),
  ];
  const local = namespace === undefined ? undefined : index.within.get(namespace);
  return [index.everywhere, local].flatMap(grants => keys.flatMap(key => grants?.get(key) ?? []));
}

/** Who may do what: Kubernetes's role-based access control over the cluster's own Roles and bindings. */
import type { ClusterView, LiveView } from '../watch/cluster-view.ts';
import { type Identity, MASTERS } from './identity.ts';
import { grantsOf, indexRoles, type RoleIndex } from './rbac/role-index.ts';
import { type AccessRequest, type PolicyRule, ruleAllows } from './rbac/rules.ts';

export type Decision = {
  readonly allowed: boolean;
  /** Which binding allows it, or what stands in the way of knowing; empty when there is nothing to say. */
  readonly reason: string;
};

const RBAC_KINDS: ReadonlySet<string> = new Set(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding']);

/** Judges requests. The bindings are sorted once after each change of an RBAC object, not for each request. */
export class Authorizer {
  readonly view: ClusterView;
  private index: RoleIndex | undefined;

  constructor(view: LiveView) {
    this.view = view;
    view.onChange(({ kind }) => {
      if (RBAC_KINDS.has(kind)) this.index = undefined;
    });
  }

  private current(): RoleIndex {
    this.index ??= indexRoles(this.view);
    return this.index;
  }

  /** O(rules granted to this identity). */
  decide(identity: Identity, request: AccessRequest): Decision {
    if (identity.groups.includes(MASTERS)) return { allowed: true, reason: '' };
    const namespace = 'path' in request ? undefined : request.namespace;
    const grants = grantsOf(this.current(), identity, namespace);
    const found = grants.find(({ rules }) => rules.some(rule => ruleAllows(rule, request)));
    if (found !== undefined) return { allowed: true, reason: `RBAC: allowed by ${found.description}` };
    const missing = [...new Set(grants.flatMap(grant => grant.missing ?? []))];
    const list = missing.length > 1 ? `[${missing.join(', ')}]` : missing[0];
    return { allowed: false, reason: list === undefined ? '' : `RBAC: ${list}` };
  }

  isAllowed(identity: Identity, request: AccessRequest): boolean {
    return this.decide(identity, request).allowed;
  }

  /** Every rule that counts for this identity in the namespace; those for the whole cluster alone without one. */
  rulesFor(identity: Identity, namespace: string | undefined): readonly PolicyRule[] {
    return grantsOf(this.current(), identity, namespace).flatMap(({ rules }) => rules);
  }
}

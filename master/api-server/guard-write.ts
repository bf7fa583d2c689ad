/** What depends on who writes: nobody grants more than they hold, and a signing request says who made it. */
import { ApiError, invalid, type StatusCause } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, New } from '../../shared/kubernetes/objects.ts';
import type { Authorizer } from '../auth/authorize.ts';
import type { Identity } from '../auth/identity.ts';
import { refuseBindingEscalation, refuseRoleEscalation } from '../auth/rbac/escalation.ts';
import { forbidden } from '../registry/field-checks.ts';
import type { Kind } from '../registry/kind.ts';
import type { Part } from '../registry/registry.ts';
import { stored } from '../registry/stored-object.ts';

export type GuardedWrite<K extends KindName> = {
  readonly kind: Kind<K>;
  readonly part: Part;
  readonly next: New<KindMap[K]>;
  /** Absent for a new object. */
  readonly current?: KindMap[K];
};

type Asking = { readonly authorizer: Authorizer; readonly identity: Identity };

/** The object as its writer may write it. Throws ApiError Forbidden, NotFound. */
export function guardWrite<K extends KindName>(asking: Asking, write: GuardedWrite<K>): New<KindMap[K]> {
  const { kind, part, next, current } = write;
  const { name = '', namespace } = next.metadata;
  const target = { plural: kind.plural, name, namespace };
  switch (kind.id) {
    case 'Role':
    case 'ClusterRole':
      refuseRoleEscalation(
        asking,
        target,
        stored<'ClusterRole'>(next),
        current === undefined ? undefined : stored<'ClusterRole'>(current),
      );
      return next;
    case 'RoleBinding':
    case 'ClusterRoleBinding':
      refuseBindingEscalation(
        asking,
        target,
        stored<'RoleBinding'>(next),
        current === undefined ? undefined : stored<'RoleBinding'>(current),
      );
      return next;
    case 'CertificateSigningRequest': {
      const request = stored<'CertificateSigningRequest'>(next);
      if (current === undefined) return stored<K>(ofRequester(request, asking.identity));
      const { spec, status } = stored<'CertificateSigningRequest'>(current);
      if (part === 'status') {
        requireSigner(asking, 'sign', name, spec.signerName);
        const faults = changedVerdicts(status?.conditions ?? [], request.status?.conditions ?? []);
        if (faults.length > 0) throw invalid(kind, name, faults);
      }
      // What was asked for does not change: whoever approves it must know what they approve.
      return stored<K>({ ...request, spec });
    }
    default:
      return next;
  }
}

type SigningRequest = KindMap['CertificateSigningRequest'];
type Conditions = readonly { readonly type: string }[];

/** Who signs does not approve. */
function changedVerdicts(before: Conditions, after: Conditions): StatusCause[] {
  const has = (conditions: Conditions, verdict: string) => conditions.some(({ type }) => type === verdict);
  return ['Approved', 'Denied']
    .filter(verdict => has(before, verdict) !== has(after, verdict))
    .map(verdict => {
      const change = has(before, verdict) ? 'remove' : 'add';
      return forbidden('status.conditions', `updates may not ${change} a condition of type "${verdict}"`);
    });
}

function ofRequester(request: SigningRequest, { user, uid, groups, extra }: Identity): SigningRequest {
  const { username: _user, uid: _uid, groups: _groups, extra: _extra, ...asked } = request.spec ?? {};
  const spec = {
    ...asked,
    username: user,
    groups: [...groups],
    ...(uid === undefined ? {} : { uid }),
    ...(extra === undefined
      ? {}
      : { extra: Object.fromEntries(Object.entries(extra).map(([key, values]) => [key, [...values]])) }),
  };
  return stored<'CertificateSigningRequest'>({ ...request, spec });
}

/** Throws ApiError Forbidden unless the identity may approve, or sign, for this signer or all of its domain. */
export function requireSigner(
  { authorizer, identity }: Asking,
  verb: 'approve' | 'sign',
  name: string,
  signer: string,
): void {
  const mayFor = (signerName: string) =>
    authorizer.isAllowed(identity, {
      verb,
      group: 'certificates.k8s.io',
      resource: 'signers',
      name: signerName,
    });
  if (mayFor(signer) || mayFor(`${signer.split('/')[0]}/*`)) return;
  throw new ApiError(
    'Forbidden',
    `certificatesigningrequests.certificates.k8s.io ${JSON.stringify(name)} is forbidden: user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`,
    { name, group: 'certificates.k8s.io', kind: 'certificatesigningrequests' },
  );
}

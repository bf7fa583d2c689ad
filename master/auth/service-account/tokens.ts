/**
 * Tokens of service accounts: what they say, and whether it still holds. A token is good while its account, and the pod, Secret
 * or node that it is bound to, are the very objects that it was issued for. Source: k8s.io/kubernetes/pkg/serviceaccount.
 */
import * as v from 'valibot';
import type { Clock } from '../../../shared/clock.ts';
import type { KindMap, Secret } from '../../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { type Identity, serviceAccountGroups, serviceAccountUser } from '../identity.ts';
import { isSameText, secretText } from '../secret-text.ts';
import { signJwt, verifiedClaims } from './jwt.ts';
import type { SigningKey } from './signing-key.ts';

/** The issuer, and the audience of tokens that are meant for the API: Kubernetes's default. */
export const ISSUER = 'https://kubernetes.default.svc.cluster.local';
/** The issuer of tokens that lie in Secrets and do not expire. */
const LEGACY_ISSUER = 'kubernetes/serviceaccount';

export const TOKEN_SECRET_TYPE = 'kubernetes.io/service-account-token';
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name';
export const ACCOUNT_UID = 'kubernetes.io/service-account.uid';

type Named = { readonly name: string; readonly uid: string };

export type TokenOptions = {
  readonly account: KindMap['ServiceAccount'];
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** At most one of pod and secret; a node alone, or that of the pod. */
  readonly pod?: Named;
  readonly secret?: Named;
  readonly node?: Named;
};

const NamedSchema = v.object({ name: v.string(), uid: v.string() });
const ClaimsSchema = v.object({
  iss: v.literal(ISSUER),
  aud: v.array(v.string()),
  exp: v.number(),
  nbf: v.number(),
  jti: v.optional(v.string()),
  'kubernetes.io': v.object({
    namespace: v.string(),
    serviceaccount: NamedSchema,
    pod: v.optional(NamedSchema),
    secret: v.optional(NamedSchema),
    node: v.optional(v.object({ name: v.string(), uid: v.optional(v.string()) })),
  }),
});
type Claims = v.InferOutput<typeof ClaimsSchema>;

const LegacyClaimsSchema = v.object({
  iss: v.literal(LEGACY_ISSUER),
  'kubernetes.io/serviceaccount/namespace': v.string(),
  'kubernetes.io/serviceaccount/secret.name': v.string(),
  'kubernetes.io/serviceaccount/service-account.name': v.string(),
  'kubernetes.io/serviceaccount/service-account.uid': v.string(),
});

/** Whose token it is, and for whom: those of the wanted audiences that it names. */
export type VerifiedToken = { readonly identity: Identity; readonly audiences: readonly string[] };

/** Issues and judges tokens, both by the master's clock. */
export class ServiceAccountTokens {
  private readonly key: SigningKey;
  private readonly clock: Clock;
  private readonly newId: () => string;

  /** `newId` names each token. */
  constructor(key: SigningKey, clock: Clock, newId: () => string) {
    this.key = key;
    this.clock = clock;
    this.newId = newId;
  }

  /** A new token, and when it expires in milliseconds since 1970. */
  issue(options: TokenOptions): { token: string; expiresAtMs: number } {
    const { account, audiences, expirationSeconds, pod, secret, node } = options;
    const { namespace = '', name, uid } = account.metadata;
    const now = Math.floor(this.clock.nowMs() / 1000);
    const exp = now + expirationSeconds;
    const token = signJwt(this.key, {
      aud: audiences,
      exp,
      iat: now,
      iss: ISSUER,
      jti: this.newId(),
      'kubernetes.io': {
        namespace,
        ...(node === undefined ? {} : { node }),
        ...(pod === undefined ? {} : { pod }),
        ...(secret === undefined ? {} : { secret }),
        serviceaccount: { name, uid },
      },
      nbf: now,
      sub: serviceAccountUser(namespace, name),
    });
    return { token, expiresAtMs: exp * 1000 };
  }

  /** The token that a Secret of an account carries: good until the Secret or the account goes. */
  issueForSecret(account: KindMap['ServiceAccount'], secret: string): string {
    const { namespace = '', name, uid } = account.metadata;
    return signJwt(this.key, {
      iss: LEGACY_ISSUER,
      'kubernetes.io/serviceaccount/namespace': namespace,
      'kubernetes.io/serviceaccount/secret.name': secret,
      'kubernetes.io/serviceaccount/service-account.name': name,
      'kubernetes.io/serviceaccount/service-account.uid': uid,
      sub: serviceAccountUser(namespace, name),
    });
  }

  /** What the token proves today to one of the `audiences`; undefined when nothing. */
  verify(
    view: ClusterView,
    token: string,
    audiences: readonly string[] = [ISSUER],
  ): VerifiedToken | undefined {
    const claims = verifiedClaims(this.key, token);
    const bound = v.safeParse(ClaimsSchema, claims);
    if (bound.success) return verifyBound(view, bound.output, audiences, this.clock.nowMs());
    const legacy = v.safeParse(LegacyClaimsSchema, claims);
    if (!legacy.success || !audiences.includes(ISSUER)) return undefined;
    const identity = verifyLegacy(view, legacy.output, token);
    return identity === undefined ? undefined : { identity, audiences: [ISSUER] };
  }

  /** The public key as a JSON Web Key Set. [RFC 7517] */
  keySet() {
    const { kty, crv, x, y } = this.key.publicKey.export({ format: 'jwk' });
    return { keys: [{ use: 'sig', kty, kid: this.key.keyId, crv, alg: 'ES256', x, y }] };
  }
}

function verifyBound(
  view: ClusterView,
  claims: Claims,
  audiences: readonly string[],
  nowMs: number,
): VerifiedToken | undefined {
  const accepted = audiences.filter(audience => claims.aud.includes(audience));
  const isInTime = claims.nbf * 1000 <= nowMs && nowMs < claims.exp * 1000;
  if (accepted.length === 0 || !isInTime) return undefined;
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io'];
  const isThere =
    lives(view, 'ServiceAccount', namespace, serviceaccount) &&
    (pod === undefined || lives(view, 'Pod', namespace, pod)) &&
    (secret === undefined || lives(view, 'Secret', namespace, secret)) &&
    // A pod's node is told, not asked for: the pod goes with it.
    (node === undefined || pod !== undefined || lives(view, 'Node', undefined, node));
  if (!isThere) return undefined;
  const extra = {
    ...(claims.jti === undefined
      ? {}
      : { 'authentication.kubernetes.io/credential-id': [`JTI=${claims.jti}`] }),
    ...namedExtra('pod', pod),
    ...namedExtra('node', node),
  };
  return { identity: identityOf(namespace, serviceaccount, extra), audiences: accepted };
}

function namedExtra(what: string, named: { name: string; uid?: string } | undefined) {
  if (named === undefined) return {};
  return {
    [`authentication.kubernetes.io/${what}-name`]: [named.name],
    ...(named.uid === undefined ? {} : { [`authentication.kubernetes.io/${what}-uid`]: [named.uid] }),
  };
}

function lives(
  view: ClusterView,
  kind: 'ServiceAccount' | 'Pod' | 'Secret' | 'Node',
  namespace: string | undefined,
  { name, uid }: { readonly name: string; readonly uid?: string },
): boolean {
  return view.get(kind, { name, namespace })?.metadata.uid === uid;
}

function verifyLegacy(
  view: ClusterView,
  claims: v.InferOutput<typeof LegacyClaimsSchema>,
  token: string,
): Identity | undefined {
  const namespace = claims['kubernetes.io/serviceaccount/namespace'];
  const secret = view.get('Secret', { namespace, name: claims['kubernetes.io/serviceaccount/secret.name'] });
  const account = {
    name: claims['kubernetes.io/serviceaccount/service-account.name'],
    uid: claims['kubernetes.io/serviceaccount/service-account.uid'],
  };
  if (!lives(view, 'ServiceAccount', namespace, account) || !holds(secret, token)) return undefined;
  return identityOf(namespace, account, {});
}

/** Emptying or deleting the Secret revokes its token. */
function holds(secret: Secret | undefined, token: string): boolean {
  if (secret?.type !== TOKEN_SECRET_TYPE || secret.metadata.deletionTimestamp !== undefined) return false;
  return isSameText(secretText(secret, 'token') ?? '', token);
}

function identityOf(namespace: string, { name, uid }: Named, extra: Identity['extra']): Identity {
  return {
    user: serviceAccountUser(namespace, name),
    groups: serviceAccountGroups(namespace),
    uid,
    extra,
  };
}

/** Which service account tokens a pod's volumes ask for. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument, TokenRequest } from '../../shared/protocol/messages.ts';

/** Kubernetes's default of `expirationSeconds`. */
const DEFAULT_SECONDS = 3600;

/** What the pod `podUid` asks for with one source of a projected volume. */
export function tokenRequestOf(podUid: string, source: core.ServiceAccountTokenProjection): TokenRequest {
  const { audience = '', expirationSeconds = DEFAULT_SECONDS } = source;
  return { podUid, audience, expirationSeconds };
}

/** All that the pod's volumes ask for; none for most pods that say `automountServiceAccountToken: false`. */
export function tokenRequestsOf({ uid, spec }: PodDocument): readonly TokenRequest[] {
  return (spec.volumes ?? []).flatMap(({ projected }) =>
    (projected?.sources ?? []).flatMap(({ serviceAccountToken }) =>
      serviceAccountToken ? [tokenRequestOf(uid, serviceAccountToken)] : [],
    ),
  );
}

/** Signs a CertificateSigningRequest for `kubernetes.io/kube-apiserver-client`, or says in its status why not. */
import type { Clock } from '../../shared/clock.ts';
import type { KindMap } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { SigningRequestError } from './certificates.ts';
import type { ClusterCa } from './cluster-ca.ts';

export type SigningRequest = KindMap['CertificateSigningRequest'];

/** The longest life of a certificate that was asked for, and that of one that asks for none; as in Kubernetes. */
const MAX_SECONDS = 365 * 86_400;
/** Clients whose clock is a little behind. */
const BACKDATE_MS = 5 * 60_000;
const PERMITTED: readonly string[] = ['digital signature', 'key encipherment', 'client auth'];

/** The request with a certificate, or with the condition Failed. */
export async function signClientRequest(
  { ca, clock }: { readonly ca: ClusterCa; readonly clock: Clock },
  request: SigningRequest,
): Promise<SigningRequest> {
  const { usages = [], expirationSeconds = MAX_SECONDS } = request.spec;
  const nowMs = clock.nowMs();
  const foreign = usages.filter(usage => !PERMITTED.includes(usage));
  if (!usages.includes('client auth') || foreign.length > 0)
    return failed(
      request,
      `usages did not match: expected ${PERMITTED.join(', ')}; got ${usages.join(', ')}`,
      nowMs,
    );
  const validity = {
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs: nowMs + Math.min(expirationSeconds, MAX_SECONDS) * 1000,
  };
  try {
    const requestPem = Buffer.from(request.spec.request, 'base64').toString('utf8');
    const certificate = Buffer.from(await ca.signClientRequest({ requestPem, validity })).toString('base64');
    return { ...request, status: { ...request.status, certificate } };
  } catch (error) {
    if (!(error instanceof SigningRequestError)) throw error;
    return failed(request, error.message, nowMs);
  }
}

function failed(request: SigningRequest, message: string, nowMs: number): SigningRequest {
  const now = formatTime(nowMs);
  const condition = {
    type: 'Failed',
    status: 'True',
    reason: 'SignerValidationFailure',
    message,
    lastUpdateTime: now,
    lastTransitionTime: now,
  };
  const conditions = [...(request.status?.conditions ?? []), condition];
  return { ...request, status: { ...request.status, conditions } };
}

/**
 * CertificateSigningRequest: one that is approved and asks for a client certificate of the API is signed; old ones are cleaned
 * away. Requests to any other signer are left to whoever signs for it. Source: k8s.io/kubernetes/pkg/controller/certificates.
 */
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import { parseTime } from '../../../shared/kubernetes/time.ts';
import { deleteOf } from '../actions.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';

const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client';

const HOUR_MS = 3_600_000;
/** How long a request is kept after it was decided, and how long one waits for a verdict; as in Kubernetes. */
const DECIDED_MS = HOUR_MS;
const PENDING_MS = 24 * HOUR_MS;

export const certificateSigningController: Controller<'CertificateSigningRequest'> = {
  name: 'certificate-signing-controller',
  of: 'CertificateSigningRequest',
  wakes: {},
  plan: planRequest,
};

function planRequest({ view, ref, nowMs }: PlanInput): Plan {
  const request = view.get('CertificateSigningRequest', ref);
  if (request === undefined || request.metadata.deletionTimestamp !== undefined) return { actions: [] };
  const endsAtMs = endOf(request);
  if (endsAtMs <= nowMs) return { actions: [deleteOf('CertificateSigningRequest', request)] };
  const sign: Action = { kind: 'sign', of: 'CertificateSigningRequest', request };
  return { actions: isToBeSigned(request) ? [sign] : [], againAtMs: endsAtMs };
}

function isToBeSigned({ spec, status }: KindMap['CertificateSigningRequest']): boolean {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  const isDecided = types.includes('Denied') || types.includes('Failed') || status?.certificate !== undefined;
  return spec.signerName === CLIENT_SIGNER && types.includes('Approved') && !isDecided;
}

function endOf({ metadata, status }: KindMap['CertificateSigningRequest']): number {
  const [first] = status?.conditions ?? [];
  const createdAtMs = parseTime(metadata.creationTimestamp) ?? 0;
  if (first === undefined) return createdAtMs + PENDING_MS;
  return (parseTime(first.lastUpdateTime) ?? createdAtMs) + DECIDED_MS;
}

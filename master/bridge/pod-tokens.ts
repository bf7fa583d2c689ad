/** Service account tokens for the pods of a node: what it asks for, answered as its kubelet's own TokenRequests would be. */
import type { Pod } from '../../shared/kubernetes/objects.ts';
import type { IssuedToken, TokenRequest } from '../../shared/protocol/messages.ts';
import { ISSUER, type ServiceAccountTokens } from '../auth/service-account/tokens.ts';
import type { ClusterView } from '../watch/cluster-view.ts';

type Deps = { readonly view: ClusterView; readonly tokens: Pick<ServiceAccountTokens, 'issue'> };

/** An answer to each: a token, bound to the pod, or why there is none. A node gets tokens of its own pods alone, and of these what their volumes name. */
export function issuePodTokens(deps: Deps, node: string, requests: readonly TokenRequest[]): IssuedToken[] {
  const pods = new Map(deps.view.podsOnNode(node).map(pod => [pod.metadata.uid, pod]));
  return requests.map(request => ({ ...request, ...issue(deps, pods.get(request.podUid), request) }));
}

function issue(
  { view, tokens }: Deps,
  pod: Pod | undefined,
  request: TokenRequest,
): Pick<IssuedToken, 'token' | 'validSeconds' | 'error'> {
  if (pod === undefined) return { error: 'no such pod on this node' };
  if (!isNamed(pod, request)) return { error: 'no volume of the pod asks for this token' };
  const { namespace, name, uid } = pod.metadata;
  const account = view.get('ServiceAccount', { namespace, name: pod.spec.serviceAccountName || 'default' });
  if (account === undefined)
    return { error: `serviceaccount "${pod.spec.serviceAccountName || 'default'}" not found` };
  const host = view.get('Node', { name: pod.spec.nodeName ?? '' });
  const { token } = tokens.issue({
    account,
    audiences: [request.audience || ISSUER],
    expirationSeconds: request.expirationSeconds,
    pod: { name, uid },
    ...(host && { node: { name: host.metadata.name, uid: host.metadata.uid } }),
  });
  return { token, validSeconds: request.expirationSeconds };
}

/** True where a projected volume of the pod names this audience and duration. */
function isNamed({ spec }: Pod, { audience, expirationSeconds }: TokenRequest): boolean {
  const sources = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? []);
  return sources.some(
    ({ serviceAccountToken: wanted }) =>
      wanted !== undefined &&
      (wanted.audience ?? '') === audience &&
      (wanted.expirationSeconds ?? 3600) === expirationSeconds,
  );
}

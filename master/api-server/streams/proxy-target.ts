/** Whom a proxy request is for: a pod, or one of a service's, and which of its ports. Pure. Source: kube-apiserver, ResourceLocation. */
import { ApiError, notFound } from '../../../shared/kubernetes/api-error.ts';
import type { ObjectRef, Pod } from '../../../shared/kubernetes/objects.ts';
import { isPodReady } from '../../../shared/kubernetes/pod-state.ts';
import { matchesLabelSelector } from '../../../shared/kubernetes/selectors.ts';
import { KINDS } from '../../registry/kinds.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { parsePort, requireForwardable } from './command-call.ts';

export type ProxyTarget = { readonly pod: Pod; readonly port: number; readonly scheme: 'http' | 'https' };

const HTTP_PORT = 80;

/** `name` is `[scheme:]name[:port]`. Throws ApiError: NotFound, BadRequest, ServiceUnavailable. */
export function proxyTarget(
  view: ClusterView,
  kind: 'Pod' | 'Service',
  { namespace, name }: ObjectRef,
): ProxyTarget {
  const wanted = parseName(kind, name);
  const ref = { namespace, name: wanted.name };
  const { pod, port } =
    kind === 'Pod' ? podTarget(view, ref, wanted.port) : serviceTarget(view, ref, wanted.port);
  requireForwardable(pod);
  return { pod, port, scheme: wanted.scheme };
}

function parseName(kind: string, text: string) {
  const parts = text.split(':');
  const [scheme, name = '', port = ''] = parts.length === 3 ? parts : ['http', ...parts];
  const isScheme = scheme === 'http' || scheme === 'https' || scheme === '';
  if (parts.length > 3 || !isScheme || name === '')
    throw new ApiError('BadRequest', `invalid ${kind.toLowerCase()} request ${JSON.stringify(text)}`);
  return { scheme: scheme === 'https' ? ('https' as const) : ('http' as const), name, port };
}

function podTarget(view: ClusterView, ref: ObjectRef, wanted: string) {
  const pod = view.get('Pod', ref);
  if (pod === undefined) throw notFound(KINDS.Pod, ref.name);
  if (wanted !== '') return { pod, port: parsePort(wanted) };
  const ports = pod.spec.containers.flatMap(container => container.ports ?? []);
  return { pod, port: ports[0]?.containerPort ?? HTTP_PORT };
}

/** The first ready pod that the service selects. */
function serviceTarget(view: ClusterView, ref: ObjectRef, wanted: string) {
  const service = view.get('Service', ref);
  if (service === undefined) throw notFound(KINDS.Service, ref.name);
  const { ports = [], selector } = service.spec ?? {};
  const port =
    wanted === '' && ports.length === 1
      ? ports[0]
      : ports.find(({ name, port }) => name === wanted || String(port) === wanted);
  if (port === undefined)
    throw new ApiError(
      'ServiceUnavailable',
      `no service port ${JSON.stringify(wanted)} found for service "${ref.name}"`,
    );
  const pods = selector === undefined ? [] : view.list('Pod', ref.namespace);
  const pod = pods.find(
    candidate =>
      isPodReady(candidate) &&
      candidate.metadata.deletionTimestamp === undefined &&
      matchesLabelSelector({ matchLabels: selector }, candidate.metadata.labels),
  );
  if (pod === undefined)
    throw new ApiError('ServiceUnavailable', `no endpoints available for service "${ref.name}"`);
  return { pod, port: targetPort(pod, port.targetPort ?? port.port) };
}

/** A number, or the name of a container's port. */
function targetPort({ metadata, spec }: Pod, wanted: number | string): number {
  if (typeof wanted === 'number') return wanted;
  const named = spec.containers.flatMap(({ ports = [] }) => ports).find(({ name }) => name === wanted);
  if (named !== undefined) return named.containerPort;
  throw new ApiError('ServiceUnavailable', `pod "${metadata.name}" has no port ${JSON.stringify(wanted)}`);
}

/** GET pods/{name}/log: a container's output, brought from its node over the node's own connection. */

import { ApiError, notFound } from '../../shared/kubernetes/api-error.ts';
import type { ObjectRef, Pod } from '../../shared/kubernetes/objects.ts';
import { allContainerStatuses, allContainers } from '../../shared/kubernetes/pod-containers.ts';
import type { LogsCall } from '../../shared/protocol/messages.ts';
import { KINDS } from '../registry/kinds.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { startAnswer } from './answer-stream.ts';
import type { Exchange } from './exchange.ts';

/** Opens a container's output on a node. Throws ApiError when the node cannot be reached or refuses. */
export type OpenLogs = (input: {
  readonly node: string;
  readonly call: LogsCall;
  readonly signal: AbortSignal;
}) => AsyncIterable<Uint8Array>;

/** Over a WebSocket as Kubernetes's wsstream.Reader sends it. */
const LOG_ANSWER = {
  contentType: 'text/plain',
  protocols: ['binary.k8s.io', 'base64.binary.k8s.io'],
  base64Protocol: 'base64.binary.k8s.io',
} as const;

export async function sendPodLog(
  deps: { readonly view: ClusterView; readonly openLogs: OpenLogs; readonly nowMs: number },
  exchange: Exchange,
  ref: ObjectRef,
): Promise<void> {
  const pod = deps.view.get('Pod', ref);
  if (pod === undefined) throw notFound(KINDS.Pod, ref.name);
  const container = containerOf(pod, exchange.query('container'));
  const call = logsCall(exchange, pod, container, deps.nowMs);
  refuseUnstarted(pod, container, call.previous);
  const pieces = deps
    .openLogs({ node: pod.spec.nodeName ?? '', call, signal: exchange.signal })
    [Symbol.asyncIterator]();
  // The first piece comes before the headers, so that a refusal can still be a Status.
  let piece = call.follow ? undefined : await pieces.next();
  const answer = await startAnswer(exchange, LOG_ANSWER);
  while (!exchange.signal.aborted) {
    piece ??= await pieces.next();
    if (piece.done) break;
    await answer.write(piece.value);
    piece = undefined;
  }
  await pieces.return?.();
  answer.end();
}

function containerOf({ metadata, spec }: Pod, wanted: string | undefined): string {
  const names = allContainers(spec).map(container => container.name);
  const [only] = spec.containers;
  if (wanted) {
    if (names.includes(wanted)) return wanted;
    throw new ApiError('BadRequest', `container ${wanted} is not valid for pod ${metadata.name}`);
  }
  if (spec.containers.length === 1 && only !== undefined) return only.name;
  throw new ApiError(
    'BadRequest',
    `a container name must be specified for pod ${metadata.name}, choose one of: [${names.join(' ')}]`,
  );
}

function logsCall(exchange: Exchange, pod: Pod, container: string, nowMs: number): LogsCall {
  const count = (name: string) => {
    const text = exchange.query(name);
    if (text === undefined) return undefined;
    if (!/^\d{1,15}$/.test(text))
      throw new ApiError(
        'BadRequest',
        `${name}: Invalid value: ${JSON.stringify(text)}: must be a whole number from 0 up`,
      );
    return Number(text);
  };
  const sinceTime = exchange.query('sinceTime');
  const sinceMs = sinceTime === undefined ? undefined : Date.parse(sinceTime);
  if (Number.isNaN(sinceMs))
    throw new ApiError(
      'BadRequest',
      `sinceTime: Invalid value: ${JSON.stringify(sinceTime)}: must be an RFC 3339 time`,
    );
  const age = sinceMs === undefined ? undefined : Math.max(1, Math.ceil((nowMs - sinceMs) / 1000));
  return {
    kind: 'logs',
    podUid: pod.metadata.uid,
    container,
    follow: exchange.flag('follow'),
    previous: exchange.flag('previous'),
    timestamps: exchange.flag('timestamps'),
    tailLines: count('tailLines'),
    sinceSeconds: count('sinceSeconds') ?? age,
    limitBytes: count('limitBytes'),
  };
}

/** kubectl shows these words while a container has not started. */
function refuseUnstarted({ metadata, spec, status }: Pod, container: string, previous: boolean): void {
  if (!spec.nodeName) throw new ApiError('BadRequest', `pod ${metadata.name} does not have a host assigned`);
  const all = allContainerStatuses(status);
  const known = all.find(candidate => candidate.name === container);
  const reason = known === undefined ? 'ContainerCreating' : known.state?.waiting?.reason;
  const hasRun = known?.lastState?.terminated !== undefined;
  if (previous && !hasRun)
    throw new ApiError(
      'BadRequest',
      `previous terminated container "${container}" in pod "${metadata.name}" not found`,
    );
  if (reason !== undefined && !hasRun)
    throw new ApiError(
      'BadRequest',
      `container "${container}" in pod "${metadata.name}" is waiting to start: ${reason}`,
    );
}

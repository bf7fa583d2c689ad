/** Whose processes the kernel ends first when the device has no memory left. Pure. Numbers and rules: pkg/kubelet/qos/policy.go. */
import type * as core from 'kubernetes-types/core/v1';
import { qosClassOf } from '../../shared/kubernetes/qos-class.ts';
import { parseBytes } from '../../shared/quantity.ts';

/** Of a container that must outlive the others; below it are the agent and the engine alone. */
const KEPT = -997;
/** Between -1000, never, and this: the first to go. */
const FIRST = 1000;
/** Of pods that only hold what others share; what the kubelet gives them. */
export const SANDBOX_OOM_SCORE_ADJ = -998;

/** The container's `oom_score_adj`: the more memory it requests, the lower, so that who uses more than requested goes first. */
export function oomScoreAdjOf(
  spec: core.PodSpec,
  container: Pick<core.Container, 'name' | 'resources'>,
  memoryBytes: number,
): number {
  if (spec.priorityClassName === 'system-node-critical') return KEPT;
  const qosClass = qosClassOf(spec);
  if (qosClass === 'Guaranteed') return KEPT;
  if (qosClass === 'BestEffort' || memoryBytes <= 0) return FIRST;
  const isSidecar = spec.initContainers?.some(
    ({ name, restartPolicy }) => name === container.name && restartPolicy === 'Always',
  );
  // A sidecar goes no sooner than those that it serves.
  const least = isSidecar ? Math.min(...spec.containers.map(requestBytes)) : 0;
  const score = FIRST - Math.trunc((FIRST * Math.max(requestBytes(container), least)) / memoryBytes);
  return Math.min(FIRST - 1, Math.max(FIRST + KEPT, score));
}

function requestBytes({ resources }: Pick<core.Container, 'resources'>): number {
  return parseBytes(resources?.requests?.memory ?? '0') ?? 0;
}

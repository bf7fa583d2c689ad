/** What `kubectl get pods` shows of a pod. Source: printPod of Kubernetes's pkg/printers/internalversion. */
import type { ContainerStatus, Pod } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';

/** READY: containers and sidecars that are, of all of them. */
export function shownReady({ spec, status }: Pod): string {
  const statuses = [...sidecarStatuses({ spec, status }), ...(status?.containerStatuses ?? [])];
  const ready = statuses.filter(container => container.ready).length;
  return `${ready}/${spec.containers.length + sidecarNames(spec).size}`;
}

/** RESTARTS: of init containers while these run, and then of what goes on. */
export function shownRestarts(pod: Pod, nowMs: number): string {
  const statuses = isInitializing(pod)
    ? (pod.status?.initContainerStatuses ?? [])
    : [...sidecarStatuses(pod), ...(pod.status?.containerStatuses ?? [])];
  const restarts = statuses.reduce((sum, container) => sum + container.restartCount, 0);
  const last = statuses
    .flatMap(container => container.lastState?.terminated?.finishedAt ?? [])
    .sort()
    .at(-1);
  return restarts > 0 && last !== undefined
    ? `${restarts} (${formatAge(last, nowMs)} ago)`
    : String(restarts);
}

/** STATUS: the most telling of phase, reasons and deletion. */
export function shownStatus(pod: Pod): string {
  const { metadata, status } = pod;
  const reason =
    shownInitStatus(pod) ?? shownContainerReason(pod) ?? status?.reason ?? status?.phase ?? 'Unknown';
  if (metadata.deletionTimestamp === undefined) return reason;
  return status?.reason === 'NodeLost' ? 'Unknown' : 'Terminating';
}

/** READINESS GATES: conditions that are True, of those that the pod waits for. */
export function shownReadinessGates({ spec, status }: Pod): string {
  const gates = spec.readinessGates ?? [];
  const isTrue = (type: string) =>
    status?.conditions?.some(condition => condition.type === type && condition.status === 'True');
  return gates.length === 0
    ? '<none>'
    : `${gates.filter(gate => isTrue(gate.conditionType)).length}/${gates.length}`;
}

function sidecarNames({ initContainers = [] }: Pod['spec']): ReadonlySet<string> {
  return new Set(
    initContainers.flatMap(({ name, restartPolicy }) => (restartPolicy === 'Always' ? [name] : [])),
  );
}

function sidecarStatuses({ spec, status }: Pick<Pod, 'spec' | 'status'>): readonly ContainerStatus[] {
  const names = sidecarNames(spec);
  return (status?.initContainerStatuses ?? []).filter(({ name }) => names.has(name));
}

/** The init container that has not served yet, and its place; -1 when none is left. */
function initIndex({ spec, status }: Pod): number {
  const sidecars = sidecarNames(spec);
  return (status?.initContainerStatuses ?? []).findIndex(
    ({ name, state, started }) =>
      state?.terminated?.exitCode !== 0 && !(sidecars.has(name) && started === true),
  );
}

function isInitializing(pod: Pod): boolean {
  const isInitialized = pod.status?.conditions?.some(
    ({ type, status }) => type === 'Initialized' && status === 'True',
  );
  return initIndex(pod) >= 0 && isInitialized !== true;
}

function shownInitStatus(pod: Pod): string | undefined {
  if (!isInitializing(pod)) return undefined;
  const index = initIndex(pod);
  const { waiting, terminated } = pod.status?.initContainerStatuses?.[index]?.state ?? {};
  if (terminated !== undefined) return `Init:${terminated.reason || `ExitCode:${terminated.exitCode}`}`;
  if (waiting?.reason && waiting.reason !== 'PodInitializing') return `Init:${waiting.reason}`;
  return `Init:${index}/${pod.spec.initContainers?.length ?? 0}`;
}

function shownContainerReason({ status }: Pod): string | undefined {
  const statuses = status?.containerStatuses ?? [];
  const reasons = statuses.flatMap(({ state }) => {
    if (state?.waiting?.reason) return [state.waiting.reason];
    if (state?.terminated === undefined) return [];
    const { reason, signal, exitCode } = state.terminated;
    return [reason || (signal ? `Signal:${signal}` : `ExitCode:${exitCode}`)];
  });
  const isRunning = statuses.some(({ ready, state }) => ready && state?.running !== undefined);
  if (reasons[0] !== 'Completed' || !isRunning) return reasons[0];
  const isReady = status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True');
  return isReady ? 'Running' : 'NotReady';
}

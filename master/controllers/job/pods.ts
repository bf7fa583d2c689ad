/** The pods of a Job: what each is worth to it, and how the next ones look. Pure. */
import type { Job, New, Pod, PodTemplateSpec } from '../../../shared/kubernetes/objects.ts';
import { podCondition } from '../../../shared/kubernetes/pod-state.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { parseTime } from '../../../shared/kubernetes/time.ts';
import { podFromTemplate } from '../pod-from-template.ts';
import { joinName } from '../safe-name.ts';

/** Keeps an ended pod until it has been counted. */
export const TRACKING = 'batch.kubernetes.io/job-tracking';
const INDEX = 'batch.kubernetes.io/job-completion-index';
const INDEX_FAILURES = 'batch.kubernetes.io/job-index-failure-count';
export const JOB_NAME = 'batch.kubernetes.io/job-name';

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === 'Indexed';
}

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING) === true;
}

/** The index that a pod works on. Undefined where it carries none. */
export function indexOf({ metadata }: Pod): number | undefined {
  const text = metadata.annotations?.[INDEX] ?? '';
  return /^\d{1,10}$/.test(text) ? Number(text) : undefined;
}

/** How often its index had failed before it. */
export function indexFailuresBefore({ metadata }: Pod): number {
  return Number(metadata.annotations?.[INDEX_FAILURES] ?? 0) || 0;
}

export function hasSucceeded({ status }: Pod): boolean {
  return status?.phase === 'Succeeded';
}

/**
 * A pod that is being deleted has failed too, since it may never get to say so; where only failed pods are replaced, not before
 * its node has let go of it.
 */
export function hasFailed(pod: Pod, { spec }: Job): boolean {
  const phase = pod.status?.phase;
  if (phase === 'Failed') return true;
  if (pod.metadata.deletionTimestamp === undefined || phase === 'Succeeded') return false;
  const isLetGo = phase === 'Pending' || pod.metadata.deletionGracePeriodSeconds === 0;
  return spec.podReplacementPolicy !== 'Failed' || isLetGo;
}

/** Being stopped, and neither ended nor let go of. */
export function isStopping(pod: Pod): boolean {
  const phase = pod.status?.phase;
  return (
    pod.metadata.deletionTimestamp !== undefined &&
    pod.metadata.deletionGracePeriodSeconds !== 0 &&
    phase !== 'Succeeded' &&
    phase !== 'Failed'
  );
}

/** When its last container ended; where none says so, when it was deleted, or made. Milliseconds since 1970. */
export function endedAtMs({ metadata, status }: Pod): number {
  const finished = (status?.containerStatuses ?? []).flatMap(({ state }) =>
    state?.terminated === undefined ? [] : (parseTime(state.terminated.finishedAt) ?? []),
  );
  if (finished.length > 0) return Math.max(...finished);
  const deletedMs = parseTime(metadata.deletionTimestamp);
  if (deletedMs !== undefined) return deletedMs - (metadata.deletionGracePeriodSeconds ?? 0) * 1000;
  return parseTime(metadata.creationTimestamp) ?? 0;
}

/** The next pod; with an index, the one that works on it after `failures` failures of its own. */
export function newPod(
  job: Job,
  suffix: string,
  indexed?: { readonly index: number; readonly failures: number },
): New<Pod> {
  const { name, namespace } = job.metadata;
  const owner = controllerReference('Job', job);
  const template = indexed === undefined ? job.spec.template : indexedTemplate(job, indexed);
  const ownerName = indexed === undefined ? name : joinName(name, `-${indexed.index}`);
  const pod = podFromTemplate({ template, ownerName, namespace, owner, suffix });
  const finalizers = [...(pod.metadata.finalizers ?? []), TRACKING];
  return { ...pod, metadata: { ...pod.metadata, finalizers } };
}

type Indexed = { readonly index: number; readonly failures: number };

/** The index stands in a label, an annotation, the host name, and the environment of every container. */
function indexedTemplate({ metadata: { name }, spec }: Job, { index, failures }: Indexed): PodTemplateSpec {
  const { metadata, spec: podSpec = { containers: [] } } = spec.template;
  const text = String(index);
  const variable = {
    name: 'JOB_COMPLETION_INDEX',
    valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: `metadata.labels['${INDEX}']` } },
  };
  const withIndex = <C extends { readonly env?: { name: string }[] }>(container: C): C =>
    container.env?.some(({ name: taken }) => taken === variable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), variable] };
  const perIndex: Record<string, string> =
    spec.backoffLimitPerIndex === undefined ? {} : { [INDEX_FAILURES]: String(failures) };
  return {
    metadata: {
      ...metadata,
      labels: { ...metadata?.labels, [INDEX]: text },
      annotations: { ...metadata?.annotations, [INDEX]: text, ...perIndex },
    },
    spec: {
      ...podSpec,
      hostname: `${name}-${index}`.slice(0, 63),
      containers: podSpec.containers.map(withIndex),
      ...(podSpec.initContainers === undefined
        ? {}
        : { initContainers: podSpec.initContainers.map(withIndex) }),
    },
  };
}

/** True once a pod runs and answers. */
export function isReady(pod: Pod): boolean {
  return podCondition(pod, 'Ready')?.status === 'True';
}

/** Which ReplicaSet belongs to which pod template. Pure. */
import { canonicalJson } from '../../../shared/digest.ts';
import type { Deployment, New, PodTemplateSpec, ReplicaSet } from '../../../shared/kubernetes/objects.ts';
import { controllerReference } from '../../../shared/kubernetes/references.ts';
import { joinName, safeHash } from '../safe-name.ts';

const HASH_LABEL = 'pod-template-hash';
export const REVISION = 'deployment.kubernetes.io/revision';
const DESIRED = 'deployment.kubernetes.io/desired-replicas';
const MAX = 'deployment.kubernetes.io/max-replicas';
/** Annotations of a Deployment that say nothing about its ReplicaSets. */
const NOT_INHERITED = ['kubectl.kubernetes.io/last-applied-configuration', REVISION, DESIRED, MAX];

/** A template as it compares: without the label that we add, and without empty members, which clients write as they like. */
function comparable(template: PodTemplateSpec | undefined): string {
  const { [HASH_LABEL]: _hash, ...labels } = template?.metadata?.labels ?? {};
  const metadata = { ...template?.metadata, labels, creationTimestamp: undefined };
  return JSON.stringify(JSON.parse(canonicalJson({ ...template, metadata })), (_key, member: unknown) =>
    member === null || (typeof member === 'object' && Object.keys(member).length === 0) ? undefined : member,
  );
}

/** The ReplicaSet that has the Deployment's template: the oldest, should there be several. Undefined when there is none. */
export function currentReplicaSet(
  deployment: Deployment,
  replicaSets: readonly ReplicaSet[],
): ReplicaSet | undefined {
  const wanted = comparable(deployment.spec.template);
  return replicaSets
    .filter(({ metadata, spec }) => !metadata.deletionTimestamp && comparable(spec.template) === wanted)
    .sort(oldestFirst)[0];
}

export function oldestFirst(a: ReplicaSet, b: ReplicaSet): number {
  const [x, y] = [a.metadata.creationTimestamp, b.metadata.creationTimestamp];
  if (x !== y) return x < y ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** The name of the ReplicaSet for the Deployment's template; `collisionCount` makes another one when it is taken. */
export function replicaSetName(deployment: Deployment): string {
  return joinName(deployment.metadata.name, `-${templateHash(deployment)}`);
}

function templateHash({ spec, status }: Deployment): string {
  return safeHash([comparable(spec.template), status?.collisionCount ?? 0]);
}

/** The ReplicaSet for a template that has none yet. */
export function newReplicaSet(
  deployment: Deployment,
  size: { replicas: number; maxReplicas: number; revision: number },
): New<ReplicaSet> {
  const { spec, metadata } = deployment;
  const hash = { [HASH_LABEL]: templateHash(deployment) };
  const labels = { ...spec.template.metadata?.labels, ...hash };
  const template = { ...spec.template, metadata: { ...spec.template.metadata, labels } };
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name: replicaSetName(deployment),
      namespace: metadata.namespace,
      labels,
      annotations: {
        ...inheritedAnnotations(deployment),
        ...sizeAnnotations(deployment, size.maxReplicas),
        [REVISION]: String(size.revision),
      },
      ownerReferences: [controllerReference('Deployment', deployment)],
    },
    spec: {
      replicas: size.replicas,
      ...(spec.minReadySeconds === undefined ? {} : { minReadySeconds: spec.minReadySeconds }),
      selector: { ...spec.selector, matchLabels: { ...spec.selector.matchLabels, ...hash } },
      template,
    },
  };
}

function inheritedAnnotations({ metadata }: Deployment): Record<string, string> {
  const entries = Object.entries(metadata.annotations ?? {});
  return Object.fromEntries(entries.filter(([key]) => !NOT_INHERITED.includes(key)));
}

function sizeAnnotations({ spec }: Deployment, maxReplicas: number): Record<string, string> {
  return { [DESIRED]: String(spec.replicas ?? 1), [MAX]: String(maxReplicas) };
}

/** The ReplicaSet at this size. Undefined when it is so already and knows the Deployment's size. */
export function resized(
  deployment: Deployment,
  replicaSet: ReplicaSet,
  size: { replicas: number; maxReplicas: number },
): ReplicaSet | undefined {
  const isSized = replicaSet.spec.replicas === size.replicas;
  if (isSized && !hasOtherTarget(deployment, replicaSet)) return undefined;
  const annotations = {
    ...replicaSet.metadata.annotations,
    ...sizeAnnotations(deployment, size.maxReplicas),
  };
  return {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations },
    spec: { ...replicaSet.spec, replicas: size.replicas },
  };
}

/** True when the Deployment was scaled since this ReplicaSet was last sized for it. */
export function hasOtherTarget(deployment: Deployment, replicaSet: ReplicaSet): boolean {
  const target = replicaSet.metadata.annotations?.[DESIRED];
  return target !== undefined && target !== String(deployment.spec.replicas ?? 1);
}

export function revisionOf(object: {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
}): number {
  return Number(object.metadata.annotations?.[REVISION] ?? 0) || 0;
}

/** The current ReplicaSet as the newest revision, with the Deployment's annotations. Undefined when it is so already. */
export function asRevision(
  deployment: Deployment,
  replicaSet: ReplicaSet,
  revision: number,
): ReplicaSet | undefined {
  const wanted = { ...inheritedAnnotations(deployment), [REVISION]: String(revision) };
  const has = replicaSet.metadata.annotations ?? {};
  const { minReadySeconds } = deployment.spec;
  const isSame =
    Object.entries(wanted).every(([key, value]) => has[key] === value) &&
    (replicaSet.spec.minReadySeconds ?? 0) === (minReadySeconds ?? 0);
  if (isSame) return undefined;
  return {
    ...replicaSet,
    metadata: { ...replicaSet.metadata, annotations: { ...has, ...wanted } },
    spec: { ...replicaSet.spec, minReadySeconds: minReadySeconds ?? 0 },
  };
}

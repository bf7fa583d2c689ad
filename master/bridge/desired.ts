/**
 * What a node must run, as the wire says it: an index of pods, and a document for each. Pure.
 *
 * Pods that have finished stay in it until they are deleted, so that the agent keeps their containers, and so their logs.
 */

import { digestOf } from '../../shared/digest.ts';
import type { ConfigMap, Pod, Secret } from '../../shared/kubernetes/objects.ts';
import { MAX_PAYLOAD_BYTES, MAX_PODS_PER_NODE } from '../../shared/protocol/limits.ts';
import type { DesiredPod, PodDocument } from '../../shared/protocol/messages.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { servicesOf } from './pod-services.ts';
import { claimsOf } from './pod-volumes.ts';
import { type PodReferences, referencesOf } from './references.ts';

export type DesiredSet = {
  /** In a fixed order: running ones before finished ones, older before newer. At most MAX_PODS_PER_NODE. */
  readonly pods: readonly DesiredPod[];
  /** By digest. */
  readonly documents: ReadonlyMap<string, Rendered>;
  /** Left out: no message could carry them. */
  readonly tooLarge: readonly { readonly pod: Pod; readonly bytes: number }[];
};

/** A document, ready for the wire: its JSON. */
export type Rendered = { readonly digest: string; readonly json: string };

/** What was rendered for a pod object, and from which revisions; a view replaces an object when it changes. */
export type DocumentCache = WeakMap<Pod, { readonly from: string; readonly rendered: Rendered }>;

/** Room for `{"documents":[{"digest":"…","document":…}]}` around one document. */
const ENVELOPE_BYTES = 256;
/** Kubernetes's default of `terminationGracePeriodSeconds`. */
const DEFAULT_GRACE_SECONDS = 30;

export function desiredSet(view: ClusterView, node: string, cache: DocumentCache): DesiredSet {
  const pods: DesiredPod[] = [];
  const documents = new Map<string, Rendered>();
  const tooLarge: { pod: Pod; bytes: number }[] = [];
  for (const pod of [...view.podsOnNode(node)].sort(byImportance)) {
    const rendered = renderPod(view, pod, cache);
    const bytes = Buffer.byteLength(rendered.json);
    if (bytes > MAX_PAYLOAD_BYTES - ENVELOPE_BYTES) {
      tooLarge.push({ pod, bytes });
    } else if (pods.length < MAX_PODS_PER_NODE) {
      pods.push(indexEntry(pod, rendered.digest));
      documents.set(rendered.digest, rendered);
    }
  }
  return { pods, documents, tooLarge };
}

function byImportance(a: Pod, b: Pod): number {
  const order = (pod: Pod) =>
    `${isFinished(pod) ? 1 : 0} ${pod.metadata.creationTimestamp} ${pod.metadata.uid}`;
  return order(a) < order(b) ? -1 : 1;
}

function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

function indexEntry(pod: Pod, digest: string): DesiredPod {
  const { uid, deletionTimestamp, deletionGracePeriodSeconds } = pod.metadata;
  // Failed for a reason of the pod's own, which its containers cannot tell.
  const isEnded = pod.status?.phase === 'Failed' && !!pod.status.reason;
  if (deletionTimestamp === undefined) return { uid, digest, ...(isEnded && { ended: true }) };
  const graceSeconds =
    deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return { uid, digest, terminateWithinSeconds: Math.max(0, graceSeconds) };
}

function renderPod(view: ClusterView, pod: Pod, cache: DocumentCache): Rendered {
  const references = referencesOf(pod);
  const configMaps = found(view, 'ConfigMap', pod, references);
  const secrets = found(view, 'Secret', pod, references);
  const services = servicesOf(view, pod);
  const versions = [...configMaps, ...secrets].map(({ metadata }) => metadata.resourceVersion);
  const claims = claimsOf(view, pod);
  const from = JSON.stringify([versions, services, claims]);
  const cached = cache.get(pod);
  if (cached?.from === from) return cached.rendered;
  const document = { ...documentOf(pod, configMaps, secrets), services, ...(claims && { claims }) };
  const rendered = { digest: digestOf(document), json: JSON.stringify(document) };
  cache.set(pod, { from, rendered });
  return rendered;
}

function found<K extends 'ConfigMap' | 'Secret'>(
  view: ClusterView,
  kind: K,
  pod: Pod,
  references: PodReferences,
) {
  const names = kind === 'ConfigMap' ? references.configMaps : references.secrets;
  return names.flatMap(name => view.get(kind, { namespace: pod.metadata.namespace, name }) ?? []);
}

function documentOf(pod: Pod, configMaps: readonly ConfigMap[], secrets: readonly Secret[]): PodDocument {
  const { uid, namespace = '', name, labels = {}, annotations = {} } = pod.metadata;
  return {
    uid,
    namespace,
    name,
    labels,
    annotations,
    spec: pod.spec,
    ...gateConditions(pod),
    configMaps: Object.fromEntries(
      configMaps.map(({ metadata, data = {}, binaryData = {} }) => [metadata.name, { data, binaryData }]),
    ),
    secrets: Object.fromEntries(secrets.map(({ metadata, data = {} }) => [metadata.name, { data }])),
  };
}

/** Of most pods nothing: a document must not change with what its own agent reports. */
function gateConditions({ spec, status }: Pod): Pick<PodDocument, 'conditions'> {
  const gates = (spec.readinessGates ?? []).map(({ conditionType }) => conditionType);
  if (gates.length === 0) return {};
  const named = status?.conditions?.filter(({ type }) => gates.includes(type)) ?? [];
  return { conditions: Object.fromEntries(named.map(({ type, status: value }) => [type, value])) };
}

/** The same documents as the payloads of `documents` messages, each as full as it may be. */
export function documentMessages(documents: readonly Rendered[]): string[] {
  const messages: string[][] = [];
  let roomBytes = 0;
  for (const { digest, json } of documents) {
    const item = `{"digest":${JSON.stringify(digest)},"document":${json}}`;
    const bytes = Buffer.byteLength(item) + 1;
    if (bytes > roomBytes) {
      messages.push([]);
      roomBytes = MAX_PAYLOAD_BYTES - ENVELOPE_BYTES / 2;
    }
    messages.at(-1)?.push(item);
    roomBytes -= bytes;
  }
  return messages.map(items => `{"documents":[${items.join()}]}`);
}

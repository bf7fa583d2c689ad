/** Metadata of new and changed objects: what clients may say of it, and what only the registry fills in. Pure. */
import type * as meta from 'kubernetes-types/meta/v1';
import type { StatusCause } from '../../shared/kubernetes/api-error.ts';
import type { StoredMeta } from '../../shared/kubernetes/objects.ts';
import {
  checkAnnotations,
  checkDns1035Label,
  checkDnsLabel,
  checkDnsSubdomain,
  checkLabels,
  checkPathSegment,
  invalidValue,
  requiredValue,
} from './field-checks.ts';

/** The metadata that clients write. */
const CLIENT_META = ['labels', 'annotations', 'ownerReferences', 'finalizers'] as const;
export type ClientMeta = (typeof CLIENT_META)[number];

/** How names of a kind are checked. */
export type NameRule = 'dns-label' | 'dns-1035-label' | 'dns-subdomain' | 'path-segment';

/** Names made from `generateName` leave room for the suffix, as in Kubernetes. */
const MAX_GENERATED_PREFIX = 58;

export type NewMeta = {
  readonly given: meta.ObjectMeta;
  readonly namespace: string | undefined;
  readonly uid: string;
  readonly createdAt: string;
  /** Five characters for `generateName`. */
  readonly suffix: () => string;
};

/** Metadata of an object about to be created; `resourceVersion` is filled in by the write. */
export function newMeta({ given, namespace, uid, createdAt, suffix }: NewMeta): StoredMeta {
  const name =
    given.name ||
    (given.generateName ? `${given.generateName.slice(0, MAX_GENERATED_PREFIX)}${suffix()}` : '');
  return {
    ...keptFromClient(given),
    name,
    ...(given.generateName ? { generateName: given.generateName } : {}),
    ...(namespace === undefined ? {} : { namespace }),
    uid,
    resourceVersion: '',
    creationTimestamp: createdAt,
    generation: 1,
  };
}

/** Metadata after an update: clients change labels, annotations, owners and finalizers, or only some of these; all else stays. */
export function changedMeta(
  next: meta.ObjectMeta,
  current: StoredMeta,
  changeable: readonly ClientMeta[] = CLIENT_META,
): StoredMeta {
  const {
    labels: _labels,
    annotations: _annotations,
    ownerReferences: _owners,
    finalizers: _finalizers,
    ...kept
  } = current;
  const from = (name: ClientMeta): meta.ObjectMeta => (changeable.includes(name) ? next : current);
  const { labels } = from('labels');
  const { annotations } = from('annotations');
  const { ownerReferences } = from('ownerReferences');
  const { finalizers } = from('finalizers');
  return { ...kept, ...keptFromClient({ labels, annotations, ownerReferences, finalizers }) };
}

function keptFromClient({ labels, annotations, ownerReferences, finalizers }: meta.ObjectMeta) {
  return {
    ...(isEmpty(labels) ? {} : { labels }),
    ...(isEmpty(annotations) ? {} : { annotations }),
    ...(isEmpty(ownerReferences) ? {} : { ownerReferences }),
    ...(isEmpty(finalizers) ? {} : { finalizers }),
  };
}

function isEmpty(value: object | undefined): boolean {
  return value === undefined || Object.keys(value).length === 0;
}

const NAME_CHECKS: Readonly<Record<NameRule, (field: string, value: string) => StatusCause[]>> = {
  'dns-label': checkDnsLabel,
  'dns-1035-label': checkDns1035Label,
  'dns-subdomain': checkDnsSubdomain,
  'path-segment': checkPathSegment,
};

export function validateMeta(metadata: StoredMeta, nameRule: NameRule): StatusCause[] {
  return [
    ...(metadata.name === ''
      ? [requiredValue('metadata.name', 'name or generateName is required')]
      : NAME_CHECKS[nameRule]('metadata.name', metadata.name)),
    ...checkLabels('metadata.labels', metadata.labels),
    ...checkAnnotations('metadata.annotations', metadata.annotations),
    ...(metadata.ownerReferences ?? []).flatMap((owner, index) =>
      (['apiVersion', 'kind', 'name', 'uid'] as const).flatMap(field =>
        owner[field] ? [] : [requiredValue(`metadata.ownerReferences[${index}].${field}`)],
      ),
    ),
    ...((metadata.ownerReferences ?? []).filter(owner => owner.controller).length > 1
      ? [
          invalidValue(
            'metadata.ownerReferences',
            metadata.ownerReferences,
            'Only one reference can have Controller set to true',
          ),
        ]
      : []),
    ...(metadata.finalizers ?? []).flatMap((finalizer, index) =>
      checkLabels(`metadata.finalizers[${index}]`, { [finalizer]: '' }),
    ),
  ];
}

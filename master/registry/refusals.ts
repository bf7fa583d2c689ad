/** What the registry refuses, in Kubernetes's words. */
import { ApiError, conflict, invalid, notFound } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject } from '../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import type { Kind } from './kind.ts';
import { KINDS } from './kinds.ts';
import { missingFields } from './schema.ts';

/** Refuses an object that is not what its kind allows, with every field at fault. */
export function refuseFaults<K extends KindName>(
  declared: Kind<K>,
  object: KindMap[K],
  metaFaults: ReturnType<Kind['validate']>,
  before?: KindMap[K],
): void {
  const missing = missingFields(declared.type, object);
  // What is missing is said once: a strategy's own check may name the same field.
  const said = new Set(missing.map(cause => cause.field));
  const own = declared
    .validate(object, before)
    .filter(cause => !(cause.reason === 'FieldValueRequired' && said.has(cause.field)));
  refuse(declared, object, [...metaFaults, ...missing, ...own]);
}

export function refuse(declared: Kind, { metadata }: KubeObject, faults: ReturnType<Kind['validate']>): void {
  if (faults.length > 0) throw invalid(declared, metadata.name || metadata.generateName || '', faults);
}

/** Refuses to act on an object that is not the one the caller means. */
export function refuseOther(
  declared: Kind,
  current: KubeObject,
  wanted: { readonly uid?: string; readonly resourceVersion?: string },
): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (wanted.uid !== undefined && wanted.uid !== uid)
    throw conflict(
      declared,
      name,
      `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`,
    );
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) throw conflict(declared, name);
}

/** Nothing is created of a kind whose definition is being deleted: it would never come to be empty. */
export function refuseGoingKind(declared: Kind, view: ClusterView): void {
  if (declared.custom === undefined) return;
  const definition = view.get('CustomResourceDefinition', { name: declared.id });
  if (definition?.metadata.deletionTimestamp !== undefined)
    throw new ApiError(
      'MethodNotAllowed',
      'create not allowed while custom resource definition is terminating',
    );
}

/** Refuses an object of a namespace that is not there, or on its way out. */
export function refuseForeignNamespace(
  declared: Kind,
  name: string,
  namespace: string | undefined,
  view: ClusterView,
): void {
  if (namespace === undefined) return;
  const home = view.get('Namespace', { name: namespace });
  if (home === undefined) throw notFound(KINDS.Namespace, namespace);
  if (home.metadata.deletionTimestamp === undefined || declared.id === 'Event') return;
  throw new ApiError(
    'Forbidden',
    `${declared.plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
    {
      name,
      kind: declared.plural,
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${namespace} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  );
}

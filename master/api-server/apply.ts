/** PATCH with an apply configuration, from a request to the registry. */
import { isRecord } from '../../shared/is-record.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KindName, KubeObject, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { applyObject } from '../registry/apply-object.ts';
import { apiVersionOf, type Kind } from '../registry/kind.ts';
import type { Part } from '../registry/registry.ts';
import { type DecodedType, decodeApplied, fieldValidationOf, isDryRun, readJson } from './decode-body.ts';
import type { Exchange } from './exchange.ts';
import { applierOf } from './field-owner.ts';
import { guarded, inNamespace, refuseOtherName, sendObject, type WriteDeps } from './write.ts';

/** Of the metadata. */
const OWNED = ['labels', 'annotations', 'ownerReferences', 'finalizers'];

export const APPLY_PATCH = 'application/apply-patch+yaml';

export async function applyConfiguration<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  ref: ObjectRef,
  part: Part,
): Promise<void> {
  const applier = applierOf(exchange);
  const placed = await readConfiguration(exchange, kind, ref, body => decodeApplied(kind, body));
  const stored = deps.kinds.get(kind.id);
  const config = { ...placed, apiVersion: apiVersionOf(stored), kind: stored.kind };
  const { object: applied, created } = await applyObject(deps, stored, ref, config, {
    ...applier,
    subresource: part === 'status' ? 'status' : '',
    dryRun: isDryRun(exchange),
    guard: (next, current) => guarded(deps, exchange, { kind, part, next, current }),
  });
  exchange.warn(kind.warnings?.(applied) ?? []);
  sendObject(deps, exchange, kind, created ? 201 : 200, applied);
}

/** The configuration in the body, under the name and in the namespace of `ref`. Throws ApiError BadRequest. */
export async function readConfiguration<T extends New<KubeObject>>(
  exchange: Exchange,
  kind: DecodedType,
  ref: ObjectRef,
  decode: (body: unknown) => { readonly object: T; readonly unknown: readonly string[] },
): Promise<T> {
  // What a type does not declare nobody can own: an unknown field is an error whatever the client wants of validation.
  fieldValidationOf(exchange);
  const body = await readJson(exchange);
  refuseUntyped(kind, body);
  const { object, unknown } = decode(withoutNullIdentity(body));
  if (unknown.length > 0) {
    const name = ref.namespace === undefined ? ref.name : `${ref.namespace}/${ref.name}`;
    const faults = unknown.map(path => `.${path}: field not declared in schema`).join('\n');
    throw new ApiError(
      'BadRequest',
      `failed to create typed patch object (${name}; ${apiVersionOf(kind)}, Kind=${kind.kind}): ${faults}`,
    );
  }
  if ((object.metadata.managedFields?.length ?? 0) > 0)
    throw new ApiError('BadRequest', 'metadata.managedFields must be nil');
  refuseOtherName(object, ref);
  return inNamespace({ ...object, metadata: { ...object.metadata, name: ref.name } }, ref.namespace);
}

/** Nobody owns a name or uid, be it null. */
function withoutNullIdentity(body: unknown): unknown {
  if (!isRecord(body) || !isRecord(body.metadata)) return body;
  const metadata = Object.entries(body.metadata).filter(
    ([name, value]) => value !== null || OWNED.includes(name),
  );
  return { ...body, metadata: Object.fromEntries(metadata) };
}

function refuseUntyped(kind: DecodedType, body: unknown): void {
  if (!isRecord(body))
    throw new ApiError('BadRequest', 'error decoding YAML: an apply configuration is an object');
  if (!body.kind) throw new ApiError('BadRequest', "Object 'Kind' is missing in the apply configuration");
  if (body.apiVersion !== apiVersionOf(kind))
    throw new ApiError(
      'BadRequest',
      `Incorrect version specified in apply patch. Specified patch version: ${String(body.apiVersion ?? '')}, expected: ${apiVersionOf(kind)}`,
    );
}

/**
 * The subresource `scale`: the size of an object as an autoscaling/v1 Scale, wherever its kind keeps it. Who writes it owns that
 * one field of the object itself. Source: k8s.io/apimachinery/pkg/util/managedfields, scalehandler.go.
 */
import type * as autoscaling from 'kubernetes-types/autoscaling/v1';
import { invalid } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { applyObject } from '../registry/apply-object.ts';
import { checkRange } from '../registry/field-checks.ts';
import { apiVersionOf, type Kind, type Scaling } from '../registry/kind.ts';
import { decodeConfiguration } from '../registry/schema.ts';
import { stored } from '../registry/stored-object.ts';
import { APPLY_PATCH, readConfiguration } from './apply.ts';
import { contentTypeOf, decodeAs, fieldValidationOf, isDryRun, readDocument } from './decode-body.ts';
import type { Exchange } from './exchange.ts';
import { applierOf, fieldManagerOf } from './field-owner.ts';
import { applyPatch } from './patch/apply-patch.ts';
import { SCALE } from './sent-types.ts';
import { inNamespace, refuseOtherName, refuseStale, type WriteDeps } from './write.ts';

type Scale = New<KubeObject> & Pick<autoscaling.Scale, 'spec'>;

/** An object of one kind that has a size. */
type Scaled<K extends KindName> = {
  readonly kind: Kind<K>;
  readonly scaling: Scaling<KindMap[K]>;
  readonly ref: ObjectRef;
};

/** GET, PUT and PATCH of `scale`. Throws ApiError Invalid, Conflict, NotFound, BadRequest. */
export async function scaleObject<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  scaled: Scaled<K>,
): Promise<void> {
  const { kind, scaling, ref } = scaled;
  const object =
    exchange.method === 'GET'
      ? await deps.registry.change(kind.id, ref, current => current, {
          as: kind,
          part: 'object',
          dryRun: true,
        })
      : contentTypeOf(exchange) === APPLY_PATCH
        ? await applyScale(deps, exchange, scaled)
        : await writeScale(deps, exchange, scaled);
  exchange.sendJson(200, JSON.stringify(scaleOf(object, scaling)));
}

function scaleOf<K extends KindName>(object: KindMap[K], scaling: Scaling<KindMap[K]>) {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const { wanted, observed, selector } = scaling.read(object);
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: wanted },
    status: { replicas: observed, selector: selector === '<none>' ? '' : selector },
  };
}

/** By PUT, or by a patch of what GET answers. */
async function writeScale<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  { kind, scaling, ref }: Scaled<K>,
): Promise<KindMap[K]> {
  const isPatch = exchange.method === 'PATCH';
  const manager = fieldManagerOf(exchange, isPatch ? 'PatchOptions' : 'UpdateOptions');
  const validation = fieldValidationOf(exchange);
  const contentType = contentTypeOf(exchange);
  const { json, duplicates } = await readDocument(exchange, validation);
  let warnings: readonly string[] = [];
  const make = (current: KindMap[K]): KindMap[K] => {
    const wanted = isPatch ? applyPatch(contentType, SCALE.type, scaleOf(current, scaling), json) : json;
    const decoded = decodeAs(SCALE, wanted, validation, duplicates);
    warnings = decoded.warnings;
    const scale = asScale(decoded.value);
    refuseOtherName(scale, ref);
    inNamespace(scale, ref.namespace);
    refuseStale(kind, current, scale);
    return scaling.write(current, replicasOf(scale, ref) ?? 0);
  };
  const changed = await deps.registry.change(kind.id, ref, make, {
    as: kind,
    part: 'object',
    dryRun: isDryRun(exchange),
    owner: { manager, subresource: 'scale' },
  });
  exchange.warn(warnings);
  return changed;
}

async function applyScale<K extends KindName>(
  deps: WriteDeps,
  exchange: Exchange,
  { kind, scaling, ref }: Scaled<K>,
): Promise<KindMap[K]> {
  const applier = applierOf(exchange);
  const scale = await readConfiguration(exchange, SCALE, ref, body => {
    const { value, unknown } = decodeAs(SCALE, body, 'Ignore', [], decodeConfiguration);
    return { object: asScale(value), unknown };
  });
  const { name, namespace, uid, resourceVersion } = scale.metadata;
  const into = deps.kinds.get(kind.id);
  const empty = stored<K>({
    apiVersion: apiVersionOf(into),
    kind: into.kind,
    metadata: { name, namespace, uid, resourceVersion },
  });
  const replicas = replicasOf(scale, ref);
  const config = replicas === undefined ? empty : scaling.write(empty, replicas);
  const { object } = await applyObject(deps, into, ref, config, {
    ...applier,
    subresource: 'scale',
    dryRun: isDryRun(exchange),
    // A Scale always has a number: one that nobody wants any longer is 0.
    guard: next => scaling.write(next, scaling.read(next).wanted),
  });
  return object;
}

function asScale(decoded: unknown): Scale {
  // biome-ignore lint/suspicious/noExplicitAny: the walker has just proved the shape
  const given: any = decoded;
  return { ...given, metadata: given.metadata ?? {} };
}

/** What a Scale wants; undefined when it does not say. Throws ApiError Invalid. */
function replicasOf({ spec }: Scale, { name }: ObjectRef): number | undefined {
  const replicas = spec?.replicas ?? undefined;
  const faults = checkRange('spec.replicas', replicas, 0);
  if (faults.length > 0) throw invalid(SCALE, name, faults);
  return replicas;
}

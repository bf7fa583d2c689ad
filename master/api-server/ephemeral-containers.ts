/** pods/NAME/ephemeralcontainers (`kubectl debug POD`): containers join a pod that runs, and none leaves it. */
import type { New, ObjectRef, Pod } from '../../shared/kubernetes/objects.ts';
import type { Kind } from '../registry/kind.ts';
import { validateAddedEphemeralContainers } from '../registry/kinds/ephemeral-containers.ts';
import { KINDS } from '../registry/kinds.ts';
import { contentTypeOf, decodeObject, fieldValidationOf, isDryRun, readDocument } from './decode-body.ts';
import type { Exchange } from './exchange.ts';
import { fieldManagerOf } from './field-owner.ts';
import { applyPatch } from './patch/apply-patch.ts';
import { refuseOtherName, refuseStale, sendObject, type WriteDeps } from './write.ts';

const KIND: Kind<'Pod'> = { ...KINDS.Pod, validateUpdate: validateAddedEphemeralContainers };

/** PUT and PATCH; of the pod that the client sends, only the ephemeral containers count. */
export async function changeEphemeralContainers(
  deps: WriteDeps,
  exchange: Exchange,
  ref: ObjectRef,
): Promise<void> {
  const isPatch = exchange.method === 'PATCH';
  const contentType = contentTypeOf(exchange);
  const validation = fieldValidationOf(exchange);
  const { json, duplicates } = await readDocument(exchange, validation);
  let warnings: readonly string[] = [];
  const make = (current: Pod): New<Pod> => {
    const body = isPatch ? applyPatch(contentType, KIND.type, current, json) : json;
    const { object, ...decoded } = decodeObject(KIND, body, validation, duplicates);
    refuseOtherName(object, ref);
    refuseStale(KIND, current, object);
    warnings = decoded.warnings;
    return { ...current, spec: { ...current.spec, ephemeralContainers: object.spec.ephemeralContainers } };
  };
  const manager = fieldManagerOf(exchange, isPatch ? 'PatchOptions' : 'UpdateOptions');
  const owner = { manager, subresource: 'ephemeralcontainers' as const };
  const options = { as: KIND, part: 'object' as const, dryRun: isDryRun(exchange), owner };
  const changed = await deps.registry.change('Pod', ref, make, options);
  exchange.warn(warnings);
  sendObject(deps, exchange, KINDS.Pod, 200, changed);
}

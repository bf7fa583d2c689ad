/** Subresources that are no part of their object: finalize, binding, eviction. */
import * as v from 'valibot';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { ObjectRef, Pod } from '../../shared/kubernetes/objects.ts';
import { isPodActive } from '../../shared/kubernetes/pod-state.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { KINDS } from '../registry/kinds.ts';
import { decodeObject, fieldValidationOf, isDryRun, readJson } from './decode-body.ts';
import { budgetFor, withDisruption } from './disruption-budget.ts';
import type { Exchange } from './exchange.ts';
import { deleteOptionsOf, sendObject, type WriteDeps } from './write.ts';

const SUCCESS = JSON.stringify({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  code: 201,
});

function firstFault(issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  return `${v.getDotPath(issues[0]) ?? 'body'}: ${issues[0].message}`;
}

/** PUT of a namespace's `finalize`: its finalizers change, and nothing else. */
export async function finalizeNamespace(deps: WriteDeps, exchange: Exchange, ref: ObjectRef): Promise<void> {
  const kind = KINDS.Namespace;
  const { object } = decodeObject(kind, await readJson(exchange), fieldValidationOf(exchange));
  const { resourceVersion, uid } = object.metadata;
  const finalizers = object.spec?.finalizers ?? [];
  const finalized = await deps.registry.change(
    'Namespace',
    ref,
    current => ({ ...current, spec: { ...current.spec, finalizers } }),
    { part: 'object', resourceVersion, uid, dryRun: isDryRun(exchange) },
  );
  sendObject(deps, exchange, kind, 200, finalized);
}

const BindingSchema = v.object({
  target: v.object({ name: v.pipe(v.string(), v.minLength(1)) }),
  metadata: v.optional(v.object({ name: v.optional(v.string()), uid: v.optional(v.string()) }), {}),
});

/** Binds the pod that the path names (`pods/NAME/binding`), or else the body (`bindings`, deprecated in Kubernetes). */
export async function bindPod(
  deps: WriteDeps,
  exchange: Exchange,
  { namespace, name: inPath }: { readonly namespace?: string; readonly name?: string },
): Promise<void> {
  const parsed = v.safeParse(BindingSchema, await readJson(exchange));
  if (!parsed.success)
    throw new ApiError(
      'Invalid',
      `Binding ${JSON.stringify(inPath ?? '')} is invalid: ${firstFault(parsed.issues)}`,
    );
  const { metadata, target } = parsed.output;
  const name = inPath ?? metadata.name;
  if (!name) throw new ApiError('Invalid', 'Binding "" is invalid: metadata.name: Required value');
  if (metadata.name && metadata.name !== name)
    throw new ApiError('BadRequest', 'name in URL does not match name in Binding object');
  const ref = { namespace, name };
  await deps.registry.bind(
    { ...ref, uid: metadata.uid ?? deps.cache.get('Pod', ref)?.metadata.uid ?? '' },
    target.name,
  );
  exchange.sendJson(201, SUCCESS);
}

const EvictionSchema = v.object({ deleteOptions: v.optional(v.nullable(v.unknown())) });

/** Deletes the pod when its disruption budget allows; the budget is counted down first, by compare-and-set. */
export async function evictPod(deps: WriteDeps, exchange: Exchange, ref: ObjectRef): Promise<void> {
  const parsed = v.safeParse(EvictionSchema, await readJson(exchange));
  if (!parsed.success) throw new ApiError('BadRequest', `Eviction is invalid: ${firstFault(parsed.issues)}`);
  const { dryRun, ...options } = deleteOptionsOf(exchange, parsed.output.deleteOptions ?? {});
  const pod = deps.cache.get('Pod', ref);
  const budget = pod === undefined ? undefined : budgetFor(deps.cache, pod);
  if (budget !== undefined)
    await deps.registry.change(
      'PodDisruptionBudget',
      budget.metadata,
      current => withDisruption(current, ref, deps.clock.nowMs()),
      { part: 'status', dryRun },
    );
  if (pod?.spec.nodeName && isPodActive(pod))
    await deps.registry.change('Pod', ref, current => withEviction(current, deps.clock.nowMs()), {
      part: 'status',
      dryRun,
    });
  await deps.registry.deleteObject('Pod', ref, { ...options, dryRun });
  exchange.sendJson(201, SUCCESS);
}

/** Says why the pod goes: a Job may choose not to count it. */
function withEviction(pod: Pod, nowMs: number): Pod {
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason: 'EvictionByEvictionAPI',
    message: 'Eviction API: evicting',
    lastTransitionTime: formatTime(nowMs),
  };
  const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== condition.type);
  return { ...pod, status: { ...pod.status, conditions: [...others, condition] } };
}

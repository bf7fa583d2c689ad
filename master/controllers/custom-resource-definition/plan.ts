/** CustomResourceDefinition: grants names, tells when its kind is served, and empties one that is being deleted before it goes. */
import { isDeepStrictEqual } from 'node:util';
import { CLEANUP_FINALIZER } from '../../../shared/kubernetes/custom-resources.ts';
import type { CustomResourceDefinition, KubeObject, ObjectRef } from '../../../shared/kubernetes/objects.ts';
import { groupOf, refOf } from '../../../shared/kubernetes/references.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { customKindName } from '../../watch/keys.ts';
import { deleteOf } from '../actions.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { MAX_DELETES_PER_PLAN } from '../limits.ts';
import { acceptNames, establishedVerdict, withVerdict } from './names.ts';

export const customResourceDefinitionController: Controller<'CustomResourceDefinition'> = {
  name: 'customresourcedefinition-controller',
  of: 'CustomResourceDefinition',
  // A name that one gives up may be what another waits for.
  wakes: { CustomResourceDefinition: (changed, view) => ofGroup(changed.spec.group, view).map(refOf) },
  wakesOfAny: emptiedDefinition,
  plan: planDefinition,
};

function ofGroup(group: string, view: ClusterView): readonly CustomResourceDefinition[] {
  return view.list('CustomResourceDefinition').filter(({ spec }) => spec.group === group);
}

/** A definition that is going hears of its objects. */
function emptiedDefinition({ apiVersion, kind }: KubeObject, view: ClusterView): readonly ObjectRef[] {
  const group = groupOf(apiVersion);
  // A custom group is a domain; most objects are told apart by that alone.
  if (!group.includes('.')) return [];
  return ofGroup(group, view)
    .filter(({ spec, metadata }) => spec.names.kind === kind && metadata.deletionTimestamp !== undefined)
    .map(refOf);
}

function planDefinition({ view, ref, nowMs }: PlanInput): Plan {
  const definition = view.get('CustomResourceDefinition', ref);
  if (definition === undefined) return { actions: [] };
  const now = formatTime(nowMs);
  const wanted =
    definition.metadata.deletionTimestamp === undefined
      ? granted(definition, view, now)
      : terminating(definition, now);
  if (!isDeepStrictEqual(wanted, definition))
    return { actions: [{ kind: 'updateStatus', of: 'CustomResourceDefinition', object: wanted }] };
  return { actions: definition.metadata.deletionTimestamp === undefined ? [] : cleanUp(definition, view) };
}

function granted(
  definition: CustomResourceDefinition,
  view: ClusterView,
  now: string,
): CustomResourceDefinition {
  const others = ofGroup(definition.spec.group, view).filter(
    ({ metadata }) => metadata.uid !== definition.metadata.uid,
  );
  const { names, verdict } = acceptNames(definition, others);
  const { conditions = [], storedVersions = [] } = definition.status ?? {};
  const established = establishedVerdict(definition, verdict.status === 'True');
  const stored = definition.spec.versions.filter(({ storage }) => storage).map(({ name }) => name);
  return {
    ...definition,
    status: {
      ...definition.status,
      conditions: withVerdict(withVerdict(conditions, verdict, now), established, now),
      acceptedNames: names,
      storedVersions: [...new Set([...storedVersions, ...stored])],
    },
  };
}

function terminating(definition: CustomResourceDefinition, now: string): CustomResourceDefinition {
  const verdict = {
    type: 'Terminating',
    status: 'True',
    reason: 'InstanceDeletionInProgress',
    message: 'CustomResource deletion is in progress',
  };
  const conditions = withVerdict(definition.status?.conditions ?? [], verdict, now);
  return { ...definition, status: { ...definition.status, conditions } };
}

/** Deletes the objects, and gives up the finalizer once none is left. */
function cleanUp(definition: CustomResourceDefinition, view: ClusterView): readonly Action[] {
  const { metadata, spec } = definition;
  if (!metadata.finalizers?.includes(CLEANUP_FINALIZER)) return [];
  const id = customKindName(spec.group, spec.names.plural);
  const objects = view.list(id);
  if (objects.length > 0)
    return objects
      .filter(object => object.metadata.deletionTimestamp === undefined)
      .slice(0, MAX_DELETES_PER_PLAN)
      .map(object => deleteOf(id, object));
  const finalizers = metadata.finalizers.filter(finalizer => finalizer !== CLEANUP_FINALIZER);
  return [
    {
      kind: 'update',
      of: 'CustomResourceDefinition',
      object: { ...definition, metadata: { ...metadata, finalizers } },
    },
  ];
}

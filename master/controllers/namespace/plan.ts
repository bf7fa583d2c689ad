/** Namespace: one that is being deleted is emptied first, and then let go. */
import type { KindName, KubeObject, Namespace, ObjectRef } from '../../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { MAX_DELETES_PER_PLAN } from '../limits.ts';

const FINALIZER = 'kubernetes';

/** A namespace that is going hears of all that happens in it. */
function homeOf({ metadata }: KubeObject, view: ClusterView): readonly ObjectRef[] {
  const name = metadata.namespace;
  if (name === undefined) return [];
  return view.get('Namespace', { name })?.metadata.deletionTimestamp === undefined ? [] : [{ name }];
}

export const namespaceController: Controller<'Namespace'> = {
  name: 'namespace-controller',
  of: 'Namespace',
  wakes: {},
  wakesOfAny: homeOf,
  plan: planNamespace,
};

/** Deletes the content, owners and dependents alike, and gives up the finalizer once nothing is left. */
function planNamespace({ view, ref }: PlanInput): Plan {
  const namespace = view.get('Namespace', ref);
  if (namespace?.metadata.deletionTimestamp === undefined) return { actions: [] };
  if (namespace.status?.phase !== 'Terminating')
    return { actions: [{ kind: 'updateStatus', of: 'Namespace', object: terminating(namespace) }] };
  const content = view.kinds().map(kind => contentActions(kind, ref.name, view));
  const remaining = content.reduce((total, { count }) => total + count, 0);
  if (remaining === 0) return { actions: finalize(namespace) };
  return { actions: content.flatMap(({ actions }) => actions).slice(0, MAX_DELETES_PER_PLAN) };
}

function terminating(namespace: Namespace): Namespace {
  return { ...namespace, status: { ...namespace.status, phase: 'Terminating' } };
}

function contentActions<K extends KindName>(kind: K, namespace: string, view: ClusterView) {
  const objects = view.list(kind, namespace);
  const actions = objects
    .filter(object => object.metadata.deletionTimestamp === undefined)
    .map((object): Action => deleteOf(kind, object, { propagation: 'Background' }));
  return { count: objects.length, actions };
}

function finalize(namespace: Namespace): readonly Action[] {
  const finalizers = namespace.spec?.finalizers ?? [];
  if (!finalizers.includes(FINALIZER)) return [];
  const kept = finalizers.filter(finalizer => finalizer !== FINALIZER);
  return [
    {
      kind: 'update',
      of: 'Namespace',
      object: { ...namespace, spec: { ...namespace.spec, finalizers: kept } },
    },
  ];
}

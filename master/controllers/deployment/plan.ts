/** Deployment: one ReplicaSet per pod template, and the move of pods from the old ones to the current one. */
import { canonicalJson } from '../../../shared/digest.ts';
import type { Deployment, Pod, ReplicaSet } from '../../../shared/kubernetes/objects.ts';
import { isPodTerminal } from '../../../shared/kubernetes/pod-state.ts';
import { controllerOf } from '../../../shared/kubernetes/references.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { deleteOf } from '../actions.ts';
import { claim } from '../claim.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';
import { isNamespaceTerminating, ownersOf } from '../wakes.ts';
import {
  boundsOf,
  nextCurrentSize,
  nextOldSizes,
  proportionalSizes,
  type Sized,
  type Sizes,
} from './sizes.ts';
import { deadlineAtMs, isComplete, nextStatus } from './status.ts';
import {
  asRevision,
  currentReplicaSet,
  hasOtherTarget,
  newReplicaSet,
  oldestFirst,
  REVISION,
  replicaSetName,
  resized,
  revisionOf,
} from './template.ts';

/** Kubernetes's default. */
const REVISION_HISTORY_LIMIT = 10;

export const deploymentController: Controller<'Deployment'> = {
  name: 'deployment-controller',
  of: 'Deployment',
  wakes: {
    ReplicaSet: (replicaSet, view) => ownersOf('Deployment', replicaSet, view),
    Pod: (pod, view) => recreatingOwners(pod, view),
  },
  plan: planDeployment,
};

/** A Deployment that recreates waits for its old pods to be gone; all others hear of pods by their ReplicaSets. */
function recreatingOwners(pod: Pod, view: ClusterView) {
  const owner = controllerOf(pod);
  if (owner?.kind !== 'ReplicaSet') return [];
  const { namespace } = pod.metadata;
  const replicaSet = view.get('ReplicaSet', { namespace, name: owner.name });
  const name = replicaSet === undefined ? undefined : controllerOf(replicaSet)?.name;
  const deployment = name === undefined ? undefined : view.get('Deployment', { namespace, name });
  return deployment?.spec.strategy?.type === 'Recreate'
    ? [{ namespace, name: deployment.metadata.name }]
    : [];
}

type Rollout = {
  readonly deployment: Deployment;
  readonly view: ClusterView;
  readonly current: ReplicaSet | undefined;
  /** Oldest first. */
  readonly old: readonly ReplicaSet[];
  readonly revision: number;
};

/** The next steps of a rollout, a scaling, a clean-up, and the status. */
function planDeployment({ view, ref, nowMs }: PlanInput): Plan {
  const deployment = view.get('Deployment', ref);
  if (deployment === undefined) return { actions: [] };
  const isDeleting = deployment.metadata.deletionTimestamp !== undefined;
  const claimed = claim(view, { of: 'ReplicaSet', owner: deployment, ownerKind: 'Deployment' });
  if (!isDeleting && claimed.actions.length > 0) return { actions: claimed.actions };
  const current = currentReplicaSet(deployment, claimed.owned);
  const old = claimed.owned.filter(set => set !== current).sort(oldestFirst);
  const revision = Math.max(0, ...old.map(revisionOf)) + 1;
  const rollout = { deployment, view, current, old, revision };
  const mayWrite = !isDeleting && !isNamespaceTerminating(view, ref.namespace);
  const steps = mayWrite ? nextSteps(rollout) : [];
  return { actions: [...steps, ...own(rollout, steps, nowMs)], againAtMs: deadlineAtMs(deployment) };
}

/** What to write of the Deployment itself: one write, so that it cannot lose a race against its own. */
function own(
  { deployment, current, old }: Rollout,
  steps: readonly Action[],
  nowMs: number,
): readonly Action[] {
  const revision = current?.metadata.annotations?.[REVISION];
  if (revision !== undefined && deployment.metadata.annotations?.[REVISION] !== revision) {
    const annotations = { ...deployment.metadata.annotations, [REVISION]: revision };
    const object = { ...deployment, metadata: { ...deployment.metadata, annotations } };
    if (deployment.metadata.deletionTimestamp === undefined)
      return [{ kind: 'update', of: 'Deployment', object }];
  }
  if (steps.some(step => step.kind === 'updateStatus')) return [];
  const isCreating = steps.some(step => step.kind === 'create');
  const status = nextStatus({
    deployment,
    replicaSets: current === undefined ? old : [...old, current],
    current,
    created: isCreating ? replicaSetName(deployment) : undefined,
    nowMs,
  });
  if (canonicalJson(status) === canonicalJson(deployment.status ?? {})) return [];
  return [{ kind: 'updateStatus', of: 'Deployment', object: { ...deployment, status } }];
}

function nextSteps(rollout: Rollout): readonly Action[] {
  const { deployment, current, old } = rollout;
  const active = [...old, ...(current === undefined ? [] : [current])].filter(
    set => (set.spec.replicas ?? 1) > 0,
  );
  const isScaled = active.some(set => hasOtherTarget(deployment, set));
  if (deployment.spec.paused || isScaled) return scaleAll(rollout, active);
  if (current === undefined) return createCurrent(rollout);
  const labelled = asRevision(deployment, current, Math.max(rollout.revision, revisionOf(current)));
  if (labelled !== undefined) return [{ kind: 'update', of: 'ReplicaSet', object: labelled }];
  const moved =
    deployment.spec.strategy?.type === 'Recreate' ? recreate(rollout, current) : roll(rollout, current);
  return moved.length > 0 ? moved : cleanUp(rollout);
}

/** To the Deployment's new size without moving pods between templates. */
function scaleAll(rollout: Rollout, active: readonly ReplicaSet[]): readonly Action[] {
  const bounds = boundsOf(rollout.deployment);
  const [only] = active;
  if (active.length <= 1) {
    const set = only ?? rollout.current;
    return set === undefined ? [] : resize(rollout, [set], new Map([[set.metadata.uid, bounds.desired]]));
  }
  const newestFirst = [...active].reverse();
  return resize(rollout, active, proportionalSizes(bounds, newestFirst.map(sizedOf)));
}

function createCurrent(rollout: Rollout): readonly Action[] {
  const { deployment, old, view } = rollout;
  const isRecreate = deployment.spec.strategy?.type === 'Recreate';
  if (isRecreate && holdsPods(rollout))
    return resize(rollout, old, new Map(old.map(set => [set.metadata.uid, 0])));
  const name = replicaSetName(deployment);
  if (view.get('ReplicaSet', { namespace: deployment.metadata.namespace, name }) !== undefined) {
    const status = { ...deployment.status, collisionCount: (deployment.status?.collisionCount ?? 0) + 1 };
    return [{ kind: 'updateStatus', of: 'Deployment', object: { ...deployment, status } }];
  }
  const bounds = boundsOf(deployment);
  const others = old.reduce((total, set) => total + (set.spec.replicas ?? 1), 0);
  const replicas = isRecreate ? bounds.desired : nextCurrentSize(bounds, 0, others);
  const maxReplicas = bounds.desired + bounds.maxSurge;
  const object = newReplicaSet(deployment, { replicas, maxReplicas, revision: rollout.revision });
  const told = replicas === 0 ? [] : [tellScaled(deployment, { name, from: 0, to: replicas })];
  return [{ kind: 'create', of: 'ReplicaSet', object }, ...told];
}

function recreate(rollout: Rollout, current: ReplicaSet): readonly Action[] {
  const { deployment, old } = rollout;
  const emptied = resize(rollout, old, new Map(old.map(set => [set.metadata.uid, 0])));
  if (emptied.length > 0 || holdsPods(rollout)) return emptied;
  return resize(rollout, [current], new Map([[current.metadata.uid, deployment.spec.replicas ?? 1]]));
}

/** True while a pod of an old template may still run, ending ones included: two templates must never run side by side. */
function holdsPods({ view, old }: Rollout): boolean {
  return old.some(
    set =>
      (set.spec.replicas ?? 1) > 0 || view.ownedBy('Pod', set.metadata.uid).some(pod => !isPodTerminal(pod)),
  );
}

function roll(rollout: Rollout, current: ReplicaSet): readonly Action[] {
  const bounds = boundsOf(rollout.deployment);
  const others = rollout.old.reduce((total, set) => total + (set.spec.replicas ?? 1), 0);
  const size = nextCurrentSize(bounds, current.spec.replicas ?? 1, others);
  const grown = resize(rollout, [current], new Map([[current.metadata.uid, size]]));
  if (grown.length > 0) return grown;
  return resize(rollout, rollout.old, nextOldSizes(bounds, sizedOf(current), rollout.old.map(sizedOf)));
}

function sizedOf({ metadata, spec, status }: ReplicaSet): Sized {
  return {
    uid: metadata.uid,
    replicas: spec.replicas ?? 1,
    availableReplicas: status?.availableReplicas ?? 0,
  };
}

function resize({ deployment }: Rollout, sets: readonly ReplicaSet[], sizes: Sizes): readonly Action[] {
  const { desired, maxSurge } = boundsOf(deployment);
  return sets.flatMap((set): readonly Action[] => {
    const from = set.spec.replicas ?? 1;
    const to = sizes.get(set.metadata.uid) ?? from;
    if (to === 0 && from === 0) return [];
    const object = resized(deployment, set, { replicas: to, maxReplicas: desired + maxSurge });
    if (object === undefined) return [];
    const told = from === to ? [] : [tellScaled(deployment, { name: set.metadata.name, from, to })];
    return [{ kind: 'update', of: 'ReplicaSet', object }, ...told];
  });
}

function tellScaled(
  deployment: Deployment,
  { name, from, to }: { name: string; from: number; to: number },
): Action {
  const message = `Scaled ${to > from ? 'up' : 'down'} replica set ${name} from ${from} to ${to}`;
  const about = subjectOf('Deployment', deployment);
  return { kind: 'event', about, type: 'Normal', reason: 'ScalingReplicaSet', message };
}

/** Once a rollout is complete, the oldest empty ReplicaSets beyond the history limit go. */
function cleanUp({ deployment, old }: Rollout): readonly Action[] {
  if (!isComplete(deployment, deployment.status ?? {})) return [];
  const empty = old.filter(
    ({ metadata, spec, status }) =>
      spec.replicas === 0 && (status?.replicas ?? 0) === 0 && metadata.deletionTimestamp === undefined,
  );
  const excess = empty.length - (deployment.spec.revisionHistoryLimit ?? REVISION_HISTORY_LIMIT);
  return [...empty]
    .sort((a, b) => revisionOf(a) - revisionOf(b))
    .slice(0, Math.max(0, excess))
    .map(set => deleteOf('ReplicaSet', set));
}

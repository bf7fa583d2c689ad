/** The history of a pod template as ControllerRevisions, for `kubectl rollout history` and `undo`. Pure. */
import { canonicalJson } from '../../shared/digest.ts';
import type {
  ControllerRevision,
  DaemonSet,
  PodTemplateSpec,
  StatefulSet,
} from '../../shared/kubernetes/objects.ts';
import { controllerReference } from '../../shared/kubernetes/references.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { deleteOf } from './actions.ts';
import { claim } from './claim.ts';
import type { Action } from './controller.ts';
import { joinName, safeHash } from './safe-name.ts';

/** Kubernetes's default. */
const REVISION_HISTORY_LIMIT = 10;

type HistoryInput = {
  readonly owner: DaemonSet | StatefulSet;
  readonly ownerKind: 'DaemonSet' | 'StatefulSet';
  /** The label of a revision that holds its hash. */
  readonly hashLabel: string;
  /** True while a pod was made from it, or will be. */
  isLive(revision: ControllerRevision): boolean;
};

export type History = {
  /** Every revision that is the owner's, oldest first. */
  readonly revisions: readonly ControllerRevision[];
  /** Tells pods of the present template from those of another. */
  readonly hash: string;
  /** The name of the revision that holds the present template, made or still to be made. */
  readonly name: string;
  /** Adoptions, the present revision where it is missing or not the newest, and the end of what is too old. */
  readonly actions: readonly Action[];
  /** Another object has taken the name: the owner's collisionCount must grow. */
  readonly isTaken: boolean;
};

/** The owner's revisions as they are, and what must be written so that its present template is the newest of them. */
export function historyOf(view: ClusterView, input: HistoryInput): History {
  const { owner, ownerKind, hashLabel } = input;
  const claimed = claim(view, { of: 'ControllerRevision', owner, ownerKind });
  const revisions = [...claimed.owned].sort(
    (a, b) => a.revision - b.revision || (a.metadata.name < b.metadata.name ? -1 : 1),
  );
  const newest = revisions.at(-1)?.revision ?? 0;
  const present = canonicalJson(dataOf(owner.spec.template));
  const equal = revisions.findLast(({ data }) => canonicalJson(data) === present);
  const hash = equal?.metadata.labels?.[hashLabel] ?? hashOf(owner);
  const name = equal?.metadata.name ?? joinName(owner.metadata.name, `-${hash}`);
  const { namespace } = owner.metadata;
  const isTaken = equal === undefined && view.get('ControllerRevision', { namespace, name }) !== undefined;
  const old = revisions.filter(revision => revision !== equal && !input.isLive(revision));
  const excess = Math.max(0, old.length - (owner.spec.revisionHistoryLimit ?? REVISION_HISTORY_LIMIT));
  const expired = old.slice(0, excess).map(revision => deleteOf('ControllerRevision', revision));
  const written =
    equal === undefined
      ? [create(input, { name, hash, revision: newest + 1 })]
      : equal.revision === newest
        ? []
        : [update({ ...equal, revision: newest + 1 })];
  return {
    revisions,
    hash,
    name,
    isTaken,
    actions: [...claimed.actions, ...(isTaken ? [] : written), ...expired],
  };
}

/** The template that a revision holds. */
export function templateOf({ data }: ControllerRevision, present: PodTemplateSpec): PodTemplateSpec {
  const held: { readonly spec?: { readonly template?: PodTemplateSpec } } = data ?? {};
  const { $patch: _replace, ...template }: PodTemplateSpec & { $patch?: string } =
    held.spec?.template ?? present;
  return template;
}

/** A strategic merge patch of the owner: what `kubectl rollout undo` sends. */
function dataOf(template: PodTemplateSpec) {
  return { spec: { template: { ...template, $patch: 'replace' } } };
}

function hashOf({ spec, status }: DaemonSet | StatefulSet): string {
  const collisions = status?.collisionCount ?? 0;
  return safeHash(collisions === 0 ? spec.template : [spec.template, collisions]);
}

function create(
  { owner, ownerKind, hashLabel }: HistoryInput,
  { name, hash, revision }: { name: string; hash: string; revision: number },
): Action {
  const { namespace, annotations = {} } = owner.metadata;
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...inherited } = annotations;
  return {
    kind: 'create',
    of: 'ControllerRevision',
    object: {
      apiVersion: 'apps/v1',
      kind: 'ControllerRevision',
      metadata: {
        name,
        namespace,
        labels: { ...owner.spec.template.metadata?.labels, [hashLabel]: hash },
        annotations: inherited,
        ownerReferences: [controllerReference(ownerKind, owner)],
      },
      data: dataOf(owner.spec.template),
      revision,
    },
  };
}

function update(object: ControllerRevision): Action {
  return { kind: 'update', of: 'ControllerRevision', object };
}

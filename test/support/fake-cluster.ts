/**
 * A cluster in memory: store, registry and view in one. Real in what control loops rely on: revisions, compare-and-set,
 * the spec/status split, finalizers, grace periods, one binding per pod, and a view that may lag behind the store.
 * It validates and defaults nothing.
 */
import type { DeleteOptions, Registry } from '../../master/registry/registry.ts';
import { stored } from '../../master/registry/stored-object.ts';
import type { Dependent, LiveView, ViewChange } from '../../master/watch/cluster-view.ts';
import { changeOf } from '../../master/watch/object-cache.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type {
  KindMap,
  KindName,
  KubeObject,
  Namespace,
  New,
  ObjectRef,
  Pod,
} from '../../shared/kubernetes/objects.ts';
import { isPodTerminal } from '../../shared/kubernetes/pod-state.ts';
import { KIND_INFO } from '../../shared/kubernetes/references.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { ObjectTable } from './object-table.ts';

const DEFAULT_GRACE_SECONDS = 30;
const FINALIZER_OF = { Foreground: 'foregroundDeletion', Orphan: 'orphan' } as const;

class Tables {
  private readonly byKind = new Map<KindName, unknown>();

  of<K extends KindName>(kind: K): ObjectTable<KindMap[K]> {
    // biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a kind's name to its object across a union
    let table: any = this.byKind.get(kind);
    table ??= new ObjectTable<KindMap[K]>();
    this.byKind.set(kind, table);
    return table;
  }

  kinds(): readonly KindName[] {
    return [...this.byKind.keys()];
  }
}

export type FakeClusterOptions = {
  readonly nowMs: () => number;
  /** Delivers a change to the view later, in order; at once without. */
  readonly deliver?: (change: () => void) => void;
  /** Called before each write; throws to refuse it. */
  readonly beforeWrite?: (verb: string, kind: KindName, ref: ObjectRef) => void;
};

export class FakeCluster {
  readonly view: LiveView;
  readonly registry: Registry;
  /** How many times each pod was bound, by uid. */
  readonly bindings = new Map<string, number>();
  /** Every accepted write, as `verb Kind name`. */
  readonly writes: string[] = [];
  private readonly options: FakeClusterOptions;
  private readonly stored = new Tables();
  private readonly seen = new Tables();
  private readonly onNode = new Map<string, Map<string, Pod>>();
  private readonly listeners = new Set<(change: ViewChange) => void>();
  private waiters: { readonly revision: number; readonly resolve: () => void }[] = [];
  private storeRevision = 0;
  private seenRevision = 0;

  constructor(options: FakeClusterOptions) {
    this.options = options;
    this.view = viewOf(this);
    this.registry = {
      create: async (kind, object) => this.create(kind, object),
      update: async (kind, object) => this.update(kind, object),
      updateStatus: async (kind, object) => this.updateStatus(kind, object),
      delete: async (kind, ref, deleteOptions) => this.delete(kind, ref, deleteOptions),
      bind: async (pod, node) => this.bind(pod, node),
    };
  }

  /** What is stored, whatever the view has seen of it. */
  now<K extends KindName>(kind: K): ObjectTable<KindMap[K]> {
    return this.stored.of(kind);
  }

  /** What the view has seen. */
  observed<K extends KindName>(kind: K): ObjectTable<KindMap[K]> {
    return this.seen.of(kind);
  }

  get observedRevision(): number {
    return this.seenRevision;
  }

  kinds(): readonly KindName[] {
    return this.seen.kinds();
  }

  dependentsOf(uid: string): readonly Dependent[] {
    return this.kinds().flatMap(kind =>
      this.seen
        .of(kind)
        .list()
        .filter(({ metadata }) => metadata.ownerReferences?.some(owner => owner.uid === uid) === true)
        .map(object => ({ kind, object })),
    );
  }

  podsOnNode(node: string): readonly Pod[] {
    return [...(this.onNode.get(node)?.values() ?? [])];
  }

  onChange(callback: (change: ViewChange) => void): () => void {
    this.listeners.add(callback);
    return () => this.listeners.delete(callback);
  }

  waitFor(revision: number): Promise<void> {
    if (this.seenRevision >= revision) return Promise.resolve();
    return new Promise(resolve => this.waiters.push({ revision, resolve }));
  }

  create<K extends KindName>(kind: K, object: New<KindMap[K]>): KindMap[K] {
    const uid = `uid-${this.storeRevision + 1}`;
    const name = object.metadata.name ?? `${object.metadata.generateName ?? ''}${uid}`;
    const namespace = isNamespaced(kind) ? (object.metadata.namespace ?? 'default') : undefined;
    const ref = { namespace, name };
    this.options.beforeWrite?.('create', kind, ref);
    const home = namespace === undefined ? undefined : this.stored.of('Namespace').get({ name: namespace });
    if (home?.metadata.deletionTimestamp !== undefined)
      throw new ApiError('Forbidden', `namespace ${namespace} is being terminated`);
    if (this.stored.of(kind).get(ref) !== undefined) refuse('AlreadyExists', kind, ref);
    const creationTimestamp = object.metadata.creationTimestamp ?? formatTime(this.options.nowMs());
    const metadata = {
      ...object.metadata,
      ...ref,
      uid,
      creationTimestamp,
      generation: 1,
      resourceVersion: '',
    };
    return this.write('create', kind, undefined, stored<K>({ ...object, metadata }));
  }

  update<K extends KindName>(kind: K, object: KindMap[K]): KindMap[K] {
    const current = this.compared('update', kind, object);
    const { uid, creationTimestamp, deletionTimestamp, generation = 1 } = current.metadata;
    const changed = JSON.stringify(memberOf(current, 'spec')) !== JSON.stringify(memberOf(object, 'spec'));
    const metadata = {
      ...object.metadata,
      uid,
      creationTimestamp,
      deletionTimestamp,
      generation: changed ? generation + 1 : generation,
    };
    const next = { ...object, ...memberOf(current, 'status'), metadata };
    return this.write('update', kind, current, isFinished(next) ? undefined : next);
  }

  updateStatus<K extends KindName>(kind: K, object: KindMap[K]): KindMap[K] {
    const current = this.compared('updateStatus', kind, object);
    const status = memberOf(object, 'status');
    if (JSON.stringify(memberOf(current, 'status')) === JSON.stringify(status)) return current;
    return this.write('updateStatus', kind, current, { ...current, ...status });
  }

  delete<K extends KindName>(kind: K, ref: ObjectRef, options: DeleteOptions = {}): KindMap[K] {
    this.options.beforeWrite?.('delete', kind, ref);
    const current = this.stored.of(kind).get(ref) ?? refuse('NotFound', kind, ref);
    const { metadata } = current;
    if (options.uid !== undefined && options.uid !== metadata.uid) refuse('Conflict', kind, ref);
    if (options.resourceVersion !== undefined && options.resourceVersion !== metadata.resourceVersion)
      refuse('Conflict', kind, ref);
    const { propagation } = options;
    const added = propagation === 'Foreground' || propagation === 'Orphan' ? [FINALIZER_OF[propagation]] : [];
    const finalizers = [...new Set([...(metadata.finalizers ?? []), ...added])];
    const grace = graceOf(current, options);
    const marked = {
      ...current,
      metadata: {
        ...metadata,
        finalizers,
        deletionTimestamp: metadata.deletionTimestamp ?? formatTime(this.options.nowMs() + grace * 1000),
        deletionGracePeriodSeconds: Math.min(grace, metadata.deletionGracePeriodSeconds ?? grace),
      },
    };
    if (isFinished(marked)) return this.write('delete', kind, current, undefined);
    if (JSON.stringify(marked) === JSON.stringify(current)) return current;
    return this.write('delete', kind, current, marked);
  }

  bind(ref: ObjectRef & { readonly uid: string }, node: string): void {
    this.options.beforeWrite?.('bind', 'Pod', ref);
    const pod = this.stored.of('Pod').get(ref) ?? refuse('NotFound', 'Pod', ref);
    const { uid, deletionTimestamp } = pod.metadata;
    if (uid !== ref.uid || pod.spec.nodeName || deletionTimestamp) refuse('Conflict', 'Pod', ref);
    this.bindings.set(uid, (this.bindings.get(uid) ?? 0) + 1);
    const others = (pod.status?.conditions ?? []).filter(condition => condition.type !== 'PodScheduled');
    const conditions = [...others, { type: 'PodScheduled', status: 'True' }];
    const spec = { ...pod.spec, nodeName: node };
    this.write('bind', 'Pod', pod, { ...pod, spec, status: { ...pod.status, conditions } });
  }

  private compared<K extends KindName>(verb: string, kind: K, object: KindMap[K]): KindMap[K] {
    this.options.beforeWrite?.(verb, kind, object.metadata);
    const current = this.stored.of(kind).get(object.metadata) ?? refuse('NotFound', kind, object.metadata);
    if (current.metadata.resourceVersion !== object.metadata.resourceVersion)
      refuse('Conflict', kind, object.metadata);
    return current;
  }

  /** Answers the object as it stood last, stamped with the revision of this write; `next` undefined removes it. */
  private write<K extends KindName>(
    verb: string,
    kind: K,
    before: KindMap[K] | undefined,
    next: KindMap[K] | undefined,
  ): KindMap[K] {
    const last = next ?? before;
    if (last === undefined) throw new Error('a write of nothing');
    const revision = ++this.storeRevision;
    const stamped = { ...last, metadata: { ...last.metadata, resourceVersion: String(revision) } };
    if (next === undefined) this.stored.of(kind).remove(stamped.metadata);
    else this.stored.of(kind).put(stamped);
    this.writes.push(`${verb} ${kind} ${stamped.metadata.name}`);
    const deliver = this.options.deliver ?? (see => see());
    deliver(() => this.see(kind, { before, after: next === undefined ? undefined : stamped, revision }));
    return stamped;
  }

  private see<K extends KindName>(
    kind: K,
    change: { before: KindMap[K] | undefined; after: KindMap[K] | undefined; revision: number },
  ): void {
    const { before, after, revision } = change;
    if (after !== undefined) this.seen.of(kind).put(after);
    else if (before !== undefined) this.seen.of(kind).remove(before.metadata);
    const told = changeOf(kind, before, after);
    if (told.kind === 'Pod') this.indexNode(told.before, told.after);
    this.seenRevision = revision;
    for (const listener of this.listeners) listener(told);
    const due = this.waiters.filter(waiter => waiter.revision <= revision);
    this.waiters = this.waiters.filter(waiter => waiter.revision > revision);
    for (const waiter of due) waiter.resolve();
  }

  private indexNode(before: Pod | undefined, after: Pod | undefined): void {
    if (before?.spec.nodeName) this.onNode.get(before.spec.nodeName)?.delete(before.metadata.uid);
    if (!after?.spec.nodeName) return;
    const pods = this.onNode.get(after.spec.nodeName) ?? new Map<string, Pod>();
    this.onNode.set(after.spec.nodeName, pods.set(after.metadata.uid, after));
  }
}

function viewOf(cluster: FakeCluster): LiveView {
  return {
    get revision() {
      return cluster.observedRevision;
    },
    get: (kind, ref) => cluster.observed(kind).get(ref),
    list: (kind, namespace) => cluster.observed(kind).list(namespace),
    ownedBy: (kind, ownerUid) => cluster.observed(kind).ownedBy(ownerUid),
    dependentsOf: ownerUid => cluster.dependentsOf(ownerUid),
    kinds: () => cluster.kinds(),
    podsOnNode: node => cluster.podsOnNode(node),
    onChange: callback => cluster.onChange(callback),
    waitFor: revision => cluster.waitFor(revision),
  };
}

function isNamespaced(kind: KindName): boolean {
  return Object.entries(KIND_INFO).find(([name]) => name === kind)?.[1].namespaced ?? true;
}

function refuse(reason: 'NotFound' | 'AlreadyExists' | 'Conflict', kind: KindName, ref: ObjectRef): never {
  throw new ApiError(reason, `${kind} "${ref.name}": ${reason}`);
}

/** `{spec: …}` or `{status: …}` of any object; undefined inside when it has none. */
function memberOf(object: object, member: 'spec' | 'status'): Record<string, unknown> {
  return { [member]: Object.entries(object).find(([key]) => key === member)?.[1] };
}

function isPod(object: KubeObject): object is Pod {
  return object.kind === 'Pod';
}

function isNamespace(object: KubeObject): object is Namespace {
  return object.kind === 'Namespace';
}

function graceOf(object: KubeObject, options: DeleteOptions): number {
  if (!isPod(object) || !object.spec.nodeName || isPodTerminal(object)) return 0;
  return options.gracePeriodSeconds ?? object.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
}

/** True when nothing keeps a deleted object any longer: no finalizer and no grace period. */
function isFinished(object: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
  const ofSpec = isNamespace(object) ? (object.spec?.finalizers ?? []) : [];
  const waits = finalizers.length + ofSpec.length > 0;
  return deletionTimestamp !== undefined && deletionGracePeriodSeconds === 0 && !waits;
}

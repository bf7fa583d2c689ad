/**
 * The watch cache: every object of the cluster, decoded once, kept current by one watch on the store. The api-server reads and
 * watches it, the control loops plan on it. It never writes.
 */
import type { Logger } from 'pino';
import type { KindMap, KindName, KubeObject, ObjectRef, Pod } from '../../shared/kubernetes/objects.ts';
import type { Store, StoreEvent } from '../store/store.ts';
import type { Dependent, LiveView, ViewChange } from './cluster-view.ts';
import { EventHistory } from './event-history.ts';
import { type KeyedKind, keyParser, keyPrefix, type ParsedKey, refKey } from './keys.ts';
import { sharedFields } from './shared-fields.ts';

/** One change as watchers see it. Both objects carry their resourceVersion; a deleted object carries that of its deletion. */
export type CacheEvent = {
  readonly kind: KindName;
  readonly revision: number;
  readonly before: KubeObject | undefined;
  readonly after: KubeObject | undefined;
};

export class ObjectCache implements LiveView {
  private readonly store: Store;
  private readonly parseKey: (key: string) => ParsedKey | undefined;
  private readonly logger: Logger;
  private readonly tables = new Map<KindName, Map<string, KubeObject>>();
  private readonly byOwner = new Map<string, Map<string, Dependent>>();
  private readonly byNode = new Map<string, Map<string, Pod>>();
  private readonly callbacks = new Set<(change: ViewChange) => void>();
  private readonly waiters = new Set<{ revision: number; resolve: () => void; giveUp: () => void }>();
  /** Recent events, for watches that start a little in the past. */
  readonly history = new EventHistory<CacheEvent>();
  private seen = 0;
  private hasEnded = false;

  constructor(store: Store, kinds: readonly KeyedKind[], logger: Logger) {
    this.store = store;
    this.parseKey = keyParser(kinds);
    this.logger = logger;
  }

  get revision(): number {
    return this.seen;
  }

  /** Reads everything once, then follows; resolves when the first read is done. The returned promise `ended` settles when following ends. */
  async start(signal: AbortSignal): Promise<{ ended: Promise<void> }> {
    const { entries, revision } = await this.store.list({ prefix: keyPrefix });
    for (const entry of entries) this.apply({ kind: 'put', ...entry, previous: undefined });
    this.seen = revision;
    this.history.startAt(revision);
    return { ended: this.follow(signal).finally(() => this.endWaiting()) };
  }

  private endWaiting(): void {
    this.hasEnded = true;
    for (const waiter of this.waiters) waiter.giveUp();
  }

  private async follow(signal: AbortSignal): Promise<void> {
    for await (const batch of this.store.watch({ prefix: keyPrefix, fromRevision: this.seen }, signal)) {
      for (const event of batch) {
        const change = this.apply(event);
        this.seen = event.revision;
        if (change === undefined) continue;
        this.history.push({
          kind: change.kind,
          revision: event.revision,
          before: change.before,
          after: change.after,
        });
        for (const callback of this.callbacks) callback(change);
      }
      for (const waiter of this.waiters) if (waiter.revision <= this.seen) waiter.resolve();
      this.history.announce();
    }
  }

  private apply(event: StoreEvent): ViewChange | undefined {
    const parsed = this.parseKey(event.key);
    if (parsed === undefined) {
      this.logger.warn({ key: event.key }, 'a stored key belongs to no kind that this version serves');
      return undefined;
    }
    return this.set(parsed.kind, parsed.ref, event);
  }

  private set<K extends KindName>(kind: K, ref: string, event: StoreEvent): ViewChange {
    const table = this.table(kind);
    const before = table.get(ref);
    if (before !== undefined) this.unindex(kind, ref, before);
    if (event.kind === 'delete') {
      table.delete(ref);
      return changeOf(kind, before, undefined);
    }
    const after = withRevision<KindMap[K]>(event.value, event.revision);
    table.set(ref, after);
    this.index(kind, ref, after);
    return changeOf(kind, before, after);
  }

  /** The objects of one kind by refKey. */
  private table<K extends KindName>(kind: K): Map<string, KindMap[K]> {
    // biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a kind's name to its object across a union
    let table: any = this.tables.get(kind);
    table ??= new Map();
    this.tables.set(kind, table);
    return table;
  }

  private index(kind: KindName, ref: string, object: KubeObject): void {
    for (const { uid } of object.metadata.ownerReferences ?? [])
      inner(this.byOwner, uid).set(`${kind}/${ref}`, { kind, object });
    const pod = kind === 'Pod' ? this.table('Pod').get(ref) : undefined;
    if (pod?.spec.nodeName !== undefined) inner(this.byNode, pod.spec.nodeName).set(ref, pod);
  }

  private unindex(kind: KindName, ref: string, object: KubeObject): void {
    for (const { uid } of object.metadata.ownerReferences ?? [])
      dropInner(this.byOwner, uid, `${kind}/${ref}`);
    const node = kind === 'Pod' ? this.table('Pod').get(ref)?.spec.nodeName : undefined;
    if (node !== undefined) dropInner(this.byNode, node, ref);
  }

  get<K extends KindName>(kind: K, ref: ObjectRef): KindMap[K] | undefined {
    return this.table(kind).get(refKey(ref));
  }

  list<K extends KindName>(kind: K, namespace?: string): readonly KindMap[K][] {
    const all = [...this.table(kind).values()];
    return namespace === undefined ? all : all.filter(object => object.metadata.namespace === namespace);
  }

  kinds(): readonly KindName[] {
    return [...this.tables.keys()];
  }

  ownedBy<K extends KindName>(kind: K, ownerUid: string): readonly KindMap[K][] {
    const table = this.table(kind);
    return this.dependentsOf(ownerUid)
      .filter(dependent => dependent.kind === kind && controllerUid(dependent.object) === ownerUid)
      .flatMap(({ object }) => table.get(refKey(object.metadata)) ?? []);
  }

  dependentsOf(ownerUid: string): readonly Dependent[] {
    return [...(this.byOwner.get(ownerUid)?.values() ?? [])];
  }

  podsOnNode(node: string): readonly Pod[] {
    return [...(this.byNode.get(node)?.values() ?? [])];
  }

  onChange(callback: (change: ViewChange) => void): () => void {
    this.callbacks.add(callback);
    return () => this.callbacks.delete(callback);
  }

  waitFor(revision: number, signal?: AbortSignal): Promise<void> {
    if (this.seen >= revision) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const settle = (finish: () => void) => () => {
        this.waiters.delete(waiter);
        signal?.removeEventListener('abort', abort);
        finish();
      };
      const giveUp = settle(() =>
        reject(new Error(`revision ${revision} will not be seen: following has ended`)),
      );
      const waiter = { revision, resolve: settle(resolve), giveUp };
      const abort = settle(() => reject(signal?.reason));
      if (signal?.aborted) return abort();
      if (this.hasEnded) return giveUp();
      signal?.addEventListener('abort', abort, { once: true });
      this.waiters.add(waiter);
    });
  }
}

/** A change as listeners hear of it. */
export function changeOf<K extends KindName>(
  kind: K,
  before: KindMap[K] | undefined,
  after: KindMap[K] | undefined,
): ViewChange {
  // biome-ignore lint/suspicious/noExplicitAny: TypeScript cannot tie a kind's name to its object across a union
  const change: any = { kind, before, after };
  return change;
}

/** Decodes a stored value and stamps it with the revision that wrote it. */
export function withRevision<T extends KubeObject>(value: string, revision: number): T {
  const object = JSON.parse(value);
  object.metadata.resourceVersion = String(revision);
  for (const entry of object.metadata.managedFields ?? []) entry.fieldsV1 = sharedFields(entry.fieldsV1);
  return object;
}

function controllerUid(object: KubeObject): string | undefined {
  return object.metadata.ownerReferences?.find(owner => owner.controller === true)?.uid;
}

function inner<T>(index: Map<string, Map<string, T>>, key: string): Map<string, T> {
  const found = index.get(key) ?? new Map<string, T>();
  index.set(key, found);
  return found;
}

function dropInner<T>(index: Map<string, Map<string, T>>, key: string, member: string): void {
  const found = index.get(key);
  found?.delete(member);
  if (found?.size === 0) index.delete(key);
}

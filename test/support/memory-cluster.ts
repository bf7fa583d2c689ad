/** A store, registry and view in one object and in memory: the rules that the bridge relies on, nothing more. */

import type { DeleteOptions, Registry } from '../../master/registry/registry.ts';
import type { LiveView, ViewChange } from '../../master/watch/cluster-view.ts';
import { alreadyExists, conflict, notFound } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, New, ObjectRef, Pod } from '../../shared/kubernetes/objects.ts';

type Objects = { [K in KindName]: Map<string, KindMap[K]> };
type Write = { readonly verb: string; readonly kind: KindName; readonly name: string };

const resource = (kind: KindName) => ({ group: '', plural: `${kind.toLowerCase()}s`, kind });
const keyOf = (ref: ObjectRef) => `${ref.namespace ?? ''}/${ref.name}`;

export class MemoryCluster implements LiveView, Registry {
  revision = 1;
  /** Every accepted write, oldest first. */
  readonly writes: Write[] = [];
  private uids = 0;
  private readonly callbacks = new Set<(change: ViewChange) => void>();
  private readonly objects: Objects = {
    Namespace: new Map(),
    Node: new Map(),
    Pod: new Map(),
    Event: new Map(),
    ConfigMap: new Map(),
    Secret: new Map(),
    Lease: new Map(),
    Deployment: new Map(),
    ReplicaSet: new Map(),
    DaemonSet: new Map(),
  };

  get<K extends KindName>(kind: K, ref: ObjectRef): KindMap[K] | undefined {
    return this.objects[kind].get(keyOf(ref));
  }

  list<K extends KindName>(kind: K, namespace?: string): readonly KindMap[K][] {
    const all = [...this.objects[kind].values()];
    return namespace === undefined ? all : all.filter(object => object.metadata.namespace === namespace);
  }

  ownedBy<K extends KindName>(kind: K, ownerUid: string): readonly KindMap[K][] {
    return this.list(kind).filter(object =>
      object.metadata.ownerReferences?.some(owner => owner.controller === true && owner.uid === ownerUid),
    );
  }

  podsOnNode(node: string): readonly Pod[] {
    return this.list('Pod').filter(pod => pod.spec.nodeName === node);
  }

  onChange(callback: (change: ViewChange) => void): () => void {
    this.callbacks.add(callback);
    return () => this.callbacks.delete(callback);
  }

  async waitFor(): Promise<void> {}

  async create<K extends KindName>(kind: K, object: New<KindMap[K]>): Promise<KindMap[K]> {
    const name = object.metadata.name ?? `${object.metadata.generateName}${this.uids}`;
    if (this.get(kind, { namespace: object.metadata.namespace, name }) !== undefined) {
      throw alreadyExists(resource(kind), name);
    }
    const metadata = {
      ...object.metadata,
      name,
      uid: object.metadata.uid ?? `uid-${++this.uids}`,
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    return this.write('create', kind, JSON.parse(JSON.stringify({ ...object, metadata })));
  }

  async update<K extends KindName>(kind: K, object: KindMap[K]): Promise<KindMap[K]> {
    const current = this.current(kind, object);
    const status = 'status' in current ? { status: current.status } : {};
    return this.write('update', kind, JSON.parse(JSON.stringify({ ...object, ...status })));
  }

  async updateStatus<K extends KindName>(kind: K, object: KindMap[K]): Promise<KindMap[K]> {
    const current = this.current(kind, object);
    const status = 'status' in object ? { status: object.status } : {};
    return this.write('updateStatus', kind, JSON.parse(JSON.stringify({ ...current, ...status })));
  }

  async delete<K extends KindName>(
    kind: K,
    ref: ObjectRef,
    options: DeleteOptions = {},
  ): Promise<KindMap[K]> {
    const before = this.get(kind, ref);
    if (before === undefined) throw notFound(resource(kind), ref.name);
    if (options.uid !== undefined && options.uid !== before.metadata.uid)
      throw conflict(resource(kind), ref.name);
    if (kind === 'Pod' && options.gracePeriodSeconds !== 0) {
      const metadata = {
        ...before.metadata,
        deletionTimestamp: '2026-01-01T00:00:30Z',
        deletionGracePeriodSeconds: 30,
      };
      return this.write('delete', kind, JSON.parse(JSON.stringify({ ...before, metadata })));
    }
    this.objects[kind].delete(keyOf(ref));
    this.revision++;
    this.writes.push({ verb: 'delete', kind, name: ref.name });
    this.tell({ kind, before, after: undefined });
    return before;
  }

  async bind(pod: ObjectRef, node: string): Promise<void> {
    const current = this.get('Pod', pod);
    if (current === undefined) throw notFound(resource('Pod'), pod.name);
    this.write('bind', 'Pod', { ...current, spec: { ...current.spec, nodeName: node } });
  }

  private current<K extends KindName>(kind: K, object: KindMap[K]): KindMap[K] {
    const current = this.get(kind, object.metadata);
    if (current === undefined) throw notFound(resource(kind), object.metadata.name);
    if (current.metadata.resourceVersion !== object.metadata.resourceVersion) {
      throw conflict(resource(kind), object.metadata.name);
    }
    return current;
  }

  private write<K extends KindName>(verb: string, kind: K, object: KindMap[K]): KindMap[K] {
    const before = this.get(kind, object.metadata);
    const metadata = { ...object.metadata, resourceVersion: String(++this.revision) };
    const after: KindMap[K] = JSON.parse(JSON.stringify({ ...object, metadata }));
    this.objects[kind].set(keyOf(after.metadata), after);
    this.writes.push({ verb, kind, name: after.metadata.name });
    this.tell({ kind, before, after });
    return after;
  }

  private tell(change: { kind: KindName; before: unknown; after: unknown }): void {
    const typed: ViewChange = JSON.parse(JSON.stringify(change));
    for (const callback of this.callbacks) callback(typed);
  }
}

/** The registry: defaults, validates, and writes by compare-and-set. The only writer of the store. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../shared/clock.ts';
import { alreadyExists, conflict, notFound } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import type { Store, WriteResult } from '../store/store.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import { refKey } from '../watch/keys.ts';
import { admit } from './admission/admit.ts';
import { QuotaGate } from './admission/quota-gate.ts';
import { boundPod } from './binding.ts';
import { planDeletion } from './deletion.ts';
import { apiVersionOf, type Kind } from './kind.ts';
import { KINDS, type KindTable } from './kinds.ts';
import { owned } from './managed-fields/owned-object.ts';
import { changedMeta, newMeta, validateMeta } from './object-meta.ts';
import { ObjectStore } from './object-store.ts';
import { rulesOf, wantedOf, withInitialStatus, withSpec, withStatusOf } from './prepare.ts';
import { refuse, refuseFaults, refuseForeignNamespace, refuseGoingKind, refuseOther } from './refusals.ts';
import type { DeleteOptions, Ownership, Part, Registry } from './registry.ts';
import { missingFields } from './schema.ts';
import { entryObject, memberOf, stored } from './stored-object.ts';
import { Turns } from './turns.ts';

/** Tries of a write that names no resourceVersion, each on a fresh reading. */
const MAX_TRIES = 20;

export type RegistryDeps = {
  readonly store: Store;
  readonly view: LiveView;
  readonly kinds: KindTable;
  readonly clock: Clock;
  readonly newUid: () => string;
  /** Five random characters of Kubernetes's alphabet. */
  readonly newSuffix: () => string;
};

export type WriteOptions<K extends KindName = KindName> = {
  /** The version of the kind that the client speaks, whose rules then hold; those of the stored version without. */
  readonly as?: Kind<K>;
  /** Do all but the write; the answer then has no new resourceVersion. */
  readonly dryRun?: boolean;
  /** Who comes to own the fields that the write changes; without one, nobody does. */
  readonly owner?: Ownership;
};

type ChangeOptions<K extends KindName> = WriteOptions<K> & {
  readonly part: Part;
  readonly resourceVersion?: string;
  readonly uid?: string;
};

export class ObjectRegistry implements Registry {
  private readonly deps: RegistryDeps;
  private readonly turns = new Turns();
  private readonly quotas: QuotaGate;
  private readonly objects: ObjectStore;

  constructor(deps: RegistryDeps) {
    this.deps = deps;
    this.quotas = new QuotaGate(deps.view);
    this.objects = new ObjectStore(deps.store);
  }

  create<K extends KindName>(
    kind: K,
    object: New<KindMap[K]>,
    options: WriteOptions<K> = {},
  ): Promise<KindMap[K]> {
    return this.inTurn(kind, () => this.createNow(kind, object, options));
  }

  private async createNow<K extends KindName>(
    kind: K,
    object: New<KindMap[K]>,
    options: WriteOptions<K>,
  ): Promise<KindMap[K]> {
    const declared = this.deps.kinds.get(kind);
    const rules = rulesOf(declared, options.as);
    const { clock, newUid, newSuffix, view } = this.deps;
    refuseGoingKind(declared, view);

    const namespace = declared.namespaced ? (object.metadata.namespace ?? 'default') : undefined;
    const metadata = newMeta({
      given: object.metadata,
      namespace,
      uid: newUid(),
      createdAt: formatTime(clock.nowMs()),
      suffix: newSuffix,
    });
    const identity = { apiVersion: apiVersionOf(declared), kind: declared.kind, metadata };
    const given = stored<K>(withSpec(rules, { ...object, ...identity }));
    // Nobody owns what admission fills in.
    const said = owned(rules, undefined, rules.defaults(given), {
      ...options,
      now: metadata.creationTimestamp,
      part: 'object',
      given: object.metadata.managedFields,
    });
    const metaFaults = validateMeta(metadata, declared.nameRule ?? 'dns-subdomain');
    // What follows relies on what every object of the kind has.
    if (missingFields(rules.type, said).length > 0) refuseFaults(rules, said, metaFaults);
    const admitted = this.allocated(declared, admit(declared, said, view, newSuffix), undefined);
    const next = withInitialStatus(rules, admitted);
    refuseFaults(rules, next, metaFaults);
    refuseForeignNamespace(declared, metadata.name, namespace, view);
    return this.quotas.pass(declared, { next }, async () => {
      if (options.dryRun) return next;
      const result = await this.objects.put(declared, next, 0);
      if (!result.ok) throw alreadyExists(declared, metadata.name);
      return this.seen(next, result.revision);
    });
  }

  update<K extends KindName>(
    kind: K,
    object: KindMap[K],
    options: WriteOptions<K> = {},
  ): Promise<KindMap[K]> {
    return this.change(kind, object.metadata, () => object, {
      ...options,
      part: 'object',
      resourceVersion: object.metadata.resourceVersion,
    });
  }

  updateStatus<K extends KindName>(
    kind: K,
    object: KindMap[K],
    options: WriteOptions<K> = {},
  ): Promise<KindMap[K]> {
    return this.change(kind, object.metadata, () => object, {
      ...options,
      part: 'status',
      resourceVersion: object.metadata.resourceVersion,
    });
  }

  /**
   * Reads, changes and writes one object. With a `resourceVersion` a lost race throws Conflict; without one the change is
   * made again on what stands there then. A change that changes nothing writes nothing.
   */
  change<K extends KindName>(
    kind: K,
    ref: ObjectRef,
    make: (current: KindMap[K]) => New<KindMap[K]>,
    options: ChangeOptions<K>,
  ): Promise<KindMap[K]> {
    return this.inTurn(kind, () => this.changeNow(kind, ref, make, options));
  }

  /** Runs the writes of a kind that allocates one after the other, each on a view that has seen the last. */
  private inTurn<T>(kind: KindName, write: () => Promise<T>): Promise<T> {
    return this.deps.kinds.get(kind).allocate === undefined ? write() : this.turns.take(kind, write);
  }

  private allocated<K extends KindName>(
    declared: Kind<K>,
    object: KindMap[K],
    current: KindMap[K] | undefined,
  ): KindMap[K] {
    if (declared.allocate === undefined) return object;
    const own = refKey(object.metadata);
    const others = this.deps.view.list(declared.id).filter(({ metadata }) => refKey(metadata) !== own);
    return declared.allocate(object, current, others);
  }

  private async changeNow<K extends KindName>(
    kind: K,
    ref: ObjectRef,
    make: (current: KindMap[K]) => New<KindMap[K]>,
    options: ChangeOptions<K>,
  ): Promise<KindMap[K]> {
    const declared = this.deps.kinds.get(kind);
    let current = await this.objects.read(declared, ref);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (current === undefined) throw notFound(declared, ref.name);
      refuseOther(declared, current, options);
      const made = make(current);
      const next = owned(
        rulesOf(declared, options.as),
        current,
        this.changed(declared, current, made, options),
        {
          ...options,
          now: formatTime(this.deps.clock.nowMs()),
          given: made.metadata.managedFields,
        },
      );
      if (options.dryRun || isDeepStrictEqual(next, current)) return next;
      const replaced = current;
      const result = await this.quotas.pass(declared, { next, current: replaced }, async () => {
        const written = await this.write(declared, next, replaced);
        if (written.ok) await this.deps.view.waitFor(written.revision);
        return written;
      });
      if (result.ok) return this.seen(next, result.revision);
      current = entryObject<K>(result.current);
      if (options.resourceVersion) throw conflict(declared, ref.name);
    }
    throw conflict(declared, ref.name, 'too many writers at once; please try again');
  }

  private changed<K extends KindName>(
    declared: Kind<K>,
    current: KindMap[K],
    made: New<KindMap[K]>,
    { part, as }: { readonly part: Part; readonly as?: Kind<K> },
  ): KindMap[K] {
    const rules = rulesOf(declared, as);
    const apiVersion = apiVersionOf(declared);
    if (part === 'status') {
      const metadata = changedMeta(made.metadata, current.metadata, rules.metadataWithStatus);
      const next = stored<K>({ ...current, apiVersion, metadata, status: memberOf(made, 'status') ?? {} });
      refuse(declared, next, [
        ...validateMeta(metadata, declared.nameRule ?? 'dns-subdomain'),
        ...(rules.validateStatus?.(next, current) ?? []),
      ]);
      return next;
    }
    const metadata = changedMeta(made.metadata, current.metadata);
    const given = stored<K>(withSpec(rules, { ...made, apiVersion, kind: current.kind, metadata }));
    const defaulted = rules.defaults(withStatusOf(rules, current, given));
    const next = this.allocated(declared, defaulted, current);
    const isSpecChanged = !isDeepStrictEqual(wantedOf(rules, next), wantedOf(rules, current));
    const generation = (current.metadata.generation ?? 1) + (isSpecChanged ? 1 : 0);
    const counted = stored<K>({ ...next, metadata: { ...next.metadata, generation } });
    const metaFaults = [
      ...validateMeta(counted.metadata, declared.nameRule ?? 'dns-subdomain'),
      ...(rules.validateUpdate?.(counted, current) ?? []),
    ];
    refuseFaults(rules, counted, metaFaults, current);
    return counted;
  }

  /** Writes a change; an object being deleted whose last finalizer went is removed instead. */
  private write<K extends KindName>(
    declared: Kind<K>,
    next: KindMap[K],
    current: KindMap[K],
  ): Promise<WriteResult> {
    const expected = Number(current.metadata.resourceVersion);
    const isWaiting = (next.metadata.deletionGracePeriodSeconds ?? 0) > 0;
    const finalizers = [...(next.metadata.finalizers ?? []), ...(declared.extraFinalizers?.(next) ?? [])];
    const isDone = next.metadata.deletionTimestamp !== undefined && !isWaiting && finalizers.length === 0;
    return isDone
      ? this.objects.remove(declared, current, expected)
      : this.objects.put(declared, next, expected);
  }

  /** Deletes, or marks for deletion. `removed` says which of the two happened. */
  async deleteObject<K extends KindName>(
    kind: K,
    ref: ObjectRef,
    options: DeleteOptions & WriteOptions = {},
  ): Promise<{ object: KindMap[K]; removed: boolean }> {
    const declared = this.deps.kinds.get(kind);
    let current = await this.objects.read(declared, ref);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (current === undefined) throw notFound(declared, ref.name);
      refuseOther(declared, current, options);
      const decision = planDeletion(declared, current, options, this.deps.clock.nowMs());
      if (options.dryRun || decision.kind === 'none')
        return { object: current, removed: decision.kind === 'remove' };
      const expected = Number(current.metadata.resourceVersion);
      const result: WriteResult =
        decision.kind === 'remove'
          ? await this.objects.remove(declared, current, expected)
          : await this.objects.put(
              declared,
              stored<K>({ ...current, metadata: decision.metadata }),
              expected,
            );
      if (result.ok) {
        const last =
          decision.kind === 'remove' ? current : stored<K>({ ...current, metadata: decision.metadata });
        return { object: await this.seen(last, result.revision), removed: decision.kind === 'remove' };
      }
      current = entryObject<K>(result.current);
      if (options.resourceVersion) throw conflict(declared, ref.name);
    }
    throw conflict(declared, ref.name, 'too many writers at once; please try again');
  }

  async delete<K extends KindName>(
    kind: K,
    ref: ObjectRef,
    options: DeleteOptions = {},
  ): Promise<KindMap[K]> {
    return (await this.deleteObject(kind, ref, options)).object;
  }

  async bind(pod: ObjectRef & { readonly uid: string }, node: string): Promise<void> {
    const current = await this.objects.read(KINDS.Pod, pod);
    if (current === undefined || current.metadata.uid !== pod.uid) throw notFound(KINDS.Pod, pod.name);
    const next = boundPod(current, node, formatTime(this.deps.clock.nowMs()));
    const result = await this.objects.put(KINDS.Pod, next, Number(current.metadata.resourceVersion));
    if (!result.ok) throw conflict(KINDS.Pod, pod.name);
    await this.seen(next, result.revision);
  }

  /** A writer sees its own write in the next read, wherever it reads. */
  private async seen<T extends KubeObject>(object: T, revision: number): Promise<T> {
    await this.deps.view.waitFor(revision);
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  }
}

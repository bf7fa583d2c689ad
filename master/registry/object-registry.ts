/** The registry: defaults, validates, and writes by compare-and-set. The only writer of the store. */
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../shared/clock.ts';
import { ApiError, alreadyExists, conflict, invalid, notFound } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject, New, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { type Store, StoreUnavailableError, type WriteResult } from '../store/store.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import { objectKey } from '../watch/keys.ts';
import { admit } from './admission/admit.ts';
import { QuotaGate } from './admission/quota-gate.ts';
import { planDeletion } from './deletion.ts';
import { apiVersionOf, type Kind } from './kind.ts';
import { KINDS, type KindTable } from './kinds.ts';
import { owned } from './managed-fields/owned-object.ts';
import { changedMeta, newMeta, validateMeta } from './object-meta.ts';
import type { DeleteOptions, Ownership, Part, Registry } from './registry.ts';
import { missingFields, typeSchema } from './schema.ts';
import { entryObject, memberOf, stored } from './stored-object.ts';

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

export class ObjectRegistry implements Registry {
  private readonly deps: RegistryDeps;
  private readonly quotas: QuotaGate;

  constructor(deps: RegistryDeps) {
    this.deps = deps;
    this.quotas = new QuotaGate(deps.view);
  }

  async create<K extends KindName>(
    kind: K,
    object: New<KindMap[K]>,
    options: WriteOptions<K> = {},
  ): Promise<KindMap[K]> {
    const declared = this.deps.kinds.get(kind);
    const rules = options.as ?? declared;
    this.refuseGoingKind(declared);
    const { clock, newUid, newSuffix } = this.deps;
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
    if (missingFields(rules.type, said).length > 0) this.refuseFaults(rules, said, metaFaults);
    const next = withInitialStatus(rules, admit(declared, said, this.deps.view));
    this.refuseFaults(rules, next, metaFaults);
    this.refuseForeignNamespace(declared, metadata.name, namespace);
    return this.quotas.pass(declared, { next }, async () => {
      if (options.dryRun) return next;
      const result = await this.put(declared, next, 0);
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
  async change<K extends KindName>(
    kind: K,
    ref: ObjectRef,
    make: (current: KindMap[K]) => New<KindMap[K]>,
    options: WriteOptions<K> & {
      readonly part: Part;
      readonly resourceVersion?: string;
      readonly uid?: string;
    },
  ): Promise<KindMap[K]> {
    const declared = this.deps.kinds.get(kind);
    let current = await this.read(declared, ref);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (current === undefined) throw notFound(declared, ref.name);
      refuseOther(declared, current, options);
      const made = make(current);
      const next = owned(options.as ?? declared, current, this.changed(declared, current, made, options), {
        ...options,
        now: formatTime(this.deps.clock.nowMs()),
        given: made.metadata.managedFields,
      });
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
    { part, as: rules = declared }: { readonly part: Part; readonly as?: Kind<K> },
  ): KindMap[K] {
    const apiVersion = apiVersionOf(declared);
    if (part === 'status') {
      const next = stored<K>({ ...current, apiVersion, status: memberOf(made, 'status') ?? {} });
      refuse(declared, next, rules.validateStatus?.(next, current) ?? []);
      return next;
    }
    const metadata = changedMeta(made.metadata, current.metadata);
    const next = rules.defaults(
      withStatusOf(
        rules,
        current,
        stored<K>(withSpec(rules, { ...made, apiVersion, kind: current.kind, metadata })),
      ),
    );
    const isSpecChanged = !isDeepStrictEqual(wantedOf(rules, next), wantedOf(rules, current));
    const generation = (current.metadata.generation ?? 1) + (isSpecChanged ? 1 : 0);
    const counted = stored<K>({ ...next, metadata: { ...next.metadata, generation } });
    const metaFaults = [
      ...validateMeta(counted.metadata, declared.nameRule ?? 'dns-subdomain'),
      ...(rules.validateUpdate?.(counted, current) ?? []),
    ];
    this.refuseFaults(rules, counted, metaFaults, current);
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
    return isDone ? this.remove(declared, current, expected) : this.put(declared, next, expected);
  }

  /** Deletes, or marks for deletion. `removed` says which of the two happened. */
  async deleteObject<K extends KindName>(
    kind: K,
    ref: ObjectRef,
    options: DeleteOptions & WriteOptions = {},
  ): Promise<{ object: KindMap[K]; removed: boolean }> {
    const declared = this.deps.kinds.get(kind);
    let current = await this.read(declared, ref);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      if (current === undefined) throw notFound(declared, ref.name);
      refuseOther(declared, current, options);
      const decision = planDeletion(declared, current, options, this.deps.clock.nowMs());
      if (options.dryRun || decision.kind === 'none')
        return { object: current, removed: decision.kind === 'remove' };
      const expected = Number(current.metadata.resourceVersion);
      const result: WriteResult =
        decision.kind === 'remove'
          ? await this.remove(declared, current, expected)
          : await this.put(declared, stored<K>({ ...current, metadata: decision.metadata }), expected);
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
    const current = await this.read(KINDS.Pod, pod);
    if (current === undefined || current.metadata.uid !== pod.uid) throw notFound(KINDS.Pod, pod.name);
    if (current.metadata.deletionTimestamp !== undefined)
      throw conflict(KINDS.Pod, pod.name, `pod ${pod.name} is being deleted, cannot be assigned to a host`);
    if (current.spec.nodeName)
      throw conflict(
        KINDS.Pod,
        pod.name,
        `pod ${pod.name} is already assigned to node "${current.spec.nodeName}"`,
      );
    const scheduled = {
      type: 'PodScheduled',
      status: 'True',
      lastTransitionTime: formatTime(this.deps.clock.nowMs()),
    };
    const others = (current.status?.conditions ?? []).filter(condition => condition.type !== 'PodScheduled');
    const next = {
      ...current,
      spec: { ...current.spec, nodeName: node },
      status: { ...current.status, conditions: [...others, scheduled] },
    };
    const result = await this.put(KINDS.Pod, next, Number(current.metadata.resourceVersion));
    if (!result.ok) throw conflict(KINDS.Pod, pod.name);
    await this.seen(next, result.revision);
  }

  private async read<K extends KindName>(declared: Kind<K>, ref: ObjectRef): Promise<KindMap[K] | undefined> {
    return entryObject<K>(await this.deps.store.get(objectKey(declared, ref)));
  }

  private put<K extends KindName>(
    declared: Kind<K>,
    object: KindMap[K],
    expected: number,
  ): Promise<WriteResult> {
    const { resourceVersion: _stamped, ...metadata } = object.metadata;
    const key = objectKey(declared, object.metadata);
    return reach(() => this.deps.store.put(key, JSON.stringify({ ...object, metadata }), expected));
  }

  private remove(declared: Kind, object: KubeObject, expected: number): Promise<WriteResult> {
    return reach(() => this.deps.store.delete(objectKey(declared, object.metadata), expected));
  }

  /** A writer sees its own write in the next read, wherever it reads. */
  private async seen<T extends KubeObject>(object: T, revision: number): Promise<T> {
    await this.deps.view.waitFor(revision);
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  }

  private refuseFaults<K extends KindName>(
    declared: Kind<K>,
    object: KindMap[K],
    metaFaults: ReturnType<Kind['validate']>,
    before?: KindMap[K],
  ): void {
    const missing = missingFields(declared.type, object);
    // What is missing is said once: a strategy's own check may name the same field.
    const said = new Set(missing.map(cause => cause.field));
    const own = declared
      .validate(object, before)
      .filter(cause => !(cause.reason === 'FieldValueRequired' && said.has(cause.field)));
    refuse(declared, object, [...metaFaults, ...missing, ...own]);
  }

  /** Nothing is created of a kind whose definition is being deleted: it would never come to be empty. */
  private refuseGoingKind(declared: Kind): void {
    if (declared.custom === undefined) return;
    const definition = this.deps.view.get('CustomResourceDefinition', { name: declared.id });
    if (definition?.metadata.deletionTimestamp !== undefined)
      throw new ApiError(
        'MethodNotAllowed',
        'create not allowed while custom resource definition is terminating',
      );
  }

  private refuseForeignNamespace(declared: Kind, name: string, namespace: string | undefined): void {
    if (namespace === undefined) return;
    const home = this.deps.view.get('Namespace', { name: namespace });
    if (home === undefined) throw notFound(KINDS.Namespace, namespace);
    if (home.metadata.deletionTimestamp === undefined || declared.id === 'Event') return;
    throw new ApiError(
      'Forbidden',
      `${declared.plural} "${name}" is forbidden: unable to create new content in namespace ${namespace} because it is being terminated`,
      {
        name,
        kind: declared.plural,
        causes: [
          {
            reason: 'NamespaceTerminating',
            message: `namespace ${namespace} is being terminated`,
            field: 'metadata.namespace',
          },
        ],
      },
    );
  }
}

function refuse(declared: Kind, { metadata }: KubeObject, faults: ReturnType<Kind['validate']>): void {
  if (faults.length > 0) throw invalid(declared, metadata.name || metadata.generateName || '', faults);
}

/** What the object starts with, whatever the client says of its status. */
function withInitialStatus<K extends KindName>(rules: Kind<K>, object: KindMap[K]): KindMap[K] {
  if (!rules.subresources.includes('status')) return object;
  const status = rules.initialStatus === undefined ? {} : rules.initialStatus(object);
  return stored<K>(withMember(object, 'status', status));
}

/** The status is its observer's; an update of the rest leaves it as it stands. */
function withStatusOf<K extends KindName>(rules: Kind<K>, current: KindMap[K], next: KindMap[K]): KindMap[K] {
  const status = memberOf(current, 'status');
  const isOwn = rules.subresources.includes('status') || (rules.custom === undefined && status !== undefined);
  return isOwn ? stored<K>(withMember(next, 'status', status)) : next;
}

/** With this value as a member; without the member for undefined. */
function withMember(object: object, name: string, value: unknown): object {
  const others = Object.entries(object).filter(([key]) => key !== name);
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
}

/** What of an object says what its owner wants: a change of it counts as a new generation. */
function wantedOf(rules: Kind, object: KubeObject): unknown {
  if (rules.custom === undefined) return memberOf(object, 'spec');
  const observed = rules.subresources.includes('status') ? ['status'] : [];
  const apart = ['apiVersion', 'metadata', ...observed];
  return Object.fromEntries(Object.entries(object).filter(([name]) => !apart.includes(name)));
}

/** A spec that was left out is an empty one, as it is to Kubernetes's own structs. */
function withSpec(rules: Pick<Kind, 'type'>, object: object): object {
  const isMissing =
    typeSchema(rules.type)?.fields.spec !== undefined && memberOf(object, 'spec') === undefined;
  return isMissing ? { ...object, spec: {} } : object;
}

/** Refuses to act on an object that is not the one the caller means. */
function refuseOther(
  declared: Kind,
  current: KubeObject,
  wanted: { readonly uid?: string; readonly resourceVersion?: string },
): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (wanted.uid !== undefined && wanted.uid !== uid)
    throw conflict(
      declared,
      name,
      `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`,
    );
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) throw conflict(declared, name);
}

async function reach(write: () => Promise<WriteResult>): Promise<WriteResult> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    throw new ApiError(
      'ServiceUnavailable',
      `the store refuses writes, nothing was changed: ${error.message}`,
      { retryAfterSeconds: 5 },
      { cause: error },
    );
  }
}

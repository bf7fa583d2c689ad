/**
 * Carries out the actions of one plan. They are independent of each other: a plan returns next steps, not a script.
 * Events are told only when every write went through, since they tell of the writes.
 */
import { assertNever, InvariantError } from '../../shared/assert-never.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, New } from '../../shared/kubernetes/objects.ts';
import type { Occurrence } from '../events/event.ts';
import type { Registry } from '../registry/registry.ts';
import type { Action } from './controller.ts';
import { CONCURRENT_WRITES } from './limits.ts';

export type SignRequest = (
  request: KindMap['CertificateSigningRequest'],
) => Promise<KindMap['CertificateSigningRequest']>;

type Write = Exclude<Action, { kind: 'event' }>;
/** `K` correlates the kind of an action with its object. */
type Create<K extends KindName> = { [P in K]: { readonly of: P; readonly object: New<KindMap[P]> } }[K];
type Update<K extends KindName> = { [P in K]: { readonly of: P; readonly object: KindMap[P] } }[K];

export type ExecuteDeps = {
  readonly registry: Registry;
  readonly record: (occurrence: Occurrence) => void;
  /** The request with its certificate; absent where no authority is at hand, and then nobody may ask for one. */
  readonly signRequest?: SignRequest;
  /** Who the events come from. */
  readonly component: string;
};

export type Executed = {
  /** The newest revision written; 0 when nothing was. */
  readonly revision: number;
  /** The first error that is more than a lost race. */
  readonly failure: unknown;
  /** True when a write found the object gone, changed or there already: the view was behind. */
  readonly lostRace: boolean;
};

/** Starts no further write once one has failed. Never throws. */
export async function execute(deps: ExecuteDeps, actions: readonly Action[]): Promise<Executed> {
  const writes = actions.filter(action => action.kind !== 'event');
  let next = 0;
  let revision = 0;
  let failure: unknown;
  let lostRace = false;
  const worker = async () => {
    while (next < writes.length && failure === undefined) {
      const action = writes[next++];
      if (action === undefined) return;
      try {
        revision = Math.max(revision, await write(deps, action));
      } catch (error) {
        if (isLostRace(error)) lostRace = true;
        else failure ??= error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(CONCURRENT_WRITES, writes.length) }, worker));
  if (failure === undefined && !lostRace) tellEvents(deps, actions);
  return { revision, failure, lostRace };
}

function tellEvents({ record, component }: ExecuteDeps, actions: readonly Action[]): void {
  for (const action of actions) {
    if (action.kind !== 'event') continue;
    const { about, type, reason, message } = action;
    record({ about, type, reason, message, component });
  }
}

function isLostRace(error: unknown): boolean {
  return error instanceof ApiError && ['Conflict', 'NotFound', 'AlreadyExists'].includes(error.reason);
}

async function write({ registry, signRequest }: ExecuteDeps, action: Write): Promise<number> {
  switch (action.kind) {
    case 'create':
      return create<KindName>(registry, action);
    case 'update':
      return update<KindName>(registry, action);
    case 'updateStatus':
      return updateStatus<KindName>(registry, action);
    case 'delete':
      return revisionOf(await registry.delete(action.of, action.ref, action.options));
    case 'sign':
      if (signRequest === undefined)
        throw new InvariantError('a request is to be signed without an authority');
      return revisionOf(
        await registry.updateStatus('CertificateSigningRequest', await signRequest(action.request)),
      );
    default:
      return assertNever(action, 'action');
  }
}

async function create<K extends KindName>(registry: Registry, { of, object }: Create<K>): Promise<number> {
  return revisionOf(await registry.create(of, object));
}

async function update<K extends KindName>(registry: Registry, { of, object }: Update<K>): Promise<number> {
  return revisionOf(await registry.update(of, object));
}

async function updateStatus<K extends KindName>(
  registry: Registry,
  { of, object }: Update<K>,
): Promise<number> {
  return revisionOf(await registry.updateStatus(of, object));
}

function revisionOf(object: KindMap[KindName]): number {
  return Number(object.metadata.resourceVersion);
}

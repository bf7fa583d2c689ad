/**
 * Who gets which devices: nobody one that somebody else holds, and everybody keeps what he has. Pure; the same input gives
 * the same answer, in whatever order it comes. The rules and words are those of the kubelet's device manager.
 */
import type * as core from 'kubernetes-types/core/v1';
import { allContainers } from '../../shared/kubernetes/pod-containers.ts';
import { parseBytes } from '../../shared/quantity.ts';
import { type Device, RESOURCE_PREFIX } from './device.ts';

/** Ids of devices, by the name of the container that holds them. */
export type HeldDevices = ReadonlyMap<string, readonly string[]>;

export type AllocationInput = {
  readonly devices: readonly Device[];
  /** Those that may run. */
  readonly pods: readonly { readonly uid: string; readonly spec: core.PodSpec }[];
  /** By pod uid: what was given to them before. */
  readonly held: ReadonlyMap<string, HeldDevices>;
  /** Held by containers, still running, of pods that may not run any longer: free before long. */
  readonly leaving: ReadonlySet<string>;
};

export type Allocation = {
  /** By pod uid; pods that ask for no device are not among them. */
  readonly held: ReadonlyMap<string, HeldDevices>;
  /** Uids of pods that get what they ask for once others have left. */
  readonly waiting: ReadonlySet<string>;
  /** By pod uid: why it cannot run here. */
  readonly refused: ReadonlyMap<string, string>;
};

/** Devices for all pods that ask for any. A pod gets all that it asks for, or nothing. */
export function allocateDevices(input: AllocationInput): Allocation {
  const { devices, leaving } = input;
  const asking = input.pods
    .filter(({ spec }) => allContainers(spec).some(container => wantsOf(container).length > 0))
    .sort((a, b) => (a.uid < b.uid ? -1 : 1));
  const taken = new Set(leaving);
  for (const { uid } of asking)
    for (const ids of input.held.get(uid)?.values() ?? []) for (const id of ids) taken.add(id);
  const held = new Map<string, HeldDevices>();
  const waiting = new Set<string>();
  const refused = new Map<string, string>();
  for (const { uid, spec } of asking) {
    const before = input.held.get(uid) ?? new Map();
    const isFree = ({ id }: Device) => !taken.has(id);
    const given = allocatePod(spec, before, devices, isFree);
    if (given.ok) {
      held.set(uid, given.held);
      for (const ids of given.held.values()) for (const id of ids) taken.add(id);
    } else if (allocatePod(spec, before, devices, each => isFree(each) || leaving.has(each.id)).ok) {
      waiting.add(uid);
    } else refused.set(uid, given.message);
  }
  return { held, waiting, refused };
}

type PodAllocation =
  | { readonly ok: true; readonly held: HeldDevices }
  | { readonly ok: false; readonly message: string };

/** What an init container holds is there for those after it, as it has ended by then; a sidecar's is not. */
function allocatePod(
  spec: core.PodSpec,
  before: HeldDevices,
  devices: readonly Device[],
  isFree: (device: Device) => boolean,
): PodAllocation {
  const held = new Map(before);
  const passedOn = new Set<string>();
  const used = new Set([...before.values()].flat());
  for (const container of allContainers(spec)) {
    const isPassing = spec.initContainers?.some(
      init => init === container && init.restartPolicy !== 'Always',
    );
    if (!held.has(container.name)) {
      const ids: string[] = [];
      for (const { kind, amount } of wantsOf(container)) {
        const available = devices
          .filter(
            each => each.kind === kind && (passedOn.has(each.id) || (isFree(each) && !used.has(each.id))),
          )
          .sort((a, b) => Number(passedOn.has(b.id)) - Number(passedOn.has(a.id)));
        if (available.length < amount)
          return { ok: false, message: unavailable(kind, amount, available.length) };
        ids.push(...available.slice(0, amount).map(({ id }) => id));
      }
      if (ids.length > 0) held.set(container.name, ids);
    }
    for (const id of held.get(container.name) ?? []) {
      used.add(id);
      if (isPassing) passedOn.add(id);
      else passedOn.delete(id);
    }
  }
  return { ok: true, held };
}

function wantsOf({
  resources,
}: Pick<core.Container, 'resources'>): readonly { readonly kind: string; readonly amount: number }[] {
  return Object.entries(resources?.limits ?? {}).flatMap(([name, quantity]) => {
    const amount = parseBytes(quantity) ?? 0;
    return name.startsWith(RESOURCE_PREFIX) && amount > 0
      ? [{ kind: name.slice(RESOURCE_PREFIX.length), amount }]
      : [];
  });
}

function unavailable(kind: string, requested: number, available: number): string {
  return `Allocate failed due to requested number of devices unavailable for ${RESOURCE_PREFIX}${kind}. Requested: ${requested}, Available: ${available}, which is unexpected`;
}

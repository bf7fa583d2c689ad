/** The devices of the pods on this device: read off what the agent remembers, and what containers' labels say. Pure. */
import type { RuntimeContainer } from '../runtime/container-runtime.ts';
import type { WantedPod } from '../sync/desired-set.ts';
import type { PlanMemory } from '../sync/draft.ts';
import { isFinished, viewPod } from '../sync/pod-view.ts';
import { type Allocation, allocateDevices, type HeldDevices } from './allocate-devices.ts';
import type { Device } from './device.ts';

/** Who holds what from now on. Containers that run hold what their labels name, whatever becomes of their pod. */
export function devicesOfPods(input: {
  readonly devices: readonly Device[];
  readonly wanted: readonly WantedPod[];
  readonly containers: readonly RuntimeContainer[];
  readonly memory: PlanMemory;
  /** True for a pod of which a step was under way when the containers were listed: it may have started another. */
  readonly isBusy: (uid: string) => boolean;
}): Allocation {
  const { devices, wanted, containers, memory, isBusy } = input;
  const pods = wanted.flatMap(({ uid, document, ended, terminateWithinSeconds }) => {
    if (!document || ended || terminateWithinSeconds !== undefined || memory.ended.has(uid)) return [];
    return isFinished(viewPod(document, containers, memory), memory.replaced) ? [] : [document];
  });
  const uids = new Set(pods.map(({ uid }) => uid));
  const running = containers
    .filter(({ labels, state }) => !uids.has(labels.podUid) && state.kind === 'running')
    .flatMap(({ labels }) => labels.devices ?? []);
  const starting = [...memory.devices]
    .filter(([uid]) => !uids.has(uid) && isBusy(uid))
    .flatMap(([, own]) => [...own.values()].flat());
  const held = new Map(pods.map(({ uid }) => [uid, memory.devices.get(uid) ?? labelled(uid, containers)]));
  return allocateDevices({ devices, pods, held, leaving: new Set([...running, ...starting]) });
}

function labelled(uid: string, containers: readonly RuntimeContainer[]): HeldDevices {
  const own = containers.map(({ labels }) => labels).filter(({ podUid }) => podUid === uid);
  return new Map(own.flatMap(({ container, devices }) => (devices ? [[container, devices]] : [])));
}

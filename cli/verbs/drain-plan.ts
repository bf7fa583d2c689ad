/** Which pods of a node `drain` moves, leaves, or may not touch. Pure; the rules and words are kubectl's. */
import { type JsonObject, listAt, textAt } from '../json.ts';

export type DrainOptions = {
  readonly ignoreDaemonsets?: boolean;
  readonly deleteEmptydirData?: boolean;
  readonly force?: boolean;
};

export type DrainPlan = {
  readonly evict: readonly JsonObject[];
  readonly warnings: readonly string[];
  /** Not empty: nothing may be evicted. */
  readonly errors: readonly string[];
};

const MIRROR = 'kubernetes.io/config.mirror';

/** Each pod gets the first verdict that applies to it. */
export function planDrain(pods: readonly JsonObject[], options: DrainOptions): DrainPlan {
  const evict: JsonObject[] = [];
  const warned = new Map<string, string[]>();
  const refused = new Map<string, string[]>();
  const note = (notes: Map<string, string[]>, reason: string, pod: JsonObject) =>
    notes.set(reason, [...(notes.get(reason) ?? []), podName(pod)]);
  for (const pod of pods) {
    if (textAt(pod, 'metadata', 'annotations', MIRROR) !== undefined) continue;
    const finished = ['Succeeded', 'Failed'].includes(textAt(pod, 'status', 'phase') ?? '');
    const owner = controllerOf(pod);
    const onDisk = listAt(pod, 'spec', 'volumes').some(volume => 'emptyDir' in Object(volume));
    if (!finished && owner === 'DaemonSet') {
      if (options.ignoreDaemonsets) note(warned, 'ignoring DaemonSet-managed Pods', pod);
      else note(refused, 'cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore)', pod);
      continue;
    }
    if (!finished && onDisk && !options.deleteEmptydirData) {
      note(refused, 'cannot delete Pods with local storage (use --delete-emptydir-data to override)', pod);
      continue;
    }
    if (!finished && owner === undefined) {
      if (!options.force) {
        note(refused, 'cannot delete Pods that declare no controller (use --force to override)', pod);
        continue;
      }
      note(warned, 'deleting Pods that declare no controller', pod);
    }
    evict.push(pod);
  }
  return { evict, warnings: lines(warned), errors: lines(refused) };
}

function controllerOf(pod: JsonObject): string | undefined {
  const owner = listAt(pod, 'metadata', 'ownerReferences').find(
    each => textAt(each, 'controller') === 'true',
  );
  return textAt(owner, 'kind');
}

function lines(notes: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...notes].map(([reason, pods]) => `${reason}: ${pods.join(', ')}`);
}

/** `namespace/name`. */
export function podName(pod: JsonObject): string {
  return `${textAt(pod, 'metadata', 'namespace') ?? ''}/${textAt(pod, 'metadata', 'name') ?? ''}`;
}

/** What counts as a duplicate; docs/drill.md says the same in words. Pure. */
import { type JsonObject, textAt } from '../json.ts';
import { isRunning, type Workload, workloadPods } from './moved.ts';

export type RunningContainer = {
  readonly id: string;
  readonly podUid: string;
  readonly container: string;
  readonly node: string;
};

export type Duplicate = {
  /** One container of one pod running twice; a moved pod's container still on the device; more pods than wanted. */
  readonly kind: 'runs-twice' | 'left-behind' | 'too-many';
  readonly what: string;
};

/** Containers of one pod with one name that run more than once, on whatever device. Wrong at any moment. */
export function runningTwice(containers: readonly RunningContainer[]): readonly Duplicate[] {
  const counts = new Map<string, number>();
  for (const { podUid, container } of containers) {
    const key = `container ${container} of pod ${podUid}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > 1).map(([what]) => ({ kind: 'runs-twice', what }));
}

/** Containers of pods that were moved away and still run. Wrong once the device is back and has converged. */
export function leftBehind(
  containers: readonly RunningContainer[],
  movedUids: ReadonlySet<string>,
): readonly Duplicate[] {
  return containers
    .filter(({ podUid }) => movedUids.has(podUid))
    .map(({ container, podUid, node }) => ({
      kind: 'left-behind',
      what: `container ${container} of pod ${podUid} on ${node}`,
    }));
}

/** Pods that run beyond what their workload had before. Wrong once the cluster has converged. */
export function tooMany(workloads: readonly Workload[], pods: readonly JsonObject[]): readonly Duplicate[] {
  return workloads.flatMap(workload => {
    const running = workloadPods(workload, pods).filter(isRunning);
    return running.slice(workload.wanted).map(pod => ({
      kind: 'too-many' as const,
      what: `pod ${textAt(pod, 'metadata', 'namespace')}/${textAt(pod, 'metadata', 'name')} of ${workload.name}`,
    }));
  });
}

/**
 * Which pod must go so that the others can stay, and why it is told to. Pure. The order and the words are the kubelet's
 * (pkg/kubelet/eviction): who uses more than requested, then who matters less, then who uses most.
 */
import { formatBytes } from '../../shared/quantity.ts';
import { CRITICAL_PRIORITY } from '../limits.ts';

export type Resource = 'memory' | 'ephemeral-storage';

export type EvictableContainer = {
  readonly name: string;
  readonly usedBytes: number;
  readonly requestBytes: number;
};

/** What a pod holds of the one resource that is short. */
export type EvictablePod = {
  readonly uid: string;
  readonly priority: number;
  readonly usedBytes: number;
  readonly requestBytes: number;
  /** Those of which it is known what each uses. */
  readonly containers: readonly EvictableContainer[];
};

export type Eviction = { readonly uid: string; readonly message: string };

/** One pod, or none where nobody's going would help: the resource is looked at again before the next one goes. */
export function planEviction(resource: Resource, pods: readonly EvictablePod[]): Eviction | undefined {
  const [first] = pods
    .filter(({ priority, usedBytes }) => priority < CRITICAL_PRIORITY && usedBytes > 0)
    .sort(goesFirst);
  return first && { uid: first.uid, message: messageOf(resource, first) };
}

function goesFirst(a: EvictablePod, b: EvictablePod): number {
  const excess = ({ usedBytes, requestBytes }: EvictablePod) => usedBytes - requestBytes;
  return (
    Number(excess(b) > 0) - Number(excess(a) > 0) ||
    a.priority - b.priority ||
    excess(b) - excess(a) ||
    (a.uid < b.uid ? -1 : 1)
  );
}

function messageOf(resource: Resource, { containers }: EvictablePod): string {
  const greedy = containers
    .filter(({ usedBytes, requestBytes }) => usedBytes > requestBytes)
    .map(
      ({ name, usedBytes, requestBytes }) =>
        `Container ${name} was using ${formatBytes(usedBytes)}, request is ${formatBytes(requestBytes)}, has larger consumption of ${resource}. `,
    );
  return `The node was low on resource: ${resource}. ${greedy.join('')}`;
}

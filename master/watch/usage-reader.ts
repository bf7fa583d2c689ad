/** What is known of nodes' life and load: kept in memory alone, read by the API, the scheduler and the bridge. */
import type { Pod } from '../../shared/kubernetes/objects.ts';

export type NodeUsage = {
  readonly cpuMilli: number;
  readonly memoryBytes: number;
  readonly temperatureMilliCelsius?: number;
};
export type ContainerUsage = {
  readonly name: string;
  readonly cpuMilli: number;
  readonly memoryBytes: number;
};

/** Undefined where a node has not said anything since the master started, or is not connected now. */
export interface UsageReader {
  /** Milliseconds since 1970 by the master's clock; stays when the node is lost. */
  lastHeartbeatMs(node: string): number | undefined;
  usageOf(node: string): NodeUsage | undefined;
  podUsage(pod: Pod): readonly ContainerUsage[] | undefined;
}

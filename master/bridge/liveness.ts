/** What nodes said of themselves in heartbeats: kept in memory alone. */
import type { Pod } from '../../shared/kubernetes/objects.ts';
import type { Heartbeat, Usage } from '../../shared/protocol/messages.ts';
import type { ContainerUsage, NodeUsage, UsageReader } from '../watch/usage-reader.ts';

type Entry = { lastHeartbeatMs: number; usage?: Usage };

export class LivenessTable implements UsageReader {
  private readonly entries = new Map<string, Entry>();

  lastHeartbeatMs(node: string): number | undefined {
    return this.entries.get(node)?.lastHeartbeatMs;
  }

  usageOf(node: string): NodeUsage | undefined {
    return this.entries.get(node)?.usage;
  }

  podUsage(pod: Pod): readonly ContainerUsage[] | undefined {
    const usage = this.entries.get(pod.spec.nodeName ?? '')?.usage;
    return usage?.pods?.find(({ uid }) => uid === pod.metadata.uid)?.containers;
  }

  /** What a heartbeat leaves out holds as it was. */
  heard(node: string, heartbeat: Heartbeat, nowMs: number): void {
    const before = this.entries.get(node)?.usage;
    const usage = heartbeat.usage && { ...heartbeat.usage, pods: heartbeat.usage.pods ?? before?.pods };
    this.entries.set(node, { lastHeartbeatMs: nowMs, usage: usage ?? before });
  }

  /** Its figures are old from now on; when it was heard last stays. */
  lost(node: string): void {
    const entry = this.entries.get(node);
    if (entry) entry.usage = undefined;
  }

  forget(node: string): void {
    this.entries.delete(node);
  }
}

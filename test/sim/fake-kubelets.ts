/** The devices of a simulated cluster: they run what is bound to them after a while, and say nothing while cut off. */
import type { FakeClock } from '../../shared/clock.ts';
import type { Node, Pod } from '../../shared/kubernetes/objects.ts';
import { isPodReady, isPodTerminal } from '../../shared/kubernetes/pod-state.ts';
import { refOf } from '../../shared/kubernetes/references.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import type { FakeCluster } from '../support/fake-cluster.ts';

const START_MS = 400;
const STOP_MS = 300;

export class FakeKubelets {
  private readonly cluster: FakeCluster;
  private readonly clock: FakeClock;
  private readonly cut = new Set<string>();

  constructor(cluster: FakeCluster, clock: FakeClock) {
    this.cluster = cluster;
    this.clock = clock;
    cluster.view.onChange(change => {
      if (change.kind === 'Pod' && change.after?.spec.nodeName) this.attendLater(change.after);
    });
  }

  /** Cuts a device off, or connects it again; its Ready condition follows, as the bridge would write it. */
  setConnected(name: string, isConnected: boolean): void {
    const node = this.cluster.now('Node').get({ name });
    if (node === undefined || isConnected !== this.cut.has(name)) return;
    if (isConnected) this.cut.delete(name);
    else this.cut.add(name);
    this.cluster.updateStatus('Node', withReady(node, isConnected ? 'True' : 'Unknown', this.clock.nowMs()));
    if (isConnected) for (const pod of this.podsOf(name)) this.attendLater(pod);
  }

  private podsOf(node: string): readonly Pod[] {
    return this.cluster
      .now('Pod')
      .list()
      .filter(pod => pod.spec.nodeName === node);
  }

  private attendLater(pod: Pod): void {
    this.clock.after(pod.metadata.deletionTimestamp ? STOP_MS : START_MS, () => this.attend(pod));
  }

  private attend({ metadata: { uid, ...metadata } }: Pod): void {
    const pod = this.cluster.now('Pod').get(metadata);
    if (pod?.metadata.uid !== uid || this.cut.has(pod.spec.nodeName ?? '')) return;
    if (pod.metadata.deletionTimestamp !== undefined) {
      this.cluster.delete('Pod', refOf(pod), { uid, gracePeriodSeconds: 0 });
      return;
    }
    if (isPodReady(pod) || isPodTerminal(pod)) return;
    const lastTransitionTime = formatTime(this.clock.nowMs());
    const others = (pod.status?.conditions ?? []).filter(({ type }) => type !== 'Ready');
    const conditions = [...others, { type: 'Ready', status: 'True', lastTransitionTime }];
    this.cluster.updateStatus('Pod', { ...pod, status: { ...pod.status, phase: 'Running', conditions } });
  }
}

function withReady(node: Node, status: 'True' | 'Unknown', nowMs: number): Node {
  const conditions = [{ type: 'Ready', status, lastTransitionTime: formatTime(nowMs) }];
  return { ...node, status: { ...node.status, conditions } };
}

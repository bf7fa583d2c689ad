/**
 * The loads of all nodes, kept up to date with the view, plus the pods that were given a node which the view does not show
 * yet: so a burst of pods is placed correctly before any of its bindings is stored.
 */
import type { Pod } from '../../shared/kubernetes/objects.ts';
import type { ClusterView, ViewChange } from '../watch/cluster-view.ts';
import { type Claim, claimOf, loadOf, type NodeLoad, withClaim } from './node-load.ts';

export class NodeLoads {
  private readonly view: ClusterView;
  private readonly claims = new WeakMap<Pod, Claim>();
  /** By pod uid. */
  private readonly assumed = new Map<string, { readonly claim: Claim; readonly node: string }>();
  private readonly stale = new Set<string>();
  private isNodeSetStale = true;
  private sorted: NodeLoad[] = [];
  private positions = new Map<string, number>();

  constructor(view: ClusterView) {
    this.view = view;
  }

  /** In ascending order of names. O(what changed since the last call). */
  current(): readonly NodeLoad[] {
    if (this.isNodeSetStale) this.rebuild();
    for (const name of this.stale) {
      const position = this.positions.get(name);
      const load = this.load(name);
      if (position !== undefined && load !== undefined) this.sorted[position] = load;
    }
    this.stale.clear();
    return this.sorted;
  }

  claimOf(pod: Pod): Claim {
    const claim = this.claims.get(pod) ?? claimOf(pod);
    this.claims.set(pod, claim);
    return claim;
  }

  /** Counts the pod on that node from now on, until the view shows where it is, or it is forgotten. */
  assume(claim: Claim, node: string): void {
    this.assumed.set(claim.pod.metadata.uid, { claim, node });
    const position = this.positions.get(node);
    const load = position === undefined ? undefined : this.sorted[position];
    if (position === undefined || load === undefined || this.stale.has(node)) this.stale.add(node);
    else this.sorted[position] = withClaim(load, claim);
  }

  /** The pod did not get its node. */
  forget(podUid: string): void {
    const assumption = this.assumed.get(podUid);
    if (assumption === undefined) return;
    this.assumed.delete(podUid);
    this.stale.add(assumption.node);
  }

  /** To be told of every change of the view. */
  note(change: ViewChange): void {
    if (change.kind === 'Node') {
      if (change.before === undefined || change.after === undefined) this.isNodeSetStale = true;
      else this.stale.add(change.after.metadata.name);
    }
    if (change.kind !== 'Pod') return;
    const { before, after } = change;
    const uid = (after ?? before)?.metadata.uid ?? '';
    if (after === undefined || after.spec.nodeName) this.forget(uid);
    for (const pod of [before, after]) if (pod?.spec.nodeName) this.stale.add(pod.spec.nodeName);
  }

  private rebuild(): void {
    const names = this.view.list('Node').map(node => node.metadata.name);
    this.sorted = names.sort().flatMap(name => this.load(name) ?? []);
    this.positions = new Map(this.sorted.map((load, i) => [load.node.metadata.name, i]));
    this.stale.clear();
    this.isNodeSetStale = false;
  }

  private load(name: string): NodeLoad | undefined {
    const node = this.view.get('Node', { name });
    if (node === undefined) return undefined;
    const bound = this.view.podsOnNode(name);
    const shown = new Set(bound.map(pod => pod.metadata.uid));
    let load = loadOf(node, bound, pod => this.claimOf(pod));
    for (const [uid, { claim, node: chosen }] of this.assumed)
      if (chosen === name && !shown.has(uid)) load = withClaim(load, claim);
    return load;
  }
}

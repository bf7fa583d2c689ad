/**
 * Lets objects into namespaces with quotas one at a time: what is used is counted on a view that has seen every earlier one.
 * It relies on this process being the only writer, as the registry is.
 */
import type { KubeObject } from '../../../shared/kubernetes/objects.ts';
import type { Amounts } from '../../../shared/kubernetes/pod-requests.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import { forbiddenObject } from './admit.ts';
import { type Counted, quotaFault, usageOf } from './quota.ts';
import { usedIn } from './quota-usage.ts';

export class QuotaGate {
  private readonly view: ClusterView;
  /** By namespace: settles when the last write that was let in has been seen. */
  private readonly busy = new Map<string, Promise<unknown>>();

  constructor(view: ClusterView) {
    this.view = view;
  }

  /**
   * Runs `write`, which must resolve once the view has seen it, if the quotas of the namespace have room for `next` in place
   * of `current`. Throws ApiError Forbidden when they have not.
   */
  async pass<T>(
    kind: Counted,
    { next, current }: { readonly next: KubeObject; readonly current?: KubeObject },
    write: () => Promise<T>,
  ): Promise<T> {
    const { namespace } = next.metadata;
    if (namespace === undefined || this.view.list('ResourceQuota', namespace).length === 0) return write();
    const more = increase(usageOf(kind, next), current === undefined ? {} : usageOf(kind, current));
    if (Object.keys(more).length === 0) return write();
    const before = this.busy.get(namespace) ?? Promise.resolve();
    const turn = before.then(() => {
      this.refuseExcess(kind, next, more);
      return write();
    });
    const settled = turn.catch(() => {});
    this.busy.set(namespace, settled);
    try {
      return await turn;
    } finally {
      if (this.busy.get(namespace) === settled) this.busy.delete(namespace);
    }
  }

  private refuseExcess(kind: Counted, next: KubeObject, wanted: Amounts): void {
    const { namespace, name } = next.metadata;
    for (const quota of this.view.list('ResourceQuota', namespace)) {
      const used = usedIn(this.view, quota);
      const fault = quotaFault(quota, next, { wanted, used });
      if (fault !== undefined) throw forbiddenObject(kind, name, fault);
    }
  }
}

function increase(next: Amounts, current: Amounts): Amounts {
  return Object.fromEntries(
    Object.entries(next)
      .map(([name, amount]): [string, number] => [name, amount - (current[name] ?? 0)])
      .filter(([, amount]) => amount > 0),
  );
}

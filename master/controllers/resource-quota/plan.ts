/** ResourceQuota: its status says what the namespace uses. What may be created is decided by the registry, on the objects themselves. */
import { isDeepStrictEqual } from 'node:util';
import type { KubeObject, ObjectRef } from '../../../shared/kubernetes/objects.ts';
import { formatAmount } from '../../../shared/kubernetes/pod-requests.ts';
import { refOf } from '../../../shared/kubernetes/references.ts';
import { usedIn } from '../../registry/admission/quota-usage.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Controller, Plan, PlanInput } from '../controller.ts';

export const resourceQuotaController: Controller<'ResourceQuota'> = {
  name: 'resourcequota-controller',
  of: 'ResourceQuota',
  wakes: {},
  wakesOfAny: quotasOf,
  plan: planQuota,
};

function quotasOf({ kind, metadata: { namespace } }: KubeObject, view: ClusterView): readonly ObjectRef[] {
  if (namespace === undefined || kind === 'Event') return [];
  return view.list('ResourceQuota', namespace).map(refOf);
}

function planQuota({ view, ref }: PlanInput): Plan {
  const quota = view.get('ResourceQuota', ref);
  if (quota === undefined) return { actions: [] };
  const used = Object.entries(usedIn(view, quota)).map(([name, amount]) => [
    name,
    formatAmount(name, amount),
  ]);
  const status = { hard: quota.spec?.hard ?? {}, used: Object.fromEntries(used) };
  if (isDeepStrictEqual(status, quota.status)) return { actions: [] };
  return { actions: [{ kind: 'updateStatus', of: 'ResourceQuota', object: { ...quota, status } }] };
}

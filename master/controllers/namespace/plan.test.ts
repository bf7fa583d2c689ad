import { describe, expect, it } from 'vitest';
import { aNamespace, aPod, aReplicaSet } from '../../../test/support/builders.ts';
import { aCluster, converge, given } from '../../../test/support/converge.ts';
import { namespaceController } from './plan.ts';

describe('namespace', () => {
  it('is emptied and then let go, and others are left alone', async () => {
    const cluster = aCluster();
    given(cluster, 'Namespace', aNamespace({ name: 'default' }));
    given(cluster, 'Namespace', aNamespace({ name: 'other' }));
    given(cluster, 'ReplicaSet', aReplicaSet());
    given(cluster, 'Pod', aPod({ name: 'slow', spec: { nodeName: 'n' }, ready: true }));
    given(cluster, 'Pod', aPod({ name: 'elsewhere', meta: { namespace: 'other' } }));
    cluster.delete('Namespace', { name: 'default' });
    await converge(namespaceController, cluster);
    expect(cluster.view.get('Namespace', { name: 'default' })?.status?.phase).toBe('Terminating');
    expect(cluster.view.list('ReplicaSet')).toEqual([]);
    cluster.delete('Pod', { namespace: 'default', name: 'slow' }, { gracePeriodSeconds: 0 });
    await converge(namespaceController, cluster);
    expect(cluster.view.list('Namespace').map(({ metadata }) => metadata.name)).toEqual(['other']);
    expect(cluster.view.list('Pod').map(({ metadata }) => metadata.name)).toEqual(['elsewhere']);
  });
});

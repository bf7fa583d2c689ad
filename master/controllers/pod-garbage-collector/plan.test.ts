import { describe, expect, it } from 'vitest';
import { aNode, aPod } from '../../../test/support/builders.ts';
import { aCluster, converge, given } from '../../../test/support/converge.ts';
import { MAX_ENDED_PODS } from '../limits.ts';
import { podGarbageCollector } from './plan.ts';

const names = (cluster: ReturnType<typeof aCluster>) =>
  cluster.view
    .list('Pod')
    .map(pod => pod.metadata.name)
    .sort();

describe('pod garbage collector', () => {
  it('removes pods of nodes that are gone, and keeps all others', async () => {
    const cluster = aCluster();
    given(cluster, 'Node', aNode({ name: 'here', ready: 'Unknown' }));
    given(cluster, 'Pod', aPod({ name: 'stays', spec: { nodeName: 'here' } }));
    given(cluster, 'Pod', aPod({ name: 'leaving', spec: { nodeName: 'here' } }));
    given(cluster, 'Pod', aPod({ name: 'lost', spec: { nodeName: 'gone' }, ready: true }));
    given(cluster, 'Pod', aPod({ name: 'unbound' }));
    cluster.delete('Pod', { namespace: 'default', name: 'leaving' });
    await converge(podGarbageCollector, cluster);
    expect(names(cluster)).toEqual(['leaving', 'stays', 'unbound']);
  });

  it('removes a deleted pod that never had a node', async () => {
    const cluster = aCluster();
    const meta = { deletionTimestamp: '2024-01-01T00:00:00Z', deletionGracePeriodSeconds: 30 };
    given(cluster, 'Pod', aPod({ name: 'unbound', meta }));
    await converge(podGarbageCollector, cluster);
    expect(names(cluster)).toEqual([]);
  });

  it('keeps the newest ended pods up to its bound', async () => {
    const cluster = aCluster();
    for (let i = 0; i < MAX_ENDED_PODS + 2; i++) {
      const creationTimestamp = `2024-01-01T0${i % 6}:00:00Z`;
      given(
        cluster,
        'Pod',
        aPod({ name: `p${i}`, meta: { creationTimestamp }, status: { phase: 'Succeeded' } }),
      );
    }
    await converge(podGarbageCollector, cluster);
    expect(names(cluster)).toHaveLength(MAX_ENDED_PODS);
    expect(names(cluster)).not.toContain('p0');
    expect(names(cluster)).toContain('p5');
  });
});

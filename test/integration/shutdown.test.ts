import { expect, test } from 'vitest';
import { startMemoryCluster } from '../support/memory-cluster.ts';

test('writes under way settle when the cluster stops', async () => {
  const cluster = await startMemoryCluster();
  const writes = Array.from({ length: 40 }, (_, index) =>
    cluster.registry.create('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `c${index}`, namespace: 'default' },
    }),
  );
  await Promise.all([cluster.stop(), Promise.allSettled(writes)]);
  await expect(cluster.cache.waitFor(cluster.cache.revision + 1)).rejects.toThrow('following has ended');
});

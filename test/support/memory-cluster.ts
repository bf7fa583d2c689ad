/** The real registry and watch cache over a store in memory: what tests run on whose subject does not need a clock of its own. */
import { randomInt, randomUUID } from 'node:crypto';
import pino from 'pino';
import { ensureCluster } from '../../master/cluster.ts';
import { serveCustomKinds } from '../../master/registry/custom/serve-custom-kinds.ts';
import { BUILTIN_KINDS, KindTable } from '../../master/registry/kinds.ts';
import { ObjectRegistry } from '../../master/registry/object-registry.ts';
import { openMemoryStore } from '../../master/store/open-embedded-store.ts';
import type { Store } from '../../master/store/store.ts';
import { ObjectCache } from '../../master/watch/object-cache.ts';
import { systemClock } from '../../shared/clock.ts';
import { nameSuffix } from '../../shared/kubernetes/name-suffix.ts';

export type MemoryCluster = {
  readonly store: Store;
  readonly cache: ObjectCache;
  readonly registry: ObjectRegistry;
  readonly kinds: KindTable;
  stop(): Promise<void>;
};

/** The registry and watch cache over a store in memory, with the namespaces that every cluster has. */
export async function startMemoryCluster(): Promise<MemoryCluster> {
  const stopped = new AbortController();
  const store = await openMemoryStore();
  const cache = new ObjectCache(store, BUILTIN_KINDS, pino({ level: 'silent' }));
  const { ended } = await cache.start(stopped.signal);
  const kinds = new KindTable();
  serveCustomKinds(cache, kinds, pino({ level: 'silent' }));
  const registry = new ObjectRegistry({
    store,
    view: cache,
    kinds,
    clock: systemClock,
    newUid: randomUUID,
    newSuffix: () => nameSuffix(randomInt),
  });
  await ensureCluster(cache, registry);
  return {
    store,
    cache,
    registry,
    kinds,
    async stop() {
      stopped.abort();
      await ended;
      await store.close();
    },
  };
}

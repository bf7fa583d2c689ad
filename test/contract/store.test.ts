import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openEmbeddedStore, openMemoryStore } from '../../master/store/open-embedded-store.ts';
import { type StoreUnderTest, storeContract } from './store.ts';
import { type Bundles, bundleStore, temporaryFolder } from './store-bundles.ts';

let bundles: Bundles;
beforeAll(async () => {
  bundles = await bundleStore();
});
afterAll(() => bundles.remove());

async function openMemory(): Promise<StoreUnderTest> {
  const store = await openMemoryStore();
  return { store, reopen: undefined, dispose: () => store.close() };
}

async function openFile(workerFile: string | undefined): Promise<StoreUnderTest> {
  const folder = temporaryFolder();
  const open = () => openEmbeddedStore({ path: join(folder.path, 'state', 'store.db'), workerFile });
  let store = await open();
  return {
    store,
    reopen: async () => {
      await store.close();
      store = await open();
      return store;
    },
    dispose: async () => {
      await store.close();
      folder.remove();
    },
  };
}

storeContract('memory', openMemory, { isDurable: false, modelRuns: 100 });
storeContract('inline', () => openFile(undefined), { isDurable: true, modelRuns: 20 });
storeContract('worker', () => openFile(bundles.workerFile), { isDurable: true, modelRuns: 15 });

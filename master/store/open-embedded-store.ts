/** Opens the embedded store, in a worker thread or on this one. */
import { EmbeddedStore } from './embedded-store.ts';
import type { StoreFailedError } from './engine.ts';
import type { Store } from './store.ts';
import { openWorkerEngine } from './worker-engine.ts';

export type OpenedStore = Store & {
  /**
   * Resolves when the engine ended by itself: all calls under way have been rejected, watches have thrown, and the process
   * should end with an error. Stays pending as long as all is well, also after `close`.
   */
  readonly failed: Promise<StoreFailedError>;
};

export type OpenOptions = {
  /** The database file; its folder is made when missing. */
  readonly path: string;
  /** The bundled store-worker.ts. Without it the database runs on this thread, and a slow medium blocks it. */
  readonly workerFile?: string;
  /** Ends the wait for opening; of no meaning afterwards. */
  readonly signal?: AbortSignal;
};

/** Throws StoreOpenError, whose message says what to do; StoreFailedError when the worker does not start; the signal's reason. */
export async function openEmbeddedStore({ path, workerFile, signal }: OpenOptions): Promise<OpenedStore> {
  if (workerFile === undefined) return openInlineStore(path);
  const { engine, failed } = await openWorkerEngine({ path, workerFile }, signal);
  const store = new EmbeddedStore(engine, await engine.state());
  void failed.then(error => store.fail(error));
  return Object.assign(store, { failed });
}

/** A store that lives as long as the process, for tests. */
export function openMemoryStore(): Promise<Store> {
  return openInlineStore(':memory:');
}

async function openInlineStore(path: string): Promise<OpenedStore> {
  // Loaded only here, so that a process with a worker does not load the database library twice.
  const { openInlineEngine } = await import('./inline-engine.ts');
  const engine = openInlineEngine(path);
  const store = new EmbeddedStore(engine, await engine.state());
  return Object.assign(store, { failed: new Promise<StoreFailedError>(() => undefined) });
}

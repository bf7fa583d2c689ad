/** Objects in the store, as JSON under their key, without the resourceVersion that the store itself keeps. */
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName, KubeObject, ObjectRef } from '../../shared/kubernetes/objects.ts';
import { type Store, StoreUnavailableError, type WriteResult } from '../store/store.ts';
import { objectKey } from '../watch/keys.ts';
import type { Kind } from './kind.ts';
import { entryObject } from './stored-object.ts';

export class ObjectStore {
  private readonly store: Store;

  constructor(store: Store) {
    this.store = store;
  }

  async read<K extends KindName>(declared: Kind<K>, ref: ObjectRef): Promise<KindMap[K] | undefined> {
    return entryObject<K>(await this.store.get(objectKey(declared, ref)));
  }

  /** Writes over the given revision; 0 for an object that must not be there yet. */
  put<K extends KindName>(declared: Kind<K>, object: KindMap[K], expected: number): Promise<WriteResult> {
    const { resourceVersion: _stamped, ...metadata } = object.metadata;
    const key = objectKey(declared, object.metadata);
    return reach(() => this.store.put(key, JSON.stringify({ ...object, metadata }), expected));
  }

  remove(declared: Kind, object: KubeObject, expected: number): Promise<WriteResult> {
    return reach(() => this.store.delete(objectKey(declared, object.metadata), expected));
  }
}

/** Says that the store refuses writes as the API says it. */
async function reach(write: () => Promise<WriteResult>): Promise<WriteResult> {
  try {
    return await write();
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    throw new ApiError(
      'ServiceUnavailable',
      `the store refuses writes, nothing was changed: ${error.message}`,
      { retryAfterSeconds: 5 },
      { cause: error },
    );
  }
}

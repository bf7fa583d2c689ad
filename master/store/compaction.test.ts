import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startCompaction } from './compaction.ts';
import { openMemoryStore } from './open-embedded-store.ts';
import { CompactedError, type Store, StoreUnavailableError } from './store.ts';

const limits = { segmentRevisions: 10, segmentChars: 1_000_000, segmentsKept: 2 };
const settle = () => new Promise(resolve => setImmediate(resolve));

describe('startCompaction', () => {
  let store: Store;
  let stop: AbortController;
  const logged: string[] = [];
  const log = pino({ base: null }, { write: line => void logged.push(JSON.parse(line).msg) });

  beforeEach(async () => {
    store = await openMemoryStore();
    stop = new AbortController();
    logged.length = 0;
  });
  afterEach(() => store.close());

  async function write(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const current = await store.get('a');
      await store.put('a', `${n}`, current?.revision ?? 0);
      await settle();
    }
  }
  const oldest = async () => {
    const error = await store.list({ prefix: '', revision: 0 }).catch((thrown: unknown) => thrown);
    return error instanceof CompactedError ? error.compactedRevision : 0;
  };

  it('follows the writes and resolves when aborted', async () => {
    const running = startCompaction(store, { log, limits }, stop.signal);
    await settle();
    await write(29);
    expect(await oldest()).toBe(0);
    await write(1);
    expect(await oldest()).toBe(10);
    await write(10);
    expect(await oldest()).toBe(20);
    stop.abort();
    await running;
    expect(logged).toEqual([]);
  });

  it('forgets at the start what an earlier process left', async () => {
    await write(25);
    const running = startCompaction(store, { log, limits }, stop.signal);
    await settle();
    expect(await oldest()).toBe(5);
    stop.abort();
    await running;
  });

  it('warns once when the medium refuses, and goes on when it does not', async () => {
    let isFull = true;
    const compact = async (revision: number) => {
      if (isFull) throw new StoreUnavailableError('full');
      await store.compact(revision);
    };
    const full: Store = {
      revision: () => store.revision(),
      get: key => store.get(key),
      list: options => store.list(options),
      put: (key, value, expected) => store.put(key, value, expected),
      delete: (key, expected) => store.delete(key, expected),
      watch: (options, signal) => store.watch(options, signal),
      compact,
      close: () => store.close(),
    };
    const running = startCompaction(full, { log, limits }, stop.signal);
    await settle();
    await write(40);
    isFull = false;
    await write(10);
    expect(await oldest()).toBe(30);
    expect(logged).toEqual(['store cannot be compacted', 'store compacts again']);
    stop.abort();
    await running;
  });
});

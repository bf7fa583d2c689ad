/** What every implementation of the Store port must do. A suite's test file calls `storeContract` for each of them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  CompactedError,
  type Entry,
  FutureRevisionError,
  type Store,
  type StoreEvent,
} from '../../master/store/store.ts';
import { checkAgainstModel } from './store-model.ts';

export type StoreUnderTest = {
  readonly store: Store;
  /** Closes the store and opens it again on the same medium; undefined when it keeps nothing. */
  readonly reopen: (() => Promise<Store>) | undefined;
  /** Removes what the test left. */
  readonly dispose: () => Promise<void>;
};

export type ContractOptions = { readonly isDurable: boolean; readonly modelRuns: number };

/** Declares the suite; `open` gives an empty store each time. */
export function storeContract(
  name: string,
  open: () => Promise<StoreUnderTest>,
  { isDurable, modelRuns }: ContractOptions,
): void {
  describe(`${name} store`, () => {
    let subject: StoreUnderTest;
    let store: Store;
    let stop: AbortController;

    beforeEach(async () => {
      subject = await open();
      store = subject.store;
      stop = new AbortController();
    });

    afterEach(async () => {
      stop.abort();
      await subject.dispose();
    });

    const put = async (key: string, value = 'v', expected = 0): Promise<number> => {
      const result = await store.put(key, value, expected);
      if (!result.ok) throw new Error(`put ${key} lost: ${JSON.stringify(result.current)}`);
      return result.revision;
    };
    const remove = async (key: string, expected: number): Promise<number> => {
      const result = await store.delete(key, expected);
      if (!result.ok) throw new Error(`delete ${key} lost: ${JSON.stringify(result.current)}`);
      return result.revision;
    };
    const keysOf = (entries: readonly Entry[]) => entries.map(({ key }) => key);
    const watch = (prefix: string, fromRevision: number) =>
      store.watch({ prefix, fromRevision }, stop.signal)[Symbol.asyncIterator]();

    describe('writes', () => {
      it('start at revision 1 and grow by one over all keys, accepted ones only', async () => {
        expect(await store.revision()).toBe(0);
        expect(await store.put('a', '1', 0)).toEqual({ ok: true, revision: 1 });
        expect(await store.put('b', '1', 0)).toEqual({ ok: true, revision: 2 });
        expect((await store.put('b', '2', 1)).ok).toBe(false);
        expect(await store.delete('a', 1)).toEqual({ ok: true, revision: 3 });
        expect(await store.revision()).toBe(3);
      });

      it('compare the revision and answer what stands there', async () => {
        await put('a', 'old');
        const current = { key: 'a', value: 'old', revision: 1 };
        expect(await store.put('a', 'x', 0)).toEqual({ ok: false, current });
        expect(await store.put('a', 'x', 9)).toEqual({ ok: false, current });
        expect(await store.put('none', 'x', 1)).toEqual({ ok: false, current: undefined });
        expect(await store.delete('a', 0)).toEqual({ ok: false, current });
        expect(await store.delete('none', 0)).toEqual({ ok: false, current: undefined });
        expect(await store.put('a', 'new', 1)).toEqual({ ok: true, revision: 2 });
        expect(await store.get('a')).toEqual({ key: 'a', value: 'new', revision: 2 });
      });

      it('let exactly one of many concurrent creators win', async () => {
        const results = await Promise.all(Array.from({ length: 20 }, (_, i) => store.put('a', `${i}`, 0)));
        expect(results.map(({ ok }) => ok)).toEqual([true, ...Array.from({ length: 19 }, () => false)]);
      });

      it('number many concurrent ones without a gap', async () => {
        const revisions = await Promise.all(Array.from({ length: 600 }, (_, i) => put(`k${i}`)));
        expect(revisions).toEqual(Array.from({ length: 600 }, (_, i) => i + 1));
      });

      it('make a deleted key new again', async () => {
        await put('a', '1');
        await remove('a', 1);
        expect(await store.get('a')).toBeUndefined();
        expect(await store.delete('a', 2)).toEqual({ ok: false, current: undefined });
        expect(await put('a', '2')).toBe(3);
      });

      it.each(['a\0b', 'a\uD800'])('refuse text that they could not give back: %j', async text => {
        await expect(store.put(text, 'v', 0)).rejects.toThrow(RangeError);
        await expect(store.put('a', text, 0)).rejects.toThrow(RangeError);
        expect(await store.revision()).toBe(0);
      });

      it('keep any other text as it is', async () => {
        const text = '\u0001 "\\ \u{1F600} \uFFFD\u{10FFFF} é \r\n';
        await put(text, text);
        expect(await store.get(text)).toEqual({ key: text, value: text, revision: 1 });
        await put('large', 'x'.repeat(3_000_000));
        expect((await store.get('large'))?.value).toHaveLength(3_000_000);
      });
    });

    describe('list', () => {
      it('answers keys under the prefix in byte order', async () => {
        for (const key of ['/b', '/a/\u{1F600}', '/a/\uFFFD', '/a', '/a/1', '/a0']) await put(key);
        const result = await store.list({ prefix: '/a/' });
        expect(keysOf(result.entries)).toEqual(['/a/1', '/a/\uFFFD', '/a/\u{1F600}']);
        expect(result).toMatchObject({ revision: 6, remaining: 0 });
        expect((await store.list({ prefix: '' })).entries).toHaveLength(6);
        expect((await store.list({ prefix: '/c' })).entries).toEqual([]);
      });

      it('pages, and says how many remain', async () => {
        await Promise.all(Array.from({ length: 7 }, (_, i) => put(`/k/${i}`)));
        await put('/other');
        const first = await store.list({ prefix: '/k/', limit: 3 });
        expect([keysOf(first.entries), first.remaining]).toEqual([['/k/0', '/k/1', '/k/2'], 4]);
        const second = await store.list({ prefix: '/k/', limit: 4, after: '/k/2', revision: first.revision });
        expect([keysOf(second.entries), second.remaining]).toEqual([['/k/3', '/k/4', '/k/5', '/k/6'], 0]);
        const none = await store.list({ prefix: '/k/', limit: 0 });
        expect([none.entries, none.remaining]).toEqual([[], 7]);
      });

      it('goes on after a key that is gone, or lies outside the prefix', async () => {
        await Promise.all(['/k/1', '/k/3'].map(key => put(key)));
        expect(keysOf((await store.list({ prefix: '/k/', after: '/k/2' })).entries)).toEqual(['/k/3']);
        expect(keysOf((await store.list({ prefix: '/k/', after: '/a' })).entries)).toEqual(['/k/1', '/k/3']);
        expect((await store.list({ prefix: '/k/', after: '/z' })).entries).toEqual([]);
      });

      it('is a snapshot of an older revision when asked', async () => {
        await put('a', '1');
        await put('b', '1');
        await put('a', '2', 1);
        await remove('b', 2);
        const at = async (revision: number) => (await store.list({ prefix: '', revision })).entries;
        expect(await at(1)).toEqual([{ key: 'a', value: '1', revision: 1 }]);
        expect(await at(3)).toEqual([
          { key: 'a', value: '2', revision: 3 },
          { key: 'b', value: '1', revision: 2 },
        ]);
        expect(await at(4)).toEqual([{ key: 'a', value: '2', revision: 3 }]);
      });

      it('answers thousands of entries whole', async () => {
        await Promise.all(Array.from({ length: 2_345 }, (_, i) => put(`/k/${i}`, 'x'.repeat(1_000))));
        const { entries, remaining } = await store.list({ prefix: '/k/' });
        expect([new Set(keysOf(entries)).size, remaining]).toEqual([2_345, 0]);
        const part = await store.list({ prefix: '/k/', limit: 1_234 });
        expect([part.entries.length, part.remaining]).toEqual([1_234, 1_111]);
      });

      it('refuses a revision that nobody has made', async () => {
        await put('a');
        await expect(store.list({ prefix: '', revision: 2 })).rejects.toThrow(FutureRevisionError);
      });
    });

    describe('watch', () => {
      it('gives history, then what comes, with what stood before', async () => {
        await put('/a/1', 'x');
        await put('/b/1');
        const events = watch('/a/', 0);
        const put1: StoreEvent = { kind: 'put', key: '/a/1', value: 'x', revision: 1, previous: undefined };
        expect(await events.next()).toEqual({ done: false, value: [put1] });
        await put('/b/2');
        await put('/a/1', 'y', 1);
        const before = { key: '/a/1', value: 'x', revision: 1 };
        const put2: StoreEvent = { kind: 'put', key: '/a/1', value: 'y', revision: 4, previous: before };
        expect(await events.next()).toEqual({ done: false, value: [put2] });
        await remove('/a/1', 4);
        const after = { key: '/a/1', value: 'y', revision: 4 };
        const gone: StoreEvent = { kind: 'delete', key: '/a/1', revision: 5, previous: after };
        expect(await events.next()).toEqual({ done: false, value: [gone] });
      });

      it('gives a slow reader everything once, in order, and holds up nobody', async () => {
        const slow = watch('', 0);
        await put('k0');
        const seen = (await slow.next()).value.map((event: StoreEvent) => event.revision);
        for (let round = 0; round < 4; round++) {
          await Promise.all(Array.from({ length: 1_000 }, (_, i) => put(`k/${round}/${i}`)));
        }
        while (seen.length < 4_001) {
          for (const event of (await slow.next()).value) seen.push(event.revision);
        }
        expect(seen).toEqual(Array.from({ length: 4_001 }, (_, i) => i + 1));
      });

      it('ends when aborted, while it waits and before it began', async () => {
        const waiting = watch('', 0).next();
        stop.abort();
        expect(await waiting).toEqual({ done: true, value: undefined });
        expect(await watch('', 0).next()).toEqual({ done: true, value: undefined });
      });

      it('can be left by its reader', async () => {
        await put('a');
        for await (const events of store.watch({ prefix: '', fromRevision: 0 }, stop.signal)) {
          expect(events).toHaveLength(1);
          break;
        }
      });

      it('refuses a revision that nobody has made', async () => {
        await expect(watch('', 1).next()).rejects.toThrow(FutureRevisionError);
      });
    });

    describe('compaction', () => {
      it('keeps what stands and every snapshot from there on', async () => {
        await put('a', '1');
        await put('b', '1');
        await put('a', '2', 1);
        await remove('b', 2);
        await put('a', '3', 3);
        await store.compact(4);
        expect((await store.list({ prefix: '', revision: 4 })).entries).toEqual([
          { key: 'a', value: '2', revision: 3 },
        ]);
        expect(await store.get('a')).toEqual({ key: 'a', value: '3', revision: 5 });
        await expect(store.list({ prefix: '', revision: 3 })).rejects.toThrow(new CompactedError(4));
        await expect(watch('', 3).next()).rejects.toThrow(new CompactedError(4));
        const previous = { key: 'a', value: '2', revision: 3 };
        const event: StoreEvent = { kind: 'put', key: 'a', value: '3', revision: 5, previous };
        expect((await watch('', 4).next()).value).toEqual([event]);
      });

      it('goes no further than the newest revision, and never back', async () => {
        await put('a');
        await remove('a', 1);
        await store.compact(100);
        await store.compact(1);
        await expect(store.list({ prefix: '', revision: 1 })).rejects.toThrow(new CompactedError(2));
        expect(await put('b')).toBe(3);
      });

      it('tells a slow reader that it lost its place', async () => {
        const slow = watch('', 0);
        await put('first');
        await slow.next();
        await Promise.all(Array.from({ length: 3_000 }, (_, i) => put(`k${i}`)));
        await store.compact(3_001);
        const readAll = async () => {
          for (;;) await slow.next();
        };
        await expect(readAll()).rejects.toThrow(CompactedError);
      });

      it('leaves a quiet watch alone', async () => {
        const quiet = watch('/quiet/', 0);
        const next = quiet.next();
        await Promise.all(Array.from({ length: 2_000 }, (_, i) => put(`/busy/${i}`)));
        await store.compact(2_000);
        await put('/quiet/1');
        expect((await next).value).toMatchObject([{ key: '/quiet/1', revision: 2_001 }]);
      });
    });

    describe('end', () => {
      it('waits for the writes under way, then refuses all', async () => {
        const writes = Array.from({ length: 50 }, (_, i) => put(`k${i}`));
        const waiting = expect(watch('/none', 0).next()).rejects.toThrow('closed');
        await store.close();
        expect(await Promise.all(writes)).toHaveLength(50);
        await waiting;
        await expect(store.get('k0')).rejects.toThrow('closed');
        await expect(store.list({ prefix: '' })).rejects.toThrow('closed');
        await expect(store.put('a', 'v', 0)).rejects.toThrow('closed');
        await store.close();
      });

      it.runIf(isDurable)('keeps entries, revisions and the compacted revision', async () => {
        await put('a', '1');
        await put('b', '1');
        await remove('b', 2);
        await store.compact(3);
        if (!subject.reopen) throw new Error('a durable store can be reopened');
        store = await subject.reopen();
        expect(await store.revision()).toBe(3);
        expect((await store.list({ prefix: '' })).entries).toEqual([{ key: 'a', value: '1', revision: 1 }]);
        await expect(store.list({ prefix: '', revision: 2 })).rejects.toThrow(new CompactedError(3));
        expect(await put('c')).toBe(4);
      });
    });

    it('behaves as a plain map with a log does', () => checkAgainstModel(open, modelRuns));
  });
}

import { describe, expect, it } from 'vitest';
import type { HistoryQuery } from './engine.ts';
import { WATCH_EVENTS_MAX } from './limits.ts';
import type { StoreEvent } from './store.ts';
import { WatchHub } from './watch-hub.ts';

const anEvent = (revision: number, key = `/a/${revision}`): StoreEvent => ({
  kind: 'put',
  key,
  value: 'v',
  revision,
  previous: undefined,
});
const settle = () => new Promise(resolve => setImmediate(resolve));

/** A hub over a log that tests append to; `publish` is the commit, `append` the database alone. */
function hubOver(log: StoreEvent[], pageSize = 100) {
  const questions: HistoryQuery[] = [];
  const history = async (query: HistoryQuery) => {
    questions.push(query);
    await settle();
    const page = log.filter(({ revision }) => revision > query.after).slice(0, pageSize);
    const events = page.filter(({ key }) => key.startsWith(query.prefix));
    return { events, through: page.at(-1)?.revision ?? query.after };
  };
  const hub = new WatchHub({ history }, log.length);
  const append = (...events: StoreEvent[]) => void log.push(...events);
  const commit = (...events: StoreEvent[]) => {
    append(...events);
    hub.publish(events);
  };
  return { hub, append, commit, questions };
}

/** Reads a watch until `count` events have come. */
async function read(events: AsyncIterator<readonly StoreEvent[]>, count: number): Promise<readonly number[]> {
  const seen: number[] = [];
  while (seen.length < count) {
    const { value, done } = await events.next();
    if (done) break;
    seen.push(...value.map(({ revision }: StoreEvent) => revision));
  }
  return seen;
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i + 1);

describe('WatchHub', () => {
  it('reads history page by page and then follows', async () => {
    const { hub, commit, questions } = hubOver(
      upTo(5).map(n => anEvent(n)),
      2,
    );
    const stop = new AbortController();
    const events = hub.watch({ prefix: '', fromRevision: 0 }, stop.signal);
    expect(await read(events, 5)).toEqual(upTo(5));
    commit(anEvent(6));
    expect(await read(events, 1)).toEqual([6]);
    expect(questions.map(({ after }) => after)).toEqual([0, 2, 4]);
  });

  it('neither misses nor doubles what is committed while it reads history', async () => {
    const { hub, append, commit } = hubOver([anEvent(1)]);
    const events = hub.watch({ prefix: '', fromRevision: 0 }, new AbortController().signal);
    const seen = read(events, 4);
    commit(anEvent(2));
    await settle();
    // In the database already, but told to watches only later, as when the worker's answer is on its way.
    append(anEvent(3));
    hub.publish([anEvent(3)]);
    commit(anEvent(4));
    expect(await seen).toEqual(upTo(4));
  });

  it('wakes for what is committed between history and waiting', async () => {
    const { hub, commit } = hubOver([]);
    const events = hub.watch({ prefix: '', fromRevision: 0 }, new AbortController().signal);
    const next = events.next();
    for (let turn = 1; turn <= 20; turn++) {
      await Promise.resolve();
      commit(anEvent(turn));
    }
    expect((await next).value?.[0]).toEqual(anEvent(1));
  });

  it('reads again what a slow reader lost, and nothing else', async () => {
    const { hub, commit, questions } = hubOver([], 10_000);
    const events = hub.watch({ prefix: '/a/', fromRevision: 0 }, new AbortController().signal);
    const first = events.next();
    await settle();
    await settle();
    commit(anEvent(1));
    await first;
    commit(anEvent(2, '/b/quiet'));
    const many = WATCH_EVENTS_MAX + 10;
    for (let n = 3; n < many + 3; n++) commit(anEvent(n));
    expect(await read(events, many)).toEqual(Array.from({ length: many }, (_, i) => i + 3));
    // Not from revision 0, nor from 1: a compaction up to 2 must not hurt a reader who needs nothing of it.
    expect(questions.map(({ after }) => after)).toEqual([0, 2]);
  });

  it('throws to all when the store has failed', async () => {
    const { hub } = hubOver([]);
    const events = hub.watch({ prefix: '', fromRevision: 0 }, new AbortController().signal);
    const next = events.next();
    await settle();
    hub.fail(new Error('gone'));
    await expect(next).rejects.toThrow('gone');
    const later = hub.watch({ prefix: '', fromRevision: 0 }, new AbortController().signal);
    await expect(later.next()).rejects.toThrow('gone');
  });
});

import { describe, expect, it } from 'vitest';
import { CommitQueue } from './commit-queue.ts';
import type { Write, WriteOutcome } from './engine.ts';
import { COMMIT_CHARS_MAX, COMMIT_WRITES_MAX, WAITING_WRITES_MAX } from './limits.ts';
import { type StoreEvent, StoreUnavailableError } from './store.ts';

/** An engine that commits when the test says so, and the queue on it. */
function slowQueue() {
  const commits: { writes: readonly Write[]; succeed: () => void; fail: (error: Error) => void }[] = [];
  const published: StoreEvent[][] = [];
  let revision = 0;
  const apply = (writes: readonly Write[]) =>
    new Promise<readonly WriteOutcome[]>((resolve, reject) => {
      const succeed = () =>
        resolve(writes.map(() => ({ ok: true, revision: ++revision, previous: undefined })));
      commits.push({ writes, succeed, fail: reject });
    });
  const queue = new CommitQueue({ engine: { apply }, onCommit: events => published.push([...events]) });
  return { queue, commits, published };
}

const aPut = (key: string, value = 'v'): Write => ({ kind: 'put', key, value, expected: 0 });
const settle = () => new Promise(resolve => setImmediate(resolve));
const keysOf = (writes: readonly { key: string }[] | undefined) => writes?.map(({ key }) => key);

describe('CommitQueue', () => {
  it('commits together what was written together, and what came during a commit', async () => {
    const { queue, commits, published } = slowQueue();
    const first = ['a', 'b'].map(key => queue.submit(aPut(key)));
    await settle();
    const second = ['c', 'd', 'e'].map(key => queue.submit(aPut(key)));
    await settle();
    expect(commits.map(({ writes }) => keysOf(writes))).toEqual([['a', 'b']]);
    commits[0]?.succeed();
    expect(await Promise.all(first)).toEqual([1, 2].map(revision => ({ ok: true, revision })));
    commits[1]?.succeed();
    expect(await Promise.all(second)).toEqual([3, 4, 5].map(revision => ({ ok: true, revision })));
    expect(published.map(keysOf)).toEqual([
      ['a', 'b'],
      ['c', 'd', 'e'],
    ]);
  });

  it('tells watches of nothing before it is durable', async () => {
    const { queue, commits, published } = slowQueue();
    const write = queue.submit(aPut('a'));
    await settle();
    expect(published).toEqual([]);
    commits[0]?.succeed();
    await write;
    expect(published).toHaveLength(1);
  });

  it('refuses the writes of a failed commit, and goes on with the next', async () => {
    const { queue, commits, published } = slowQueue();
    const lost = ['a', 'b'].map(key => queue.submit(aPut(key)));
    await settle();
    const kept = queue.submit(aPut('c'));
    commits[0]?.fail(new StoreUnavailableError('full'));
    for (const write of lost) await expect(write).rejects.toThrow(StoreUnavailableError);
    await settle();
    commits[1]?.succeed();
    expect(await kept).toEqual({ ok: true, revision: 1 });
    expect(published.map(keysOf)).toEqual([['c']]);
  });

  it.each([
    { bound: 'count', writes: Array.from({ length: COMMIT_WRITES_MAX + 1 }, (_, i) => aPut(`k${i}`)) },
    { bound: 'size', writes: ['a', 'b'].map(key => aPut(key, 'x'.repeat(COMMIT_CHARS_MAX))) },
  ])('ends a commit at the bound of $bound', async ({ writes }) => {
    const { queue, commits } = slowQueue();
    const results = writes.map(write => queue.submit(write));
    await settle();
    expect(commits[0]?.writes).toHaveLength(writes.length - 1);
    commits[0]?.succeed();
    await settle();
    commits[1]?.succeed();
    expect(await Promise.all(results)).toHaveLength(writes.length);
  });

  it('refuses more when too many wait', async () => {
    const { queue } = slowQueue();
    for (let i = 0; i < WAITING_WRITES_MAX; i++) void queue.submit(aPut(`k${i}`));
    await expect(queue.submit(aPut('one more'))).rejects.toThrow(StoreUnavailableError);
  });

  it('drains all that waits', async () => {
    const { queue, commits } = slowQueue();
    const write = queue.submit(aPut('a'));
    await settle();
    let isDrained = false;
    const drained = queue.drain().then(() => {
      isDrained = true;
    });
    await settle();
    expect(isDrained).toBe(false);
    commits[0]?.succeed();
    await drained;
    expect(await write).toMatchObject({ ok: true });
  });
});

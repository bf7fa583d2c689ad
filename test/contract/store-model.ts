/** The model of a Store, a list of events, and the property that an implementation answers as the model does. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { compareKeys } from '../../master/store/key-range.ts';
import { CompactedError, type Entry, type Store, type StoreEvent } from '../../master/store/store.ts';
import type { StoreUnderTest } from './store.ts';

type Command =
  | { readonly kind: 'put'; readonly key: string; readonly value: string; readonly isStale: boolean }
  | { readonly kind: 'delete'; readonly key: string; readonly isStale: boolean }
  | {
      readonly kind: 'list';
      readonly prefix: string;
      readonly after: string | undefined;
      readonly limit: number | undefined;
      /** Share of the revisions there are; undefined: the newest. */
      readonly share: number | undefined;
    }
  | { readonly kind: 'watch'; readonly prefix: string; readonly share: number }
  | { readonly kind: 'compact'; readonly share: number };

const key = fc.constantFrom('/a', '/a/1', '/a/2', '/a0', '/b/\uFFFD', '/b/\u{1F600}', '/b/é', 'z');
const prefix = fc.constantFrom('', '/a', '/a/', '/b/', '/b/\u{1F600}', 'none');
const share = fc.double({ min: 0, max: 1, noNaN: true });

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('put'), key, value: fc.string(), isStale: fc.boolean() }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete'), key, isStale: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('list'),
      prefix,
      after: fc.option(key, { nil: undefined }),
      limit: fc.option(fc.nat(4), { nil: undefined }),
      share: fc.option(share, { nil: undefined }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('watch'), prefix, share }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('compact'), share }) },
);

class Model {
  readonly log: StoreEvent[] = [];
  compacted = 0;

  entriesAt(revision: number): readonly Entry[] {
    const entries = new Map<string, Entry>();
    for (const event of this.log.slice(0, revision)) {
      if (event.kind === 'delete') entries.delete(event.key);
      else entries.set(event.key, { key: event.key, value: event.value, revision: event.revision });
    }
    return [...entries.values()].sort((a, b) => compareKeys(a.key, b.key));
  }

  current(wanted: string): Entry | undefined {
    return this.entriesAt(this.log.length).find(entry => entry.key === wanted);
  }

  revisionAt(part: number): number {
    return Math.round(part * this.log.length);
  }
}

/** Throws, with the seed and the shortest run of commands found, when the implementation and the model differ. */
export async function checkAgainstModel(open: () => Promise<StoreUnderTest>, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { maxLength: 60 }), async commands => {
      const subject = await open();
      try {
        await runCommands(subject, commands);
      } finally {
        await subject.dispose();
      }
    }),
    { numRuns: runs },
  );
}

async function runCommands(subject: StoreUnderTest, commands: readonly Command[]): Promise<void> {
  const model = new Model();
  const stop = new AbortController();
  const watches: Promise<void>[] = [];
  for (const next of commands) {
    if (next.kind === 'watch') watches.push(checkWatch(subject.store, model, next, stop.signal));
    else await runCommand(subject.store, model, next);
    expect(await subject.store.revision()).toBe(model.log.length);
  }
  await write(subject.store, model, { kind: 'put', key: END, value: '', isStale: false });
  await Promise.all(watches);
  stop.abort();
  const store = subject.reopen ? await subject.reopen() : subject.store;
  expect((await store.list({ prefix: '' })).entries).toEqual(model.entriesAt(model.log.length));
}

async function runCommand(
  store: Store,
  model: Model,
  next: Exclude<Command, { kind: 'watch' }>,
): Promise<void> {
  if (next.kind === 'list') return checkList(store, model, next);
  if (next.kind !== 'compact') return write(store, model, next);
  const revision = model.revisionAt(next.share);
  await store.compact(revision);
  model.compacted = Math.max(model.compacted, revision);
}

type WriteCommand = Extract<Command, { kind: 'put' | 'delete' }>;

async function write(store: Store, model: Model, next: WriteCommand): Promise<void> {
  const previous = model.current(next.key);
  const revision = model.log.length + 1;
  const expected = (previous?.revision ?? 0) + (next.isStale ? 1 : 0);
  const isAccepted = !next.isStale && (next.kind === 'put' || previous !== undefined);
  const want = isAccepted ? { ok: true, revision } : { ok: false, current: previous };
  if (isAccepted && next.kind === 'put') {
    model.log.push({ kind: 'put', key: next.key, value: next.value, revision, previous });
  } else if (isAccepted && previous) {
    model.log.push({ kind: 'delete', key: next.key, revision, previous });
  }
  const result =
    next.kind === 'put'
      ? await store.put(next.key, next.value, expected)
      : await store.delete(next.key, expected);
  expect(result).toEqual(want);
  expect(await store.get(next.key)).toEqual(model.current(next.key));
}

async function checkList(
  store: Store,
  model: Model,
  next: Extract<Command, { kind: 'list' }>,
): Promise<void> {
  const { share: part, ...options } = next;
  const revision = part === undefined ? undefined : model.revisionAt(part);
  const answer = store.list({ ...options, revision });
  if (revision !== undefined && revision < model.compacted) {
    await expect(answer).rejects.toThrow(new CompactedError(model.compacted));
    return;
  }
  const asOf = revision ?? model.log.length;
  const { after } = options;
  const matching = model
    .entriesAt(asOf)
    .filter(entry => entry.key.startsWith(options.prefix))
    .filter(entry => after === undefined || compareKeys(entry.key, after) > 0);
  const entries = matching.slice(0, options.limit);
  expect(await answer).toEqual({ entries, revision: asOf, remaining: matching.length - entries.length });
}

/** Written last, so that a watch knows that nothing else will come. */
const END = '~end';

async function checkWatch(
  store: Store,
  model: Model,
  { prefix: wanted, share: part }: Extract<Command, { kind: 'watch' }>,
  signal: AbortSignal,
): Promise<void> {
  const fromRevision = model.revisionAt(part);
  const isCompacted = fromRevision < model.compacted;
  const seen: StoreEvent[] = [];
  try {
    for await (const events of store.watch({ prefix: '', fromRevision }, signal)) {
      seen.push(...events);
      if (events.at(-1)?.key === END) break;
    }
  } catch (error) {
    // A watch that has not begun to read may also be overtaken by a compaction that comes later.
    expect(error).toBeInstanceOf(CompactedError);
    expect(fromRevision).toBeLessThan(model.compacted);
    return;
  }
  expect(isCompacted).toBe(false);
  expect(seen).toEqual(model.log.slice(fromRevision));
  const narrow: StoreEvent[] = [];
  const missing = model.log.slice(fromRevision).filter(event => event.key.startsWith(wanted));
  if (fromRevision < model.compacted || missing.length === 0) return;
  for await (const events of store.watch({ prefix: wanted, fromRevision }, signal)) {
    narrow.push(...events);
    if (narrow.length >= missing.length) break;
  }
  expect(narrow).toEqual(missing);
}

/** What a store survives: SIGKILL under load, a full disk, a second owner, a file that is not one, and its thread's death. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type OpenFailure, StoreFailedError } from '../../master/store/engine.ts';
import { openEmbeddedStore } from '../../master/store/open-embedded-store.ts';
import { openWorkerEngine } from '../../master/store/worker-engine.ts';
import { type Bundles, bundleStore, type Folder, temporaryFolder } from '../contract/store-bundles.ts';

let bundles: Bundles;
let folder: Folder;
let path: string;
const writers: ChildProcess[] = [];

beforeAll(async () => {
  bundles = await bundleStore();
});
afterAll(() => bundles.remove());
beforeEach(() => {
  folder = temporaryFolder();
  path = join(folder.path, 'store.db');
});
afterEach(() => {
  for (const writer of writers.splice(0)) writer.kill('SIGKILL');
  folder.remove();
});

type Writer = { readonly process: ChildProcess; readonly lines: AsyncIterableIterator<string> };

function startWriter(file: string, prefix: readonly string[] = []): Writer {
  const [command = process.execPath, ...args] = [
    ...prefix,
    process.execPath,
    bundles.writerFile,
    file,
    bundles.workerFile,
  ];
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  writers.push(child);
  return { process: child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
}

/** Reads lines until `isLast`, and answers them; throws when the writer ends before. */
async function readUntil(writer: Writer, isLast: (line: string) => boolean): Promise<readonly string[]> {
  const lines: string[] = [];
  for (;;) {
    const { value, done } = await writer.lines.next();
    if (done) throw new Error(`the writer ended after: ${lines.slice(-3).join(', ')}`);
    lines.push(value);
    if (isLast(value)) return lines;
  }
}

/** Kills it and answers the lines that it still said. */
async function killWriter(writer: Writer): Promise<readonly string[]> {
  const ended = once(writer.process, 'exit');
  writer.process.kill('SIGKILL');
  const lines: string[] = [];
  for await (const line of writer.lines) lines.push(line);
  await ended;
  return lines;
}

function acknowledged(lines: readonly string[]): readonly { key: string; revision: number }[] {
  return lines.flatMap(line => {
    const [word, key, revision] = line.split(' ');
    return word === 'ack' && key !== undefined ? [{ key, revision: Number(revision) }] : [];
  });
}

describe('SIGKILL under load', () => {
  it('loses no acknowledged write, and revisions go on', async () => {
    let newest = 0;
    for (let round = 0; round < 8; round++) {
      const writer = startWriter(path);
      const wanted = Math.ceil(Math.random() * 1_500);
      let count = 0;
      const before = await readUntil(writer, line => line.startsWith('ack') && ++count >= wanted);
      const acks = acknowledged([...before, ...(await killWriter(writer))]);

      const store = await openEmbeddedStore({ path, workerFile: bundles.workerFile });
      const revision = await store.revision();
      const entries = new Map((await store.list({ prefix: '/w/' })).entries.map(entry => [entry.key, entry]));
      for (const { key, revision: written } of acks) {
        expect(entries.get(key)).toEqual({ key, value: key.repeat(20), revision: written });
      }
      expect(Math.min(...acks.map(ack => ack.revision))).toBe(newest + 1);
      expect(revision).toBeGreaterThanOrEqual(Math.max(...acks.map(ack => ack.revision)));
      expect(entries.size).toBe(revision);
      newest = revision;
      await store.close();
    }
  });
});

describe('a medium that refuses', () => {
  const setLimit = (pid: number | undefined, bytes: number | 'unlimited') =>
    execFileSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`]);

  it('refuses writes at a file-size limit, keeps the rest, and goes on when there is room', async () => {
    const writer = startWriter(path);
    const before = await readUntil(writer, line => line.startsWith('ack'));
    setLimit(writer.process.pid, 256 * 1024);
    const until = await readUntil(writer, line => line === 'refused');
    setLimit(writer.process.pid, 'unlimited');
    const after = await readUntil(writer, line => line.startsWith('ack'));
    const acks = acknowledged([...before, ...until, ...after, ...(await killWriter(writer))]);
    await expectAll(path, acks);
  });

  it.runIf(process.getuid?.() === 0)(
    'does the same on a disk that is full (needs root, to mount one)',
    async () => {
      const disk = join(folder.path, 'disk');
      mkdirSync(disk);
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
      try {
        const file = join(disk, 'store.db');
        const filler = join(disk, 'filler');
        const writer = startWriter(file);
        const before = await readUntil(writer, line => line.startsWith('ack'));
        const { bavail, bsize } = statfsSync(disk);
        writeFileSync(filler, Buffer.alloc(Math.max(0, bavail * bsize - 512 * 1024)));
        const until = await readUntil(writer, line => line === 'refused');
        rmSync(filler);
        const after = await readUntil(writer, line => line.startsWith('ack'));
        const acks = acknowledged([...before, ...until, ...after, ...(await killWriter(writer))]);
        await expectAll(file, acks);
      } finally {
        execFileSync('umount', ['-l', disk]);
      }
    },
  );

  async function expectAll(file: string, acks: readonly { key: string; revision: number }[]): Promise<void> {
    const store = await openEmbeddedStore({ path: file });
    const { entries, revision } = await store.list({ prefix: '' });
    const found = new Map(entries.map(entry => [entry.key, entry.revision]));
    for (const ack of acks) expect(found.get(ack.key)).toBe(ack.revision);
    expect(entries.map(entry => entry.revision).sort((a, b) => a - b)).toEqual(
      Array.from({ length: revision }, (_, i) => i + 1),
    );
    await store.close();
  }
});

describe('opening', () => {
  const open = () => openEmbeddedStore({ path, workerFile: bundles.workerFile });
  const refusal = (reason: OpenFailure) => expect.objectContaining({ name: 'StoreOpenError', reason });

  it('is refused while another process holds the store, and works once that is killed', async () => {
    const writer = startWriter(path);
    await readUntil(writer, line => line.startsWith('ack'));
    await expect(open()).rejects.toEqual(refusal('locked'));
    await expect(open()).rejects.toThrow(path);
    await killWriter(writer);
    await (await open()).close();
  });

  it('is refused twice in one process', async () => {
    const store = await open();
    await expect(open()).rejects.toEqual(refusal('locked'));
    await expect(openEmbeddedStore({ path })).rejects.toEqual(refusal('locked'));
    await store.put('a', 'v', 0);
    await store.close();
  });

  it.each([
    { name: 'garbage', bytes: Buffer.from('no database '.repeat(1_000)), reason: 'damaged' as const },
    {
      name: 'a torn header',
      bytes: Buffer.from('SQLite format 3\0 and no more of it'),
      reason: 'damaged' as const,
    },
  ])('refuses $name, names the file and leaves it as it is', async ({ bytes, reason }) => {
    writeFileSync(path, bytes);
    await expect(open()).rejects.toEqual(refusal(reason));
    await expect(open()).rejects.toThrow(path);
    expect(readFileSync(path).equals(bytes)).toBe(true);
  });

  it('refuses a store whose pages were torn by a crash', async () => {
    const writer = startWriter(path);
    let count = 0;
    await readUntil(writer, line => line.startsWith('ack') && ++count > 5_000);
    await killWriter(writer);
    const bytes = readFileSync(path);
    bytes.fill(0xa5, bytes.length / 2, bytes.length / 2 + 64 * 1024);
    writeFileSync(path, bytes);
    await expect(open()).rejects.toEqual(refusal('damaged'));
    await expect(openEmbeddedStore({ path })).rejects.toEqual(refusal('damaged'));
    expect(statSync(path).size).toBeGreaterThanOrEqual(bytes.length);
  });

  it('refuses a log without its database, which SQLite would drop', async () => {
    const writer = startWriter(path);
    await readUntil(writer, line => line.startsWith('ack'));
    await killWriter(writer);
    truncateSync(path);
    await expect(open()).rejects.toEqual(refusal('damaged'));
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(0);
  });

  it('refuses a folder that cannot be one', async () => {
    writeFileSync(join(folder.path, 'file'), '');
    path = join(folder.path, 'file', 'store.db');
    await expect(open()).rejects.toEqual(refusal('unusable'));
  });

  it('makes a file that its owner alone can read', async () => {
    await (await open()).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('can be given up', async () => {
    const signal = AbortSignal.abort(new Error('given up'));
    await expect(openEmbeddedStore({ path, workerFile: bundles.workerFile, signal })).rejects.toThrow(
      'given up',
    );
  });
});

describe('the worker', () => {
  it('is missed when its file is not there', async () => {
    const workerFile = join(folder.path, 'none.cjs');
    await expect(openEmbeddedStore({ path, workerFile })).rejects.toThrow(StoreFailedError);
  });

  it('rejects all who wait, and says so, when it dies', async () => {
    const workerFile = join(folder.path, 'dying.cjs');
    // Opens, and dies of the first question but the state.
    writeFileSync(
      workerFile,
      `const { parentPort } = require('node:worker_threads');
       parentPort.on('message', ({ id, question }) => {
         if (question.op !== 'state') throw new Error('a bug');
         parentPort.postMessage({ id, answer: { op: 'state', value: { revision: 0, compactedRevision: 0 } } });
       });
       parentPort.postMessage({ id: undefined, refusal: undefined });`,
    );
    const store = await openEmbeddedStore({ path, workerFile });
    const watching = store
      .watch({ prefix: '', fromRevision: 0 }, new AbortController().signal)
      [Symbol.asyncIterator]()
      .next();
    const all = await Promise.allSettled([store.put('a', 'v', 0), store.get('a'), watching]);
    expect(all.map(result => result.status === 'rejected' && result.reason)).toEqual(
      Array.from({ length: 3 }, () => expect.any(StoreFailedError)),
    );
    const failure = await store.failed;
    expect(failure.cause).toMatchObject({ message: 'a bug' });
    await expect(store.get('a')).rejects.toThrow(StoreFailedError);
  });

  it('leaves `failed` pending when it was closed', async () => {
    const { engine, failed } = await openWorkerEngine({ path, workerFile: bundles.workerFile });
    await engine.close();
    expect(await Promise.race([failed, 'pending'])).toBe('pending');
  });
});

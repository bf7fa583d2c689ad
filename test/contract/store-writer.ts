/**
 * A program for tests: writes to the store at argv[2] through the worker argv[3], without pause, and prints one line for
 * each answer: `ack KEY REVISION` or `refused`. Ends only when it is killed, or with the store's error on stderr.
 */
import { openEmbeddedStore } from '../../master/store/open-embedded-store.ts';
import { type Store, StoreUnavailableError } from '../../master/store/store.ts';

const WRITERS = 16;

/** Resolves when the line has left this process: a SIGKILL must not swallow it. */
function print(line: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(`${line}\n`, error => (error ? reject(error) : resolve()));
  });
}

async function write(store: Store, writer: number): Promise<never> {
  const first = await store.revision();
  for (let n = 0; ; n++) {
    const key = `/w/${first}/${writer}/${n}`;
    try {
      const result = await store.put(key, key.repeat(20), 0);
      if (!result.ok) throw new Error(`${key} exists`);
      await print(`ack ${key} ${result.revision}`);
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      await print('refused');
    }
  }
}

async function main(path: string, workerFile: string): Promise<void> {
  const store = await openEmbeddedStore({ path, workerFile });
  void store.failed.then(error => fail(error));
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(store, writer)));
}

function fail(error: Error): void {
  console.error(error.message);
  process.exit(1);
}

main(process.argv[2] ?? '', process.argv[3] ?? '').catch(fail);

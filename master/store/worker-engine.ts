/** The engine in a worker thread, seen from the thread that asks. Owns the worker; never touches the database. */
import { Worker } from 'node:worker_threads';
import { InvariantError } from '../../shared/assert-never.ts';
import { type StoreEngine, StoreFailedError } from './engine.ts';
import {
  type Answer,
  asError,
  type FromWorker,
  type Question,
  type ToWorker,
  type WorkerInput,
} from './worker-protocol.ts';

export type WorkerEngine = {
  readonly engine: StoreEngine;
  /** Resolves when the worker has ended without having been asked to; never rejects. */
  readonly failed: Promise<StoreFailedError>;
};

type Waiting = { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void };

/** Memory of the worker's own heap: pages and batches are bounded, so a small young generation does. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 128 };

/**
 * Starts the bundled worker `workerFile` on the database at `path`. Throws StoreOpenError, StoreFailedError when the
 * worker does not come up, and the signal's reason.
 */
export async function openWorkerEngine(
  { path, workerFile }: { path: string; workerFile: string },
  signal?: AbortSignal,
): Promise<WorkerEngine> {
  signal?.throwIfAborted();
  const input: WorkerInput = { path };
  const worker = new Worker(workerFile, { workerData: input, execArgv: [], resourceLimits: RESOURCE_LIMITS });
  const connection = new WorkerConnection(worker);
  const onAbort = () => void worker.terminate();
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    await connection.opened;
  } catch (error) {
    await connection.ended;
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
  return { engine: engineOver(connection), failed: connection.failed };
}

function engineOver(connection: WorkerConnection): StoreEngine {
  return {
    state: async () => (await connection.ask('state', { op: 'state' })).value,
    apply: async writes => (await connection.ask('apply', { op: 'apply', writes })).value,
    get: async key => (await connection.ask('get', { op: 'get', key })).value,
    list: async query => (await connection.ask('list', { op: 'list', query })).value,
    count: async query => (await connection.ask('count', { op: 'count', query })).value,
    history: async query => (await connection.ask('history', { op: 'history', query })).value,
    compact: async revision => (await connection.ask('compact', { op: 'compact', revision })).value,
    close: () => connection.close(),
  };
}

class WorkerConnection {
  readonly opened: Promise<void>;
  readonly ended: Promise<void>;
  readonly failed: Promise<StoreFailedError>;
  private readonly waiting = new Map<number, Waiting>();
  private nextId = 1;
  private isClosing = false;
  private failure: StoreFailedError | undefined;
  /** What the worker threw; it comes before the exit. */
  private thrown: unknown;

  constructor(private readonly worker: Worker) {
    worker.on('error', error => {
      this.thrown = error;
    });
    this.opened = new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.id !== undefined) this.settle(message);
        else if (message.refusal) reject(asError(message.refusal));
        else resolve();
      });
      worker.on('exit', code => reject(this.rejectAll(code)));
    });
    this.ended = new Promise(resolve => worker.on('exit', () => resolve()));
    this.failed = new Promise(resolve => {
      worker.on('exit', () => {
        if (this.failure && !this.isClosing) resolve(this.failure);
      });
    });
  }

  async ask<Op extends Question['op']>(
    op: Op,
    question: Extract<Question, { op: Op }>,
  ): Promise<Extract<Answer, { op: Op }>> {
    if (this.failure) throw this.failure;
    const answer = await new Promise<Answer>((resolve, reject) => {
      const message: ToWorker = { id: this.nextId++, question };
      this.waiting.set(message.id, { resolve, reject });
      this.worker.postMessage(message);
    });
    if (!isAnswerTo(op, answer)) throw new InvariantError(`store worker answered ${answer.op} to ${op}`);
    return answer;
  }

  async close(): Promise<void> {
    this.isClosing = true;
    try {
      await this.ask('close', { op: 'close' });
    } finally {
      await this.ended;
    }
  }

  private rejectAll(exitCode: number): StoreFailedError {
    const text = `the worker thread of the store ended by itself (code ${exitCode})`;
    this.failure = new StoreFailedError(text, { cause: this.thrown });
    for (const { reject } of this.waiting.values()) reject(this.failure);
    this.waiting.clear();
    return this.failure;
  }

  private settle(message: Exclude<FromWorker, { id: undefined }>): void {
    const waiting = this.waiting.get(message.id);
    this.waiting.delete(message.id);
    if ('answer' in message) waiting?.resolve(message.answer);
    else waiting?.reject(asError(message.refusal));
  }
}

function isAnswerTo<Op extends Answer['op']>(op: Op, answer: Answer): answer is Extract<Answer, { op: Op }> {
  return answer.op === op;
}

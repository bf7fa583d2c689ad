/**
 * Entry of the worker thread that owns the database (dist/store-worker.cjs): a sync of a slow card blocks it, and not the
 * broker. An error that is no refusal is a bug and ends the thread, which the owner sees.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { InvariantError } from '../../shared/assert-never.ts';
import type { SyncEngine } from './engine.ts';
import { openSqliteEngine } from './sqlite-engine.ts';
import {
  answerQuestion,
  asRefusal,
  type FromWorker,
  type ToWorker,
  type WorkerInput,
} from './worker-protocol.ts';

function serve(port: MessagePort, input: WorkerInput): void {
  const engine = openOrRefuse(port, input.path);
  if (!engine) return;
  port.on('message', ({ id, question }: ToWorker) => {
    send(port, reply(engine, { id, question }));
    if (question.op === 'close') port.close();
  });
  send(port, { id: undefined, refusal: undefined });
}

function openOrRefuse(port: MessagePort, path: string): SyncEngine | undefined {
  try {
    return openSqliteEngine(path);
  } catch (error) {
    const refusal = asRefusal(error);
    if (!refusal) throw error;
    send(port, { id: undefined, refusal });
    return undefined;
  }
}

function reply(engine: SyncEngine, { id, question }: ToWorker): FromWorker {
  try {
    return { id, answer: answerQuestion(engine, question) };
  } catch (error) {
    const refusal = asRefusal(error);
    if (!refusal) throw error;
    return { id, refusal };
  }
}

function send(port: MessagePort, message: FromWorker): void {
  port.postMessage(message);
}

if (!parentPort) throw new InvariantError('the store worker runs in a worker thread only');
serve(parentPort, workerData);

/** What the store's worker and its owner say to each other. Both ends are of one build, so nothing is parsed. */
import { assertNever } from '../../shared/assert-never.ts';
import {
  type CountQuery,
  type EngineState,
  type HistoryPage,
  type HistoryQuery,
  type ListPage,
  type ListQuery,
  type OpenFailure,
  StoreOpenError,
  type SyncEngine,
  type Write,
  type WriteOutcome,
} from './engine.ts';
import { CompactedError, type Entry, FutureRevisionError, StoreUnavailableError } from './store.ts';

/** Given to the worker at its start. */
export type WorkerInput = { readonly path: string };

export type Question =
  | { readonly op: 'state' }
  | { readonly op: 'apply'; readonly writes: readonly Write[] }
  | { readonly op: 'get'; readonly key: string }
  | { readonly op: 'list'; readonly query: ListQuery }
  | { readonly op: 'count'; readonly query: CountQuery }
  | { readonly op: 'history'; readonly query: HistoryQuery }
  | { readonly op: 'compact'; readonly revision: number }
  | { readonly op: 'close' };

export type Answer =
  | { readonly op: 'state'; readonly value: EngineState }
  | { readonly op: 'apply'; readonly value: readonly WriteOutcome[] }
  | { readonly op: 'get'; readonly value: Entry | undefined }
  | { readonly op: 'list'; readonly value: ListPage }
  | { readonly op: 'count'; readonly value: number }
  | { readonly op: 'history'; readonly value: HistoryPage }
  | { readonly op: 'compact'; readonly value: undefined }
  | { readonly op: 'close'; readonly value: undefined };

/** An error that callers tell apart by class, in a form that survives the way between threads. */
export type Refusal =
  | { readonly kind: 'compacted'; readonly compactedRevision: number }
  | { readonly kind: 'future'; readonly newestRevision: number }
  | { readonly kind: 'unavailable'; readonly message: string }
  | { readonly kind: 'open'; readonly reason: OpenFailure; readonly message: string };

export type ToWorker = { readonly id: number; readonly question: Question };

/** The first message has no id: the database is open, or why it is not. */
export type FromWorker =
  | { readonly id: undefined; readonly refusal: Refusal | undefined }
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly refusal: Refusal };

/** Puts one question to an engine. Throws what the engine throws. */
export function answerQuestion(engine: SyncEngine, question: Question): Answer {
  switch (question.op) {
    case 'state':
      return { op: 'state', value: engine.state() };
    case 'apply':
      return { op: 'apply', value: engine.apply(question.writes) };
    case 'get':
      return { op: 'get', value: engine.get(question.key) };
    case 'list':
      return { op: 'list', value: engine.list(question.query) };
    case 'count':
      return { op: 'count', value: engine.count(question.query) };
    case 'history':
      return { op: 'history', value: engine.history(question.query) };
    case 'compact':
      engine.compact(question.revision);
      return { op: 'compact', value: undefined };
    case 'close':
      engine.close();
      return { op: 'close', value: undefined };
    default:
      return assertNever(question, 'question');
  }
}

/** The refusal that an error stands for; undefined for a bug, which must end the worker. */
export function asRefusal(error: unknown): Refusal | undefined {
  if (error instanceof CompactedError) {
    return { kind: 'compacted', compactedRevision: error.compactedRevision };
  }
  if (error instanceof FutureRevisionError) return { kind: 'future', newestRevision: error.newestRevision };
  if (error instanceof StoreUnavailableError) return { kind: 'unavailable', message: error.message };
  if (error instanceof StoreOpenError) return { kind: 'open', reason: error.reason, message: error.message };
  return undefined;
}

/** The error again, on the other side. */
export function asError(refusal: Refusal): Error {
  switch (refusal.kind) {
    case 'compacted':
      return new CompactedError(refusal.compactedRevision);
    case 'future':
      return new FutureRevisionError(refusal.newestRevision);
    case 'unavailable':
      return new StoreUnavailableError(refusal.message);
    case 'open':
      return new StoreOpenError(refusal.reason, refusal.message);
    default:
      return assertNever(refusal, 'refusal');
  }
}

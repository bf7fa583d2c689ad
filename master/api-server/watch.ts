/** Watches: events of one kind as lines of JSON, or as messages of a WebSocket, from the watch cache's history. */

import { deadlineAfter } from '../../shared/deadline.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KindMap, KindName } from '../../shared/kubernetes/objects.ts';
import { apiVersionOf, type Kind } from '../registry/kind.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { CacheEvent } from '../watch/object-cache.ts';
import { type AnswerStream, startAnswer } from './answer-stream.ts';
import type { Exchange } from './exchange.ts';
import { BOOKMARK_INTERVAL_MS, MAX_WATCHES, WATCH_TIMEOUT_MS } from './limits.ts';
import { type ReadDeps, reachRevision, tableOptions } from './list.ts';
import { objectJson, partialMetadata, representationOf } from './represent.ts';
import { type Selection, selectionOf } from './select.ts';

const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';

/** Counts the watches of a server, to bound them. */
export class WatchCount {
  private open = 0;

  get count(): number {
    return this.open;
  }

  /** Throws ApiError TooManyRequests past the bound; the returned function gives the place back. */
  enter(): () => void {
    if (this.open >= MAX_WATCHES)
      throw new ApiError('TooManyRequests', 'too many open watches, please try again later', {
        retryAfterSeconds: 10,
      });
    this.open++;
    return () => {
      this.open--;
    };
  }
}

export async function watchObjects<K extends KindName>(
  deps: ReadDeps & { readonly watches: WatchCount; readonly kinds: KindTable },
  exchange: Exchange,
  kind: Kind<K>,
  scope: { readonly namespace?: string; readonly name?: string },
): Promise<void> {
  const { cache } = deps;
  const selection = selectionOf(kind, exchange, scope);
  const options = watchOptions(exchange);
  const leave = deps.watches.enter();
  const ended = deadlineAfter(options.timeoutMs, exchange.signal);
  let pause = ended;
  let answer: AnswerStream | undefined;
  try {
    if (options.from > 0) await reachRevision(cache, exchange, options.from);
    answer = await startAnswer(exchange, { contentType: 'application/json' });
    const lines = new EventLines(deps, { exchange, answer, kind, selection });
    let position = options.isInitial ? cache.revision : options.from;
    if (options.isInitial) await lines.initial(options.wantsInitialEnd);
    // One deadline for a whole interval: making one takes longer than sending an event.
    const untilBookmark = () =>
      options.wantsBookmarks ? deadlineAfter(BOOKMARK_INTERVAL_MS, ended.signal) : ended;
    pause = untilBookmark();
    while (!ended.signal.aborted) {
      const events = cache.history.after(position);
      if (events === undefined) return await lines.expired(position);
      for (const event of events) await lines.event(event);
      position = events.at(-1)?.revision ?? Math.max(position, cache.revision);
      if (events.length > 0) continue;
      // A custom kind that is gone, or another by now: clients look again what there is.
      if (deps.kinds.find(kind.group, kind.version, kind.plural) !== kind) return;
      await cache.history.next(pause.signal);
      if (!pause.signal.aborted || !options.wantsBookmarks) continue;
      await lines.bookmark(position);
      pause = untilBookmark();
    }
  } finally {
    leave();
    pause.cancel();
    ended.cancel();
    answer?.end();
  }
}

function watchOptions(exchange: Exchange) {
  const version = exchange.query('resourceVersion') ?? '';
  if (!/^\d*$/.test(version))
    throw new ApiError('BadRequest', `resourceVersion: Invalid value: ${JSON.stringify(version)}`);
  const wantsInitial = exchange.query('sendInitialEvents');
  const wantsInitialEnd = exchange.flag('sendInitialEvents');
  if (wantsInitial !== undefined && exchange.query('resourceVersionMatch') !== 'NotOlderThan')
    throw new ApiError(
      'Invalid',
      'sendInitialEvents: Forbidden: requires setting resourceVersionMatch to NotOlderThan',
    );
  const seconds = Number(exchange.query('timeoutSeconds') ?? '0');
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new ApiError(
      'BadRequest',
      `timeoutSeconds: Invalid value: ${JSON.stringify(exchange.query('timeoutSeconds'))}`,
    );
  return {
    from: Number(version || '0'),
    isInitial: wantsInitialEnd || (wantsInitial === undefined && (version === '' || version === '0')),
    wantsInitialEnd,
    wantsBookmarks: exchange.flag('allowWatchBookmarks'),
    timeoutMs: seconds > 0 ? Math.min(seconds * 1000, 2 ** 31 - 1) : WATCH_TIMEOUT_MS,
  };
}

type LinesInput<K extends KindName> = {
  readonly exchange: Exchange;
  readonly answer: AnswerStream;
  readonly kind: Kind<K>;
  readonly selection: Selection<K>;
};

/** Writes the lines of one watch. */
class EventLines<K extends KindName> {
  private readonly deps: ReadDeps;
  private readonly exchange: Exchange;
  private readonly answer: AnswerStream;
  private readonly kind: Kind<K>;
  private readonly selection: Selection<K>;
  private readonly representation;
  private hasColumns = false;

  constructor(deps: ReadDeps, { exchange, answer, kind, selection }: LinesInput<K>) {
    this.deps = deps;
    this.exchange = exchange;
    this.answer = answer;
    this.kind = kind;
    this.selection = selection;
    this.representation = representationOf(exchange);
  }

  async initial(wantsEnd: boolean): Promise<void> {
    const { cache } = this.deps;
    const revision = cache.revision;
    for (const object of cache.list(this.kind.id, this.selection.namespace))
      if (this.selection.matches(object)) await this.line('ADDED', object);
    if (wantsEnd) await this.bookmark(revision, { [INITIAL_EVENTS_END]: 'true' });
  }

  /** An object that enters the selection is ADDED, one that leaves it is DELETED. */
  async event(event: CacheEvent): Promise<void> {
    if (!isOfKind(event, this.kind.id)) return;
    const { before, after } = event;
    const was = before !== undefined && this.selection.matches(before);
    const is = after !== undefined && this.selection.matches(after);
    if (is) await this.line(was ? 'MODIFIED' : 'ADDED', after);
    else if (was) await this.line('DELETED', atRevision(before, event.revision));
  }

  private async line(type: string, object: KindMap[K]): Promise<void> {
    const table = { ...tableOptions(this.deps, this.exchange), withColumns: !this.hasColumns };
    this.hasColumns = true;
    await this.answer.write(
      `{"type":"${type}","object":${objectJson(this.kind, object, this.representation, table)}}\n`,
    );
  }

  async bookmark(revision: number, annotations?: Record<string, string>): Promise<void> {
    const metadata = {
      resourceVersion: String(revision),
      creationTimestamp: null,
      ...(annotations === undefined ? {} : { annotations }),
    };
    const object =
      representationOf(this.exchange) === 'metadata'
        ? partialMetadata({ metadata })
        : { kind: this.kind.kind, apiVersion: apiVersionOf(this.kind), metadata };
    await this.answer.write(`${JSON.stringify({ type: 'BOOKMARK', object })}\n`);
  }

  async expired(position: number): Promise<void> {
    const error = new ApiError(
      'Expired',
      `too old resource version: ${position} (${this.deps.cache.revision})`,
    );
    await this.answer.write(`${JSON.stringify({ type: 'ERROR', object: error.toStatus() })}\n`);
  }
}

function isOfKind<K extends KindName>(
  event: CacheEvent,
  kind: K,
): event is CacheEvent & { before: KindMap[K] | undefined; after: KindMap[K] | undefined } {
  return event.kind === kind;
}

function atRevision<T extends { metadata: { resourceVersion: string } }>(object: T, revision: number): T {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
}

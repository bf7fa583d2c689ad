/** Tells a node what it must run: documents that its process has not had, then the index. One publisher per node. */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { Desired } from '../../shared/protocol/messages.ts';
import { topics } from '../../shared/protocol/topics.ts';
import type { Broker } from '../broker/broker.ts';
import type { Occurrence } from '../events/event.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import { type DesiredSet, type DocumentCache, desiredSet, documentMessages } from './desired.ts';
import { CONFIRM_WITHIN_MAX_MS, CONFIRM_WITHIN_MS } from './limits.ts';
import { tooLargeOccurrence } from './occurrence.ts';
import { volumesToRemove } from './pod-volumes.ts';
import { createSingleFlight } from './single-flight.ts';

export type DesiredPublisherDeps = {
  readonly view: LiveView;
  readonly broker: Pick<Broker, 'publish'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly cluster: string;
  readonly incarnation: number;
  readonly cache: DocumentCache;
  readonly recordEvent: (occurrence: Occurrence) => void;
  readonly node: string;
  /** The epoch that is served now. */
  readonly epoch: () => string | undefined;
};

export interface DesiredPublisher {
  /** Something that the set is made of may have changed. */
  wake(): void;
  /** A session starts: publish in any case. A process that is not the one before has no documents. */
  restart(): void;
  /** Documents that the agent misses. */
  request(digests: readonly string[]): void;
  /** The set that a report says the agent works towards. */
  confirm(observed: Pick<Desired, 'incarnation' | 'generation'>): void;
  /** Publishes again what no report has confirmed for too long. */
  tick(): void;
  idle(): Promise<void>;
}

type Published = { readonly key: string; readonly generation: number; readonly atMs: number };

export function createDesiredPublisher(deps: DesiredPublisherDeps, signal: AbortSignal): DesiredPublisher {
  const { view, broker, clock, node } = deps;
  /** Digests of the documents that the process of `epoch` was sent. */
  let had = { epoch: '', digests: new Set<string>() };
  let published: Published | undefined;
  let isConfirmed = true;
  let confirmWithinMs = CONFIRM_WITHIN_MS;
  const told = new Set<string>();
  const flight = createSingleFlight({
    clock,
    signal,
    run: publish,
    onFailure: err => deps.logger.warn({ err, node }, 'desired set not published, retrying'),
  });

  async function publish(): Promise<void> {
    const epoch = deps.epoch();
    if (epoch === undefined) return;
    const generation = view.revision;
    const set = desiredSet(view, node, deps.cache);
    tellTooLarge(set);
    if (had.epoch !== epoch) had = { epoch, digests: new Set() };
    const { digests } = had;
    const missing = [...set.documents.values()].filter(({ digest }) => !digests.has(digest));
    for (const message of documentMessages(missing)) {
      await broker.publish(topics.documents(node), message, { qos: 1, retain: false });
    }
    for (const { digest } of missing) digests.add(digest);
    for (const digest of digests) if (!set.documents.has(digest)) digests.delete(digest);
    const removeVolumes = [...volumesToRemove(view, node, deps.incarnation)];
    const key = JSON.stringify([epoch, set.pods, removeVolumes]);
    if (published?.key === key) return;
    const { cluster, incarnation } = deps;
    const removals = removeVolumes.length > 0 ? { removeVolumes } : {};
    const desired: Desired = { cluster, incarnation, generation, epoch, pods: [...set.pods], ...removals };
    published = { key, generation, atMs: clock.monotonicMs() };
    isConfirmed = false;
    await broker.publish(topics.desired(node), JSON.stringify(desired), { qos: 1, retain: true });
  }

  function tellTooLarge({ tooLarge }: DesiredSet): void {
    for (const { pod, bytes } of tooLarge) {
      if (!told.has(pod.metadata.uid)) deps.recordEvent(tooLargeOccurrence(pod, bytes));
    }
    told.clear();
    for (const { pod } of tooLarge) told.add(pod.metadata.uid);
  }

  function publishAgain(): void {
    published = undefined;
    flight.wake();
  }

  return {
    wake: flight.wake,
    restart() {
      confirmWithinMs = CONFIRM_WITHIN_MS;
      publishAgain();
    },
    request(missed) {
      for (const digest of missed) had.digests.delete(digest);
      flight.wake();
    },
    confirm({ incarnation, generation }) {
      if (incarnation !== deps.incarnation || generation < (published?.generation ?? 0)) return;
      isConfirmed = true;
      confirmWithinMs = CONFIRM_WITHIN_MS;
    },
    tick() {
      if (isConfirmed || published === undefined || deps.epoch() === undefined) return;
      if (clock.monotonicMs() - published.atMs < confirmWithinMs) return;
      confirmWithinMs = Math.min(confirmWithinMs * 2, CONFIRM_WITHIN_MAX_MS);
      publishAgain();
    },
    idle: flight.idle,
  };
}

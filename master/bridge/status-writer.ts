/** Writes what a node says to the store: pods, newest word wins, and the node itself. One writer per node. */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { type PersistentVolume, VOLUME_ANNOTATION, VOLUME_REMOVED } from '../../shared/kubernetes/volumes.ts';
import type { PodReport, Report } from '../../shared/protocol/messages.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import { foldNodeLabels, foldNodeStatus, type NodeFacts } from './fold-node.ts';
import { foldPod, type PodWrite } from './fold-pod.ts';
import { CONFLICT_RETRY_MS } from './limits.ts';
import { volumesToRemove } from './pod-volumes.ts';
import { createSingleFlight } from './single-flight.ts';

export type StatusWriterDeps = {
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly node: string;
  readonly incarnation: number;
  /** What is known of the node now. */
  readonly facts: () => NodeFacts;
};

export interface StatusWriter {
  /** Takes note of the pods in a report and writes them soon. */
  takePods(report: Report): void;
  /** Volumes that the node has removed as it was told. */
  takeRemovals(names: readonly string[]): void;
  /** The node's facts, or the Node itself, changed. */
  wakeNode(): void;
  idle(): Promise<void>;
}

type Pending = { readonly report: PodReport; readonly shiftMs: number };

export function createStatusWriter(deps: StatusWriterDeps, signal: AbortSignal): StatusWriter {
  const { view, registry, clock, logger, node } = deps;
  const pending = new Map<string, Pending>();
  let removed: readonly string[] = [];
  const volumes = createSingleFlight({
    clock,
    signal,
    run: writeRemovals,
    onFailure: err => logger.warn({ err, node }, 'removed volumes not noted, retrying'),
  });
  const pods = createSingleFlight({
    clock,
    signal,
    run: writePods,
    onFailure: err => logger.warn({ err, node }, 'pod status not written, retrying'),
  });
  const nodes = createSingleFlight({
    clock,
    signal,
    run: writeNode,
    onFailure: err => logger.warn({ err, node }, 'node status not written, retrying'),
  });

  /** All at once, so that one sync makes them durable together. */
  async function writePods(): Promise<void> {
    const batch = [...pending];
    pending.clear();
    const bound = new Map(view.podsOnNode(node).map(pod => [pod.metadata.uid, pod]));
    const outcomes = await Promise.allSettled(
      batch.map(async ([uid, { report, shiftMs }]) => {
        // A pod that is not bound here is not this node's to speak of.
        const pod = bound.get(uid);
        if (pod !== undefined) await writePod(foldPod(pod, report, { nowMs: clock.nowMs(), shiftMs }));
      }),
    );
    const failures = outcomes.flatMap((outcome, index) => {
      const [uid, word] = batch[index] ?? [];
      if (outcome.status === 'fulfilled' || uid === undefined || word === undefined) return [];
      if (isNotFound(outcome.reason)) return [];
      if (!pending.has(uid)) pending.set(uid, word); // Said again since: the newer word stands.
      return [outcome.reason];
    });
    await retryOrThrow(failures, pods.wake);
  }

  async function writePod(write: PodWrite): Promise<void> {
    if (write === undefined) return;
    const { namespace, name, uid } = write.pod.metadata;
    if (write.kind === 'delete') {
      await registry.delete('Pod', { namespace, name }, { uid, gracePeriodSeconds: 0 });
      return;
    }
    await seen(registry.updateStatus('Pod', write.pod));
  }

  /** Only of those that it was told to remove. */
  async function writeRemovals(): Promise<void> {
    const told = new Set(volumesToRemove(view, node, deps.incarnation));
    for (const name of removed) {
      const volume = told.has(name) ? view.get('PersistentVolume', { name }) : undefined;
      if (volume === undefined) continue;
      try {
        await seen(registry.update('PersistentVolume', withoutFolder(volume)));
      } catch (error) {
        if (!isNotFound(error)) await retryOrThrow([error], volumes.wake);
      }
    }
  }

  /** The status first: what the scheduler and the controllers wait for. */
  async function writeNode(): Promise<void> {
    try {
      const withStatus = foldNow(node => foldNodeStatus(node, deps.facts(), clock.nowMs()));
      if (withStatus !== undefined) await seen(registry.updateStatus('Node', withStatus));
      const withLabels = foldNow(node => foldNodeLabels(node, deps.facts()));
      if (withLabels !== undefined) await seen(registry.update('Node', withLabels));
    } catch (error) {
      if (!isNotFound(error)) await retryOrThrow([error], nodes.wake);
    }
  }

  function foldNow<T>(fold: (object: NonNullable<ReturnType<typeof currentNode>>) => T): T | undefined {
    const current = currentNode();
    return current && fold(current);
  }

  function currentNode() {
    return view.get('Node', { name: node });
  }

  /** The next fold must start from this write, or it would lose its compare-and-set. */
  async function seen(write: Promise<{ readonly metadata: Pod['metadata'] }>): Promise<void> {
    await view.waitFor(Number((await write).metadata.resourceVersion), signal);
  }

  async function retryOrThrow(failures: readonly unknown[], wake: () => void): Promise<void> {
    const worse = failures.find(failure => !isConflict(failure));
    if (worse !== undefined) throw worse;
    if (failures.length === 0) return;
    await clock.sleep(CONFLICT_RETRY_MS, signal);
    wake();
  }

  return {
    takePods(report) {
      const shiftMs = clock.nowMs() - report.clockMs;
      for (const pod of report.pods) pending.set(pod.uid, { report: pod, shiftMs });
      if (report.pods.length > 0) pods.wake();
    },
    takeRemovals(names) {
      removed = names;
      volumes.wake();
    },
    wakeNode: nodes.wake,
    async idle() {
      await Promise.all([pods.idle(), nodes.idle(), volumes.idle()]);
    },
  };
}

function withoutFolder(volume: PersistentVolume): PersistentVolume {
  const annotations = { ...volume.metadata.annotations, [VOLUME_ANNOTATION.removal]: VOLUME_REMOVED };
  return { ...volume, metadata: { ...volume.metadata, annotations } };
}

function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'NotFound';
}

function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.reason === 'Conflict';
}

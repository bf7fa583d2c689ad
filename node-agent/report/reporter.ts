/**
 * What the agent says of its pods, its node and what happened: the newest of each, whatever was missed. At the start of
 * a session it says all of it; after that only what changed. Nothing but events is kept while there is no link.
 */
import type { Logger } from 'pino';
import { type Clock, pause } from '../../shared/clock.ts';
import type { EventReport, NodeReport, PodReport, Report } from '../../shared/protocol/messages.ts';
import { EVENT_MESSAGE_MAX, EVENTS_MAX, EVENTS_PER_REPORT_MAX, REPORT_INTERVAL_MS } from '../limits.ts';
import { Waker } from '../sync/waker.ts';

export type ReporterDeps = {
  readonly clock: Clock;
  readonly log: Logger;
  readonly epoch: string;
  /** Every wanted pod's status; undefined before they could be known. */
  readonly pods: () => ReadonlyMap<string, PodReport> | undefined;
  /** The set worked towards; undefined before there is any. */
  readonly observed: () => Report['observed'];
  /** Volumes that were to go, and are gone. */
  readonly removedVolumes: () => readonly string[];
  /** Resolves when the broker has it; rejects when the link is lost first. */
  readonly send: (payload: string) => Promise<void>;
};

/** How long nothing is sent when nothing changes: waits end by a wake. */
const FOREVER_MS = 2 ** 30;

export class Reporter {
  private readonly deps: ReporterDeps;
  private readonly waker = new Waker();
  private readonly changed = new Set<string>();
  private events: EventReport[] = [];
  private node: NodeReport | undefined;
  private isNodeChanged = false;
  private isFullDue = false;
  private isOnline = false;
  private sentObserved = '';
  private sentRemoved = '';
  private sequence = 0;
  private readonly toldAll: (() => void)[] = [];

  constructor(deps: ReporterDeps) {
    this.deps = deps;
  }

  /** A session begins: everything is said again. */
  online(): void {
    this.isOnline = true;
    this.isFullDue = true;
    this.isNodeChanged = this.node !== undefined;
    this.waker.wake();
  }

  offline(): void {
    this.isOnline = false;
  }

  /** These pods' statuses changed, or must be said again. Also the moment to say what set is worked towards. */
  markPods(uids: Iterable<string>): void {
    for (const uid of uids) this.changed.add(uid);
    this.waker.wake();
  }

  /** What the device is, now. */
  setNode(node: NodeReport): void {
    this.node = node;
    this.isNodeChanged = true;
    this.waker.wake();
  }

  /** Something happened that a user should know; at the bound the oldest are dropped. */
  addEvent(event: EventReport): void {
    const message = event.message.slice(0, EVENT_MESSAGE_MAX);
    this.events.push({ ...event, message });
    if (this.events.length > EVENTS_MAX) this.events = this.events.slice(-EVENTS_MAX);
    this.waker.wake();
  }

  /** Resolves when there is nothing more to say, or nobody to say it to. */
  told(): Promise<void> {
    return new Promise(resolve => {
      this.toldAll.push(resolve);
      this.waker.wake();
    });
  }

  /** Sends until aborted: the first change at once, those that follow within REPORT_INTERVAL_MS together. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.deps;
    while (!signal.aborted) {
      await this.waker.wait(clock, FOREVER_MS, signal);
      if (signal.aborted) continue;
      const report = this.isOnline ? this.take() : undefined;
      if (!report) {
        for (const resolve of this.toldAll.splice(0)) resolve();
        continue;
      }
      try {
        await this.deps.send(JSON.stringify(report));
      } catch (error) {
        // The next session begins with a full report; only events are to be kept for it.
        this.events = [...(report.events ?? []), ...this.events].slice(-EVENTS_MAX);
        log.debug({ err: error }, 'report not sent');
      }
      await pause(clock, REPORT_INTERVAL_MS, signal);
      if (this.toldAll.length > 0) this.waker.wake();
    }
  }

  /** The next report; undefined when there is nothing to say. */
  private take(): Report | undefined {
    const known = this.deps.pods();
    const observed = known && this.deps.observed();
    const full = this.isFullDue && known !== undefined;
    const pods = full ? [...known.values()] : this.changedPods(known);
    const node = this.isNodeChanged ? this.node : undefined;
    const events = this.events.splice(0, EVENTS_PER_REPORT_MAX);
    const removed = known === undefined ? [] : this.deps.removedVolumes();
    const isRemovalNews = removed.join() !== this.sentRemoved || (full && removed.length > 0);
    const observedText = JSON.stringify(observed ?? null);
    const isNews =
      full ||
      isRemovalNews ||
      pods.length > 0 ||
      node ||
      events.length > 0 ||
      observedText !== this.sentObserved;
    if (!isNews) return undefined;
    if (this.events.length > 0) this.waker.wake();
    if (full) this.isFullDue = false;
    this.isNodeChanged = false;
    this.sentObserved = observedText;
    this.sentRemoved = removed.join();
    this.changed.clear();
    return {
      epoch: this.deps.epoch,
      sequence: this.sequence++,
      clockMs: this.deps.clock.nowMs(),
      observed,
      full,
      pods,
      node,
      events: events.length > 0 ? events : undefined,
      removedVolumes: isRemovalNews && removed.length > 0 ? [...removed] : undefined,
    };
  }

  private changedPods(known: ReadonlyMap<string, PodReport> | undefined): PodReport[] {
    return [...this.changed].flatMap(uid => known?.get(uid) ?? []);
  }
}

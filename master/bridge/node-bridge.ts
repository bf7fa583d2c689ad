/** One node as the bridge knows it: who speaks for it, when it was heard, what it was told and what it said. */
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import {
  type Documents,
  HeartbeatSchema,
  type NodeReport,
  parseMessage,
  type Report,
  ReportSchema,
  RequestSchema,
  SessionSchema,
  type TokenRequest,
} from '../../shared/protocol/messages.ts';
import { type NodeTopic, topics } from '../../shared/protocol/topics.ts';
import type { ServiceAccountTokens } from '../auth/service-account/tokens.ts';
import type { Broker } from '../broker/broker.ts';
import type { Occurrence } from '../events/event.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import { checkReport } from './check-report.ts';
import type { DocumentCache } from './desired.ts';
import { createDesiredPublisher, type DesiredPublisher } from './desired-publisher.ts';
import { afterBeat, afterLife, isOtherHeardSince, type Link, openLink, whoIsSilent } from './detector.ts';
import type { NodeFacts } from './fold-node.ts';
import type { LivenessTable } from './liveness.ts';
import type { NodeCalls } from './node-calls.ts';
import { occurrenceOf } from './occurrence.ts';
import { issuePodTokens } from './pod-tokens.ts';
import { hasClone, NO_SESSIONS, nextSessions, type SessionEffect, type SessionEvent } from './sessions.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';

/** What the bridge stands between. */
export type BridgePorts = {
  /** Has read everything already. */
  readonly view: LiveView;
  readonly registry: Registry;
  readonly broker: Broker;
  /** Issues the tokens of pods' service accounts. */
  readonly tokens: Pick<ServiceAccountTokens, 'issue'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Who this cluster is: the uid of kube-system. */
  readonly cluster: string;
  /** Grows when the store was restored from a backup. */
  readonly incarnation: number;
  /** Never waits and never throws. */
  readonly recordEvent: (occurrence: Occurrence) => void;
};

export type NodeBridgeDeps = BridgePorts & {
  readonly cache: DocumentCache;
  readonly liveness: LivenessTable;
  readonly calls: NodeCalls;
  /** The awake clock. */
  readonly awakeMs: () => number;
};

export class NodeBridge {
  readonly node: string;
  readonly desired: DesiredPublisher;
  readonly status: StatusWriter;
  private readonly deps: NodeBridgeDeps;
  private sessions = NO_SESSIONS;
  private link: Link | undefined;
  /** Whose link that is. */
  private linked: { readonly epoch: string; readonly connection: string } | undefined;
  /** By connection: what the agent there understands. */
  private readonly capabilities = new Map<string, number>();
  /** Of the process that is served, or was last. */
  private spoken: { epoch: string; sequence: number; report?: NodeReport; clockSkewMs: number } | undefined;
  /** Until then the master cannot know whether the node is lost, by the awake clock. */
  private readonly unknownUntilMs: number;
  private isUnknown = true;
  /** It fell silent together with every other node, and none was heard since. */
  private isInOutage = false;

  constructor(deps: NodeBridgeDeps, node: string, options: { unknownUntilMs: number; signal: AbortSignal }) {
    this.deps = deps;
    this.node = node;
    this.unknownUntilMs = options.unknownUntilMs;
    const epoch = () => this.sessions.holder?.epoch;
    this.desired = createDesiredPublisher({ ...deps, node, epoch }, options.signal);
    this.status = createStatusWriter({ ...deps, node, facts: () => this.facts() }, options.signal);
  }

  get isConnected(): boolean {
    return this.sessions.holder !== undefined;
  }

  /** Of the process that is served; undefined while none is. */
  get capability(): number | undefined {
    const { holder } = this.sessions;
    return holder && (this.capabilities.get(holder.connection) ?? 1);
  }

  connected(connection: string): void {
    this.step({ kind: 'connected', connection });
  }

  gone(connection: string): void {
    this.capabilities.delete(connection);
    this.step({ kind: 'gone', connection });
  }

  /** Bytes came in over this connection. */
  activity(connection: string): void {
    if (connection !== this.sessions.holder?.connection) return;
    if (this.link) this.link = afterLife(this.link, this.deps.awakeMs());
  }

  message(connection: string, topic: NodeTopic, payload: Buffer): void {
    if (topic.kind === 'reply') {
      if (connection === this.sessions.holder?.connection) {
        this.deps.calls.receive(this.node, topic.id, payload);
      }
    } else if (topic.kind === 'session') this.takeSession(connection, payload);
    else if (topic.kind === 'heartbeat') this.takeHeartbeat(connection, payload);
    else if (topic.kind === 'report') this.takeReport(connection, payload);
    else this.takeRequest(connection, payload);
  }

  /** The link of the process that is served. */
  get servedLink(): Link | undefined {
    return this.isConnected ? this.link : undefined;
  }

  /** `links` are those of all nodes that are served. */
  tick(nowMs: number, links: readonly Link[]): void {
    if (this.isUnknown && nowMs >= this.unknownUntilMs) {
      this.isUnknown = false;
      this.isInOutage = links.length === 0;
      this.status.wakeNode();
    }
    if (this.sessions.rivals.length > 0) this.step({ kind: 'tick', nowMs });
    this.lookForSilence(nowMs, links);
    this.desired.tick();
  }

  private lookForSilence(nowMs: number, links: readonly Link[]): void {
    const { servedLink } = this;
    if (servedLink !== undefined) {
      const who = whoIsSilent(servedLink, links, nowMs);
      if (who === 'nobody') return;
      this.isInOutage = who === 'everyone';
      this.step({ kind: 'silent' });
    } else if (this.isInOutage && (this.link ? isOtherHeardSince(this.link, links) : links.length > 0)) {
      this.isInOutage = false;
      this.status.wakeNode();
    }
  }

  private facts(): NodeFacts {
    const { holder } = this.sessions;
    const isOfHolder = this.spoken?.epoch === holder?.epoch;
    return {
      report: isOfHolder ? this.spoken?.report : undefined,
      clockSkewMs: isOfHolder ? this.spoken?.clockSkewMs : undefined,
      link: holder !== undefined ? 'alive' : this.lostLink(),
      lastHeartbeatMs: this.deps.liveness.lastHeartbeatMs(this.node),
      hasClone: hasClone(this.sessions),
    };
  }

  private lostLink(): 'unknown' | 'outage' | 'lost' {
    if (this.isUnknown) return 'unknown';
    return this.isInOutage ? 'outage' : 'lost';
  }

  private takeSession(connection: string, payload: Buffer): void {
    const session = this.parse(SessionSchema, payload, 'session');
    if (session === undefined) return;
    const { epoch, state, capability } = session;
    if (this.sessions.connections.has(connection)) this.capabilities.set(connection, capability);
    if (state === 'offline') this.step({ kind: 'offline', connection, epoch });
    else this.step({ kind: 'online', connection, epoch, nowMs: this.deps.awakeMs() });
  }

  private takeHeartbeat(connection: string, payload: Buffer): void {
    const heartbeat = this.parse(HeartbeatSchema, payload, 'heartbeat');
    if (heartbeat === undefined || !this.isOfHolder(connection, heartbeat.epoch)) return;
    this.link = afterBeat(this.link ?? openLink(this.deps.awakeMs()), this.deps.awakeMs());
    this.deps.liveness.heard(this.node, heartbeat, this.deps.clock.nowMs());
  }

  private takeReport(connection: string, payload: Buffer): void {
    const parsed = this.parse(ReportSchema, payload, 'report');
    if (parsed === undefined || !this.isOfHolder(connection, parsed.epoch)) return;
    const { report, faults } = checkReport(parsed);
    if (faults.length > 0)
      this.deps.logger.warn({ node: this.node, faults: faults.slice(0, 5) }, 'parts of a report left out');
    const last = this.spoken?.epoch === report.epoch ? this.spoken : undefined;
    // QoS 1 may bring one twice, and a newer one says all that an older one did.
    if (last !== undefined && report.sequence <= last.sequence) return;
    this.spoken = {
      epoch: report.epoch,
      sequence: report.sequence,
      report: report.node ?? last?.report,
      clockSkewMs: report.clockMs - this.deps.clock.nowMs(),
    };
    if (report.observed) this.desired.confirm(report.observed);
    this.recordEvents(report);
    this.status.takePods(report);
    if (report.removedVolumes) this.status.takeRemovals(report.removedVolumes);
    if (report.node) this.status.wakeNode();
  }

  private takeRequest(connection: string, payload: Buffer): void {
    const request = this.parse(RequestSchema, payload, 'request');
    if (request === undefined || !this.isOfHolder(connection, request.epoch)) return;
    if (request.documents.length > 0) this.desired.request(request.documents);
    if (request.tokens !== undefined && request.tokens.length > 0) this.sendTokens(request.tokens);
  }

  private sendTokens(requests: readonly TokenRequest[]): void {
    const { broker, logger } = this.deps;
    const message: Documents = { documents: [], tokens: issuePodTokens(this.deps, this.node, requests) };
    broker
      .publish(topics.documents(this.node), JSON.stringify(message), { qos: 1, retain: false })
      .catch((err: unknown) => logger.debug({ err, node: this.node }, 'tokens not sent'));
  }

  private recordEvents(report: Report): void {
    const { view, recordEvent } = this.deps;
    const node = view.get('Node', { name: this.node });
    if (node === undefined || report.events === undefined) return;
    const pods = new Map(view.podsOnNode(this.node).map(pod => [pod.metadata.uid, pod]));
    for (const event of report.events) {
      const occurrence = occurrenceOf(event, { node, podByUid: uid => pods.get(uid) });
      if (occurrence) recordEvent(occurrence);
    }
  }

  /** Hears the epoch, and says whether it is the one that is served. */
  private isOfHolder(connection: string, epoch: string): boolean {
    this.step({ kind: 'heard', connection, epoch, nowMs: this.deps.awakeMs() });
    return this.sessions.holder?.epoch === epoch;
  }

  private step(event: SessionEvent): void {
    const before = this.sessions;
    const { state, effects } = nextSessions(before, event);
    this.sessions = state;
    for (const effect of effects) this.act(effect);
    if (hasClone(state) !== hasClone(before)) {
      const { logger } = this.deps;
      if (hasClone(state)) logger.warn({ node: this.node }, 'two devices connect as one node');
      else logger.info({ node: this.node }, 'one device is left under this name');
      this.status.wakeNode();
    }
  }

  private act(effect: SessionEffect): void {
    const { broker, logger, calls, liveness, awakeMs } = this.deps;
    const { node } = this;
    switch (effect.kind) {
      case 'served': {
        logger.info({ node, epoch: effect.epoch, connection: effect.connection }, 'node is served');
        this.isInOutage = false;
        calls.lost(node);
        broker.serve(node, effect.connection);
        this.link = this.linkOf(effect, awakeMs());
        this.desired.restart();
        this.status.wakeNode();
        return;
      }
      case 'lost':
        logger.info({ node, epoch: effect.epoch, reason: effect.reason }, 'node is lost');
        this.isUnknown = false;
        broker.serve(node, undefined);
        calls.lost(node);
        liveness.lost(node);
        this.status.wakeNode();
        return;
      case 'superseded':
        broker.disconnect(node, effect.connection);
    }
  }

  /** What the link was like stays known to a process that comes back; a connection that had only paused may be late. */
  private linkOf(session: { readonly epoch: string; readonly connection: string }, nowMs: number): Link {
    const before = this.linked?.epoch === session.epoch ? this.link : undefined;
    const isSameConnection = this.linked?.connection === session.connection;
    this.linked = session;
    if (before === undefined) return openLink(nowMs);
    if (isSameConnection) return afterLife(before, nowMs);
    return { ...before, beatMs: nowMs, lifeMs: nowMs, lateMs: 0 };
  }

  private parse<T>(
    schema: Parameters<typeof parseMessage<T>>[0],
    payload: Buffer,
    what: string,
  ): T | undefined {
    const parsed = parseMessage(schema, payload);
    if (parsed.ok) return parsed.message;
    this.deps.logger.debug({ node: this.node, what, reason: parsed.reason }, 'message not understood');
    return undefined;
  }
}

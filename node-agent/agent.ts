/** Puts the parts of the node-agent together and runs them. Its ports are arguments: main gives it a device, a test what it likes. */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Clock, pause } from '../shared/clock.ts';
import type { IssuedToken, LogsCall, PodDocument } from '../shared/protocol/messages.ts';
import { topics } from '../shared/protocol/topics.ts';
import { Checkpoint } from './checkpoint/checkpoint.ts';
import { podsFolder, volumesFolder } from './config.ts';
import { DeviceWatch } from './devices/device-watch.ts';
import { Evictor } from './eviction/evictor.ts';
import { diskUsage } from './images/disk-usage.ts';
import { ImageKeeper } from './images/image-keeper.ts';
import { ImagePuller } from './images/image-puller.ts';
import {
  GOODBYE_TIMEOUT_MS,
  IMAGE_GC_HIGH_PERCENT,
  IMAGE_GC_LOW_PERCENT,
  IMAGE_GC_MIN_AGE_MS,
  PARALLEL_PULLS,
} from './limits.ts';
import type { Credentials } from './link/credentials.ts';
import { Session } from './link/session.ts';
import type { Reserved } from './node-info/allocatable.ts';
import type { NodeObserver } from './node-info/node-observer.ts';
import { Heartbeats } from './report/heartbeats.ts';
import { NodeWatch } from './report/node-watch.ts';
import { Reporter } from './report/reporter.ts';
import { Requests } from './report/requests.ts';
import { UsageSampler } from './report/usage-sampler.ts';
import type { ContainerRuntime } from './runtime/container-runtime.ts';
import { openSource } from './streams/call-source.ts';
import { Streams } from './streams/streams.ts';
import { DesiredInbox } from './sync/desired-inbox.ts';
import { missingDocuments } from './sync/desired-set.ts';
import { type LogContainer, logContainer } from './sync/log-container.ts';
import { PodSync } from './sync/pod-sync.ts';
import type { ShutdownPeriods } from './sync/shutdown.ts';
import { PodTokens } from './volumes/pod-tokens.ts';

export type AgentOptions = {
  readonly masterUrl: string;
  readonly dataDir: string;
  /** The agent's own, in memory: for what must not touch a disk. */
  readonly memoryFolder: string;
  readonly credentials: Credentials;
  /** Names this process among all that ever were of this node. */
  readonly epoch: string;
  readonly heartbeatIntervalMs: number;
  /** Where /dev and /sys of what is attached are; absent: nothing is offered. */
  readonly deviceRoot?: string;
  readonly capacityCpuMilli?: number;
  readonly capacityMemoryBytes?: number;
  readonly reserved?: Reserved;
  /** Default PARALLEL_PULLS. */
  readonly parallelPulls?: number;
  /** Percent; default IMAGE_GC_HIGH_PERCENT and IMAGE_GC_LOW_PERCENT. */
  readonly imageGcHighPercent?: number;
  readonly imageGcLowPercent?: number;
};

export type AgentDeps = {
  readonly runtime: ContainerRuntime;
  readonly observer: NodeObserver;
  readonly clock: Clock;
  readonly log: Logger;
  /** In [0, 1). */
  readonly random: () => number;
};

export class Agent {
  private readonly deps: AgentDeps;
  private readonly options: AgentOptions;
  private readonly checkpoint: Checkpoint;
  private readonly desired: DesiredInbox;
  private readonly session: Session;
  private readonly sync: PodSync;
  private readonly reporter: Reporter;
  private readonly heartbeats: Heartbeats;
  private readonly usage: UsageSampler;
  private readonly evictor: Evictor;
  private readonly devices: DeviceWatch | undefined;
  private readonly node: NodeWatch;
  private readonly images: ImageKeeper;
  private readonly streams: Streams;
  private readonly tokens: PodTokens;
  private readonly requests: Requests;

  constructor(deps: AgentDeps, options: AgentOptions) {
    this.deps = deps;
    this.options = options;
    const { runtime, observer, clock, log, random } = deps;
    const { epoch, dataDir, memoryFolder, credentials, masterUrl } = options;
    const nodeName = credentials.node;
    const publish = (topic: string, payload: string | Uint8Array, qos: 0 | 1) =>
      this.session.publish(topic, payload, { qos });
    this.checkpoint = new Checkpoint(dataDir, log.child({ component: 'checkpoint' }));
    this.desired = new DesiredInbox({
      log: log.child({ component: 'desired' }),
      epoch,
      cluster: credentials.cluster,
      checkpoint: this.checkpoint,
      onResume: set => this.sync.resume(set),
      onSet: set => this.sync.setDesired(set),
      onNews: () => this.requests.wake(),
      // What was said of them before may have been lost with the master that heard it.
      onIndex: () =>
        this.reporter.markPods(
          [...this.sync.reports.values()].flatMap(({ uid, gone }) => (gone ? [uid] : [])),
        ),
      onTokens: tokens => this.receiveTokens(tokens),
      emit: event => this.reporter.addEvent(event),
    });
    this.reporter = new Reporter({
      clock,
      log: log.child({ component: 'report' }),
      epoch,
      pods: () => (this.sync.hasLooked ? this.sync.reports : undefined),
      observed: () => this.desired.observed,
      removedVolumes: () => this.sync.removedVolumes,
      send: payload => publish(topics.report(nodeName), payload, 1),
    });
    const { capacityCpuMilli, capacityMemoryBytes, reserved, deviceRoot } = options;
    this.devices =
      deviceRoot === undefined
        ? undefined
        : new DeviceWatch({
            clock,
            log: log.child({ component: 'devices' }),
            root: deviceRoot,
            onChange: () => {
              this.node.devicesChanged();
              this.sync.devicesChanged();
            },
          });
    const devices = () => this.devices?.devices ?? [];
    this.node = new NodeWatch({
      runtime,
      observer,
      clock,
      log: log.child({ component: 'node' }),
      nodeName,
      capacityCpuMilli,
      capacityMemoryBytes,
      reserved,
      volumesFolder: volumesFolder(dataDir),
      devices,
      checkpointFailure: () => this.checkpoint.failure,
      onNode: node => this.reporter.setNode(node),
    });
    const isOnline = () => this.session.isOnline;
    this.tokens = new PodTokens({
      clock,
      log: log.child({ component: 'tokens' }),
      folder: memoryFolder,
      isOnline,
    });
    this.requests = new Requests({
      clock,
      log: log.child({ component: 'requests' }),
      epoch,
      isOnline,
      documents: () => missingDocuments(this.desired.set),
      tokens: () => this.tokens.due(this.livingPods()),
      send: payload => publish(topics.requests(nodeName), payload, 1),
    });
    const puller = new ImagePuller({ runtime, clock }, { parallel: options.parallelPulls ?? PARALLEL_PULLS });
    this.images = new ImageKeeper(
      {
        runtime,
        clock,
        log: log.child({ component: 'images' }),
        disk: async () => {
          const { imageFolder } = this.node;
          return imageFolder === undefined ? undefined : diskUsage(imageFolder);
        },
        wanted: () => this.sync.wantedImages,
        emit: event => this.reporter.addEvent(event),
        onImages: images => this.node.setImages(images),
      },
      {
        highPercent: options.imageGcHighPercent ?? IMAGE_GC_HIGH_PERCENT,
        lowPercent: options.imageGcLowPercent ?? IMAGE_GC_LOW_PERCENT,
        minAgeMs: IMAGE_GC_MIN_AGE_MS,
      },
    );
    this.sync = new PodSync({
      runtime,
      puller,
      clock,
      log: log.child({ component: 'sync' }),
      random,
      facts: () => ({
        ...this.node.facts,
        nodeName,
        apiHost: apiHostOf(masterUrl),
        podsFolder: podsFolder(dataDir),
        seccompFolder: join(dataDir, 'seccomp'),
        volumesFolder: volumesFolder(dataDir),
        memoryFolder: join(memoryFolder, 'pods'),
        tokenOf: request => this.tokens.tokenOf(request),
      }),
      devices,
      memoryFolder,
      tokensReady: (document, signal) => this.tokens.ready(document, signal),
      emit: event => this.reporter.addEvent(event),
      onImages: () => this.images.wake(),
      onLook: changed => this.reporter.markPods(changed),
      onEngine: () => this.node.engineChanged(),
    });
    this.usage = new UsageSampler({
      runtime,
      clock,
      log: log.child({ component: 'usage' }),
      containers: () => this.sync.containers,
      sampleNode: () => this.node.sampleUsage(),
    });
    this.evictor = new Evictor({
      clock,
      log: log.child({ component: 'eviction' }),
      troubles: () => this.node.troubles,
      pods: () => this.livingPods(),
      usage: () => this.usage.usage?.pods,
      podsFolder: podsFolder(dataDir),
      layerBytes: (podUid, signal) => this.layerBytes(podUid, signal),
      evict: eviction => this.sync.evict(eviction),
    });
    this.heartbeats = new Heartbeats({
      clock,
      epoch,
      intervalMs: options.heartbeatIntervalMs,
      isOnline,
      usage: () => this.usage.usage,
      send: payload => {
        publish(topics.heartbeat(nodeName), payload, 0).catch((error: unknown) =>
          log.debug({ err: error }, 'heartbeat not sent'),
        );
      },
    });
    const sources = {
      runtime,
      findLogContainer: (call: LogsCall) => this.findLogContainer(call),
      containers: () => this.sync.containers,
    };
    this.streams = new Streams({
      log: log.child({ component: 'streams' }),
      open: (call, signal) => openSource(sources, call, signal),
      send: (id, frame) => publish(topics.reply(nodeName, id), frame, 0),
    });
    this.session = new Session(
      {
        clock,
        log: log.child({ component: 'link' }),
        random,
        onOnline: () => {
          this.reporter.online();
          this.heartbeats.online();
          this.requests.wake();
          this.sync.networkIsBack();
        },
        onOffline: () => {
          this.reporter.offline();
          this.streams.closeAll();
          this.tokens.wake();
        },
        onMessage: (topic, payload) => this.receive(topic, payload),
      },
      { url: masterUrl, credentials, epoch },
    );
  }

  /** Runs until aborted; then says goodbye and leaves the containers running. */
  async run(signal: AbortSignal): Promise<void> {
    // Each step under way listens for the end, more of them than Node.js takes for a leak.
    setMaxListeners(0, signal);
    await this.tokens.load();
    await this.desired.resume();
    await Promise.all([
      this.sync.run(signal),
      this.session.run(signal),
      this.reporter.run(signal),
      this.heartbeats.run(signal),
      this.usage.run(signal),
      this.evictor.run(signal),
      this.node.run(signal),
      this.devices?.run(signal),
      this.images.run(signal),
      this.requests.run(signal),
      this.checkpoint.run(this.deps.clock, signal),
    ]);
    this.streams.closeAll();
  }

  /** The device shuts down: pods end in order, and the master is told. Resolves when that is done, or its time is over; `run` goes on. */
  async shutDown(periods: ShutdownPeriods, signal: AbortSignal): Promise<void> {
    this.node.shuttingDown();
    await this.sync.halt(periods, signal);
    const late = new AbortController();
    const stop = AbortSignal.any([late.signal, signal]);
    await Promise.race([this.reporter.told(), pause(this.deps.clock, GOODBYE_TIMEOUT_MS, stop)]);
    late.abort();
  }

  private receive(topic: string, payload: Uint8Array): void {
    const { node } = this.options.credentials;
    const calls = topics.call(node, '');
    if (topic === topics.desired(node)) this.desired.receiveIndex(payload);
    else if (topic === topics.documents(node)) this.desired.receiveDocuments(payload);
    else if (topic.startsWith(calls)) this.streams.receive(topic.slice(calls.length), payload);
  }

  private receiveTokens(answers: readonly IssuedToken[]): void {
    const { changed, refused } = this.tokens.accept(answers);
    this.sync.refreshFiles(changed);
    for (const { podUid, error } of refused) {
      const message = `no service account token, the pod starts without: ${error ?? 'no reason given'}`;
      this.reporter.addEvent({ podUid, type: 'Warning', reason: 'FailedMount', message });
    }
  }

  /** Those that may still run something. */
  private livingPods(): readonly PodDocument[] {
    const { index, acting } = this.desired.set;
    return (index?.pods ?? []).flatMap(({ uid, terminateWithinSeconds, ended }) => {
      const phase = this.sync.reports.get(uid)?.status.phase;
      const document = acting.get(uid)?.document;
      const hasEnded =
        ended || terminateWithinSeconds !== undefined || phase === 'Succeeded' || phase === 'Failed';
      return document && !hasEnded ? [document] : [];
    });
  }

  private async layerBytes(uid: string, signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const bytes = new Map<string, number>();
    for (const { id, labels } of this.sync.containers)
      if (labels.podUid === uid) {
        const own = (await this.deps.runtime.layerBytes(id, signal)) ?? 0;
        bytes.set(labels.container, (bytes.get(labels.container) ?? 0) + own);
      }
    return bytes;
  }

  private findLogContainer(call: LogsCall): LogContainer {
    const name = this.desired.set.acting.get(call.podUid)?.document.name ?? call.podUid;
    const status = this.sync.reports.get(call.podUid)?.status;
    return logContainer(status, name, call.container, call.previous);
  }
}

/** Where this device reaches the master; undefined for a loopback address, which is another one in a container. */
function apiHostOf(masterUrl: string): string | undefined {
  const host = new URL(masterUrl).hostname.replace(/^\[(.*)\]$/, '$1');
  return host === 'localhost' || host === '::1' || host.startsWith('127.') ? undefined : host;
}

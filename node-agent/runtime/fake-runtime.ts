/**
 * The port in memory, for tests: containers live in a map, and the test plays the engine's part: exits, crashes, faults,
 * lost state, a daemon that is away. It keeps the same contract suite as Docker.
 */
import type { Clock } from '../../shared/clock.ts';
import type {
  AttachOptions,
  ContainerRuntime,
  ContainerSpec,
  ContainerState,
  ContainerUsage,
  ExecOptions,
  ImagePresence,
  LocalImage,
  LogChunk,
  LogOptions,
  RegistryCredentials,
  RuntimeContainer,
  RuntimeInfo,
  RuntimeStream,
} from './container-runtime.ts';
import { RuntimeError, SANDBOX_IMAGE } from './container-runtime.ts';
import { FakeImages } from './fake-images.ts';
import { type FakeLogLine, fakeLogChunks } from './fake-logs.ts';
import { FakeProcess } from './fake-process.ts';
import { Hints } from './hints.ts';

export type FakeOperation =
  | 'info'
  | 'list'
  | 'image'
  | 'images'
  | 'pull'
  | 'makeSandboxImage'
  | 'removeImage'
  | 'create'
  | 'start'
  | 'stop'
  | 'remove'
  | 'logs'
  | 'exec'
  | 'attach'
  | 'connect'
  | 'usage'
  | 'layerBytes';

type FakeContainer = {
  readonly id: string;
  readonly spec: ContainerSpec;
  state: ContainerState;
  usage?: { readonly cpuNanoseconds: number; readonly memoryBytes: number };
  layerBytes: number;
  /** What the program does on SIGTERM; by default it ends with 143. */
  onTerm?: () => void;
  readonly lines: FakeLogLine[];
};

/** What is behind a stream that the port opens; without one for its kind it fails as an engine with nothing there does. */
export type FakePrograms = {
  readonly exec?: (process: FakeProcess, options: ExecOptions, id: string) => void;
  readonly attach?: (process: FakeProcess, options: AttachOptions, id: string) => void;
  /** Answers false where nobody listens on the port. */
  readonly connect?: (server: FakeProcess, port: number, id: string) => boolean;
};

const DEFAULT_INFO: RuntimeInfo = {
  name: 'fake',
  version: '1.0.0',
  apiVersion: '1.41',
  operatingSystem: 'Fake OS',
  kernelVersion: '6.1.0',
  architecture: 'x86_64',
  cgroupVersion: '2',
  canLimitMemory: true,
  canLimitCpu: true,
  dataRoot: '/var/lib/docker',
};

/** A ContainerRuntime in memory. The methods of the port come first, then those by which a test plays the engine. */
export class FakeRuntime implements ContainerRuntime {
  /** Every call of the port in order, as `operation subject`: `create web`, `start fake-1`, `pull app:2`. */
  readonly calls: string[] = [];
  private readonly clock: Clock;
  private readonly onStarted: (id: string, spec: ContainerSpec) => void;
  private readonly programs: FakePrograms;
  private readonly containers = new Map<string, FakeContainer>();
  private readonly localImages = new FakeImages();
  private readonly faults = new Map<FakeOperation, RuntimeError[]>();
  private readonly holds = new Map<FakeOperation, Promise<void>[]>();
  private readonly readers = new Set<Hints>();
  private runtimeInfo: RuntimeInfo;
  private reachable = true;
  private nextId = 1;

  /** `images` are on the device already. `onStarted` is the container's program: what it does once it runs; a RuntimeError from it is a failed start. */
  constructor(options: {
    readonly clock: Clock;
    readonly images?: readonly string[];
    readonly info?: Partial<RuntimeInfo>;
    readonly onStarted?: (id: string, spec: ContainerSpec) => void;
    readonly programs?: FakePrograms;
  }) {
    this.clock = options.clock;
    this.onStarted = options.onStarted ?? (() => {});
    this.programs = options.programs ?? {};
    this.runtimeInfo = { ...DEFAULT_INFO, ...options.info };
    for (const image of options.images ?? []) this.addImage(image);
  }

  async info(signal?: AbortSignal): Promise<RuntimeInfo> {
    await this.enter('info', '', signal);
    return this.runtimeInfo;
  }

  async list(signal?: AbortSignal): Promise<readonly RuntimeContainer[]> {
    await this.enter('list', '', signal);
    return this.snapshot();
  }

  async image(reference: string, signal?: AbortSignal): Promise<ImagePresence | undefined> {
    await this.enter('image', reference, signal);
    return this.localImages.find(reference);
  }

  async images(signal?: AbortSignal): Promise<readonly LocalImage[]> {
    await this.enter('images', '', signal);
    return this.imageSnapshot();
  }

  async pull(
    reference: string,
    {
      credentials,
      signal,
    }: { readonly credentials?: RegistryCredentials; readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    await this.enter('pull', reference, signal);
    this.localImages.pull(reference, credentials);
  }

  async removeImage({ id }: Pick<LocalImage, 'id'>, signal?: AbortSignal): Promise<void> {
    await this.enter('removeImage', id, signal);
    if (this.snapshot().some(({ imageId }) => imageId === id))
      throw new RuntimeError('removeImage', 'conflict', `image ${id} is used by a container`);
    this.localImages.dropId(id);
  }

  async makeSandboxImage(signal?: AbortSignal): Promise<void> {
    await this.enter('makeSandboxImage', SANDBOX_IMAGE, signal);
    this.addImage(SANDBOX_IMAGE);
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<{ readonly id: string }> {
    await this.enter('create', spec.labels.container, signal);
    const existing = this.find(spec.labels.podUid, spec.labels.container, spec.labels.attempt);
    if (existing) return { id: existing.id };
    if (!this.localImages.find(spec.image))
      throw new RuntimeError('create', 'image-not-found', `no such image: ${spec.image}`);
    const id = `fake-${this.nextId++}`;
    this.containers.set(id, { id, spec, state: { kind: 'created' }, layerBytes: 0, lines: [] });
    return { id };
  }

  /** A scripted fault leaves the container behind as Docker does: exited, with the engine's message. */
  async start(id: string, signal?: AbortSignal): Promise<void> {
    const container = this.containers.get(id);
    try {
      await this.enter('start', id, signal);
      if (!container) throw new RuntimeError('start', 'not-found', `no such container: ${id}`);
      if (container.state.kind === 'running') return;
      this.checkJoined(container.spec);
      container.state = { kind: 'running', startedAtMs: this.clock.nowMs(), paused: false };
      container.usage ??= { cpuNanoseconds: 0, memoryBytes: 1024 * 1024 };
      this.hint();
      this.onStarted(id, container.spec);
    } catch (error) {
      if (error instanceof RuntimeError && error.failure !== 'unreachable' && container)
        this.end(container, { exitCode: 128, message: error.message });
      throw error;
    }
  }

  async stop(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void> {
    await this.enter('stop', id, signal);
    const container = this.containers.get(id);
    if (container?.state.kind !== 'running') return;
    if (!container.onTerm) return this.end(container, { exitCode: 143 });
    container.onTerm();
    if (container.state.kind === 'running') await this.clock.sleep(graceSeconds * 1000, signal);
    if (container.state.kind === 'running') this.end(container, { exitCode: 137 });
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    await this.enter('remove', id, signal);
    if (this.containers.delete(id)) this.hint();
  }

  async *logs(id: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogChunk> {
    await this.enter('logs', id, signal);
    const container = this.containers.get(id);
    if (!container) throw new RuntimeError('logs', 'not-found', `no such container: ${id}`);
    let read = container.lines.length;
    yield* fakeLogChunks(container.lines, options, this.clock.nowMs());
    if (!options.follow) return;
    const hints = new Hints();
    this.readers.add(hints);
    hints.hint();
    try {
      for await (const _ of hints.read(signal)) {
        const fresh = container.lines.slice(read);
        read = container.lines.length;
        yield* fakeLogChunks(fresh, { follow: true, timestamps: options.timestamps }, 0);
        if (container.state.kind !== 'running' || !this.containers.has(id)) return;
      }
    } finally {
      this.readers.delete(hints);
    }
  }

  async exec(id: string, options: ExecOptions, signal: AbortSignal): Promise<RuntimeStream> {
    const process = await this.openProcess('exec', id, signal);
    if (this.programs.exec) this.programs.exec(process, options, id);
    else process.exit(126);
    return process.stream;
  }

  async attach(id: string, options: AttachOptions, signal: AbortSignal): Promise<RuntimeStream> {
    const process = await this.openProcess('attach', id, signal);
    if (this.programs.attach) this.programs.attach(process, options, id);
    else process.exit();
    return process.stream;
  }

  async connect(id: string, port: number, signal: AbortSignal): Promise<RuntimeStream> {
    const server = await this.openProcess('connect', id, signal);
    if (!this.programs.connect?.(server, port, id))
      throw new RuntimeError('connect', 'not-found', `failed to connect to port ${port}: connection refused`);
    return server.stream;
  }

  async usage(id: string, signal?: AbortSignal): Promise<ContainerUsage | undefined> {
    await this.enter('usage', id, signal);
    const container = this.containers.get(id);
    return container?.state.kind === 'running' && container.usage ? { id, ...container.usage } : undefined;
  }

  async layerBytes(id: string, signal?: AbortSignal): Promise<number | undefined> {
    await this.enter('layerBytes', id, signal);
    return this.containers.get(id)?.layerBytes;
  }

  async *changes(signal: AbortSignal): AsyncGenerator<void> {
    const hints = new Hints();
    this.readers.add(hints);
    hints.hint();
    try {
      for await (const _ of hints.read(signal)) if (this.reachable) yield;
    } finally {
      this.readers.delete(hints);
    }
  }

  /** Puts an image on the device. */
  addImage(reference: string, change: { readonly sizeBytes?: number; readonly user?: string } = {}): void {
    this.localImages.add(reference, change);
  }

  /** Lets `pull` find an image from now on; with a password, only whoever names it. */
  offerImage(reference: string, password?: string): void {
    this.localImages.offer(reference, password);
  }

  setInfo(change: Partial<RuntimeInfo>): void {
    this.runtimeInfo = { ...this.runtimeInfo, ...change };
  }

  /** The next call of `operation` that finds no earlier fault waiting rejects with `error`; faults queue up. */
  failNext(operation: FakeOperation, error: RuntimeError): void {
    this.faults.set(operation, [...(this.faults.get(operation) ?? []), error]);
  }

  /** The next call of `operation` waits until the returned function is called (or its signal aborts). */
  holdNext(operation: FakeOperation): () => void {
    let release = () => {};
    const held = new Promise<void>(resolve => {
      release = resolve;
    });
    this.holds.set(operation, [...(this.holds.get(operation) ?? []), held]);
    return release;
  }

  /** False: every call fails as `unreachable`. Going back to true gives one hint, as a reconnect does. */
  setReachable(reachable: boolean): void {
    const isBack = reachable && !this.reachable;
    this.reachable = reachable;
    if (isBack) this.hint();
  }

  /** The container's process ends by itself. */
  exit(id: string, exitCode: number, options: { readonly oomKilled?: boolean } = {}): void {
    const container = this.containers.get(id);
    if (container) this.end(container, { exitCode, oomKilled: options.oomKilled });
  }

  /** The kernel kills the container for want of memory. */
  killForMemory(id: string): void {
    this.exit(id, 137, { oomKilled: true });
  }

  /** Someone removes the container behind the agent's back. */
  vanish(id: string): void {
    if (this.containers.delete(id)) this.hint();
  }

  /** The engine (or the device) restarts: every running container has ended with exit code 255. */
  restartEngine(): void {
    for (const container of this.containers.values())
      if (container.state.kind === 'running') this.end(container, { exitCode: 255 });
    this.hint();
  }

  /** The container's program does this on SIGTERM, instead of ending with 143. */
  onTerm(id: string, react: () => void): void {
    const container = this.containers.get(id);
    if (container) container.onTerm = react;
  }

  /** Makes `stop` take its whole grace period, by the clock, and end in a kill. */
  ignoreTerm(id: string): void {
    this.onTerm(id, () => {});
  }

  setUsage(
    id: string,
    usage: { readonly cpuNanoseconds: number; readonly memoryBytes: number } | undefined,
  ): void {
    const container = this.containers.get(id);
    if (container) container.usage = usage;
  }

  /** The container writes files into its own layer. */
  writeLayer(id: string, bytes: number): void {
    const container = this.containers.get(id);
    if (container) container.layerBytes += bytes;
  }

  /** The container prints `text`, whole lines or a part of one. */
  writeLog(id: string, text: string, stream: 'stdout' | 'stderr' = 'stdout'): void {
    this.containers.get(id)?.lines.push({ stream, text, atMs: this.clock.nowMs() });
    this.hint();
  }

  /** What `list` would answer, without counting as a call and whether or not the engine is reachable. */
  snapshot(): readonly RuntimeContainer[] {
    return [...this.containers.values()].map(({ id, spec, state }) => ({
      id,
      labels: spec.labels,
      image: spec.image,
      imageId: this.localImages.find(spec.image)?.imageId ?? `sha256:${spec.image}`,
      state,
      ip:
        state.kind === 'running' && spec.network.kind === 'own'
          ? `172.17.0.${id.slice(id.lastIndexOf('-') + 1)}`
          : undefined,
    }));
  }

  /** What `images` would answer, in the same way. */
  imageSnapshot(): readonly LocalImage[] {
    return this.localImages.list(new Set(this.snapshot().map(({ imageId }) => imageId)));
  }

  /** The container of this name in the pod, with its latest attempt unless `attempt` names one; undefined when there is none. */
  find(podUid: string, container: string, attempt?: number): RuntimeContainer | undefined {
    return this.snapshot()
      .filter(({ labels }) => labels.podUid === podUid && labels.container === container)
      .filter(({ labels }) => attempt === undefined || labels.attempt === attempt)
      .sort((a, b) => b.labels.attempt - a.labels.attempt)[0];
  }

  /** What the container was created from; undefined when there is none of this id. */
  specOf(id: string): ContainerSpec | undefined {
    return this.containers.get(id)?.spec;
  }

  private async openProcess(
    operation: 'exec' | 'attach' | 'connect',
    id: string,
    signal: AbortSignal,
  ): Promise<FakeProcess> {
    await this.enter(operation, id, signal);
    const container = this.containers.get(id);
    if (!container) throw new RuntimeError(operation, 'not-found', `no such container: ${id}`);
    if (container.state.kind !== 'running')
      throw new RuntimeError(operation, 'conflict', `container ${id} is ${container.state.kind}`);
    return new FakeProcess(signal);
  }

  private async enter(operation: FakeOperation, subject: string, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.calls.push(`${operation} ${subject}`.trim());
    const held = this.holds.get(operation)?.shift();
    if (held) await untilAborted(held, signal);
    if (!this.reachable)
      throw new RuntimeError(operation, 'unreachable', 'the container engine does not answer');
    const fault = this.faults.get(operation)?.shift();
    if (fault) throw fault;
  }

  private end(
    container: FakeContainer,
    how: { readonly exitCode: number; readonly oomKilled?: boolean; readonly message?: string },
  ): void {
    const nowMs = this.clock.nowMs();
    const startedAtMs = container.state.kind === 'running' ? container.state.startedAtMs : nowMs;
    container.state = {
      kind: 'exited',
      exitCode: how.exitCode,
      oomKilled: how.oomKilled ?? false,
      startedAtMs,
      finishedAtMs: Math.max(startedAtMs, nowMs),
      message: how.message ?? '',
    };
    this.hint();
  }

  private checkJoined({ network }: ContainerSpec): void {
    if (network.kind !== 'container' || this.containers.get(network.id)?.state.kind === 'running') return;
    const message = `cannot join network of a non running container: ${network.id}`;
    throw new RuntimeError('start', 'conflict', message);
  }

  private hint(): void {
    for (const reader of this.readers) reader.hint();
  }
}

function untilAborted(held: Promise<void>, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
    held.then(resolve, reject);
  });
}

/** The port on a Docker engine, 20.10 to 29. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../shared/clock.ts';
import { errorCode } from '../../shared/error-code.ts';
import { openContainerPort } from './container-port.ts';
import {
  type AttachOptions,
  type ContainerLabels,
  type ContainerRuntime,
  type ContainerSpec,
  type ContainerUsage,
  type ExecOptions,
  type ImagePresence,
  type LocalImage,
  type LogChunk,
  type LogOptions,
  type RegistryCredentials,
  type RuntimeContainer,
  RuntimeError,
  type RuntimeInfo,
  type RuntimeStream,
} from './container-runtime.ts';
import {
  ContainerAnswer,
  CreateAnswer,
  ImageAnswer,
  InfoAnswer,
  ListAnswer,
  type ListedContainer,
  SizeAnswer,
} from './docker-answers.ts';
import { dockerChanges } from './docker-changes.ts';
import { DockerConnection, type DockerRequest } from './docker-connection.ts';
import { dockerCreateOptions, type EngineFeatures } from './docker-create-options.ts';
import { dockerImages, removeDockerImage } from './docker-images.ts';
import { type ContainerOwner, containerName, ownerFilter, parseDockerLabels } from './docker-labels.ts';
import { pullImage } from './docker-pull.ts';
import { makeSandboxImage } from './docker-sandbox-image.ts';
import { damagedContainer, imageIdOf, runtimeContainer } from './docker-state.ts';
import { dockerAttach, dockerExec } from './docker-streams.ts';
import { DockerUsage } from './docker-usage.ts';
import { ACT_TIMEOUT_MS, EVENTS_BACKOFF, INSPECT_CONCURRENCY, LOG_BYTES, STOP_SLACK_MS } from './limits.ts';
import { LogDemultiplexer } from './log-demultiplexer.ts';
import { canLowerOomScores } from './oom-score-right.ts';

export type DockerRuntimeOptions = {
  /** Containers of any other owner do not exist for this runtime. */
  readonly owner: ContainerOwner;
  readonly clock: Clock;
  /** Default `/var/run/docker.sock`. */
  readonly socketPath?: string;
  /** Of its output, a container keeps this much; LOG_BYTES without. */
  readonly logBytes?: number;
  /** Default Math.random; spreads reconnects. */
  readonly random?: () => number;
};

const UNKNOWN_ENGINE: EngineFeatures = {
  canLimitMemory: true,
  canLimitCpu: true,
  hasLocalLogDriver: false,
  canLowerOomScores: false,
};

/** Connects with the first call, and again after each loss; needs no closing. */
export class DockerRuntime implements ContainerRuntime {
  private readonly owner: ContainerOwner;
  private readonly clock: Clock;
  private readonly random: () => number;
  private readonly logBytes: number;
  private readonly connection: DockerConnection;
  private readonly usages: DockerUsage;
  /** Ids that were seen to be the owner's, so that acting on them needs no look. */
  private ownIds = new Set<string>();
  private engine: EngineFeatures | undefined;
  /** By container id: what the engine said when it could not start it. */
  private readonly failedStarts = new Map<string, string>();

  constructor(options: DockerRuntimeOptions) {
    this.owner = options.owner;
    this.clock = options.clock;
    this.random = options.random ?? Math.random;
    this.logBytes = options.logBytes ?? LOG_BYTES;
    this.connection = new DockerConnection({
      socketPath: options.socketPath ?? '/var/run/docker.sock',
      clock: options.clock,
    });
    this.usages = new DockerUsage(this.connection);
  }

  async info(signal?: AbortSignal): Promise<RuntimeInfo> {
    const request = { operation: 'info', method: 'GET', path: '/info' } as const;
    const answer = await this.connection.ask(request, InfoAnswer, signal);
    this.engine = {
      canLimitMemory: answer.MemoryLimit,
      canLimitCpu: answer.CpuCfsPeriod && answer.CpuCfsQuota,
      hasLocalLogDriver: answer.Plugins?.Log?.includes('local') ?? false,
      canLowerOomScores: await canLowerOomScores(),
    };
    const { apiVersion, engine } = await this.connection.peer(signal);
    return {
      name: engine,
      version: answer.ServerVersion,
      apiVersion,
      operatingSystem: answer.OperatingSystem,
      kernelVersion: answer.KernelVersion,
      architecture: answer.Architecture,
      cgroupVersion: answer.CgroupVersion === '2' ? '2' : '1',
      canLimitMemory: this.engine.canLimitMemory,
      canLimitCpu: this.engine.canLimitCpu,
      dataRoot: answer.DockerRootDir,
    };
  }

  async list(signal?: AbortSignal): Promise<readonly RuntimeContainer[]> {
    const filters = JSON.stringify({ label: ownerFilter(this.owner) });
    const listed = await this.connection.ask(
      { operation: 'list', method: 'GET', path: '/containers/json', query: { all: true, filters } },
      ListAnswer,
      signal,
    );
    const containers: RuntimeContainer[] = [];
    // The list tells neither exit codes nor times, so each container is looked at.
    const queue = listed[Symbol.iterator]();
    const inspectRest = async () => {
      for (const each of queue) {
        const container = await this.lookAt(each, signal);
        if (container) containers.push(container);
      }
    };
    await Promise.all(Array.from({ length: INSPECT_CONCURRENCY }, inspectRest));
    this.ownIds = new Set(containers.map(({ id }) => id));
    this.usages.keepOnly(this.ownIds);
    for (const id of this.failedStarts.keys()) if (!this.ownIds.has(id)) this.failedStarts.delete(id);
    return containers;
  }

  /** Undefined when it has gone meanwhile. One container that is damaged must not hide the others. */
  private async lookAt(listed: ListedContainer, signal?: AbortSignal): Promise<RuntimeContainer | undefined> {
    try {
      const own = await this.inspectOwn('list', listed.Id, signal);
      return own && runtimeContainer(own.answer, own.labels, this.failedStarts.get(listed.Id));
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.failure === 'unreachable') throw error;
      const labels = parseDockerLabels(this.owner, listed.Labels ?? {});
      return labels && damagedContainer(listed, labels, error.message);
    }
  }

  async image(reference: string, signal?: AbortSignal): Promise<ImagePresence | undefined> {
    const path = `/images/${reference.split('/').map(encodeURIComponent).join('/')}/json`;
    const answer = await unlessGone(
      this.connection.ask({ operation: 'image', method: 'GET', path }, ImageAnswer, signal),
    );
    return (
      answer && {
        imageId: imageIdOf(answer.Id),
        digests: answer.RepoDigests ?? [],
        sizeBytes: answer.Size,
        user: answer.Config?.User ?? '',
      }
    );
  }

  images(signal?: AbortSignal): Promise<readonly LocalImage[]> {
    return dockerImages(this.connection, signal);
  }

  async pull(
    reference: string,
    options?: { readonly credentials?: RegistryCredentials; readonly signal?: AbortSignal },
  ): Promise<void> {
    await pullImage({ connection: this.connection, clock: this.clock }, reference, options);
  }

  removeImage(image: Pick<LocalImage, 'id' | 'tags' | 'digests'>, signal?: AbortSignal): Promise<void> {
    return removeDockerImage(this.connection, image, signal);
  }

  async makeSandboxImage(signal?: AbortSignal): Promise<void> {
    const { architecture } = await this.info(signal);
    await makeSandboxImage(this.connection, architecture, signal);
  }

  async create(spec: ContainerSpec, signal?: AbortSignal): Promise<{ readonly id: string }> {
    if (!this.engine) await this.info(signal);
    const name = containerName(this.owner, spec.labels);
    const engine = this.engine ?? UNKNOWN_ENGINE;
    const facts = { ...engine, logBytes: this.logBytes };
    const request = {
      operation: 'create',
      method: 'POST',
      path: '/containers/create',
      query: { name },
      body: dockerCreateOptions(spec, this.owner, facts, await seccompProfile(spec)),
      timeoutMs: ACT_TIMEOUT_MS,
    } as const;
    try {
      const { Id: id } = await this.connection.ask(request, CreateAnswer, signal);
      this.ownIds.add(id);
      return { id };
    } catch (error) {
      if (!(error instanceof RuntimeError) || error.failure !== 'conflict') throw error;
      const existing = await this.inspectOwn('create', name, signal);
      if (!existing || !isSameContainer(existing.labels, spec.labels)) throw error;
      return { id: existing.answer.Id };
    }
  }

  async start(id: string, signal?: AbortSignal): Promise<void> {
    if (!(await this.isOwn('start', id, signal)))
      throw new RuntimeError('start', 'not-found', `no such container: ${id}`);
    const path = `/containers/${id}/start`;
    const request = { operation: 'start', method: 'POST', path, timeoutMs: ACT_TIMEOUT_MS } as const;
    try {
      await this.connection.send(request, signal);
      this.failedStarts.delete(id);
    } catch (error) {
      if (error instanceof RuntimeError && error.failure !== 'unreachable')
        this.failedStarts.set(id, error.message);
      throw error;
    }
  }

  async stop(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void> {
    if (!(await this.isOwn('stop', id, signal))) return;
    const request = {
      operation: 'stop',
      method: 'POST',
      path: `/containers/${id}/stop`,
      query: { t: graceSeconds },
      timeoutMs: graceSeconds * 1000 + STOP_SLACK_MS,
    } as const;
    await unlessGone(this.connection.send(request, signal));
  }

  async remove(id: string, signal?: AbortSignal): Promise<void> {
    if (!(await this.isOwn('remove', id, signal))) return;
    const { engine } = await this.connection.peer(signal);
    const call = { operation: 'remove', method: 'DELETE', timeoutMs: ACT_TIMEOUT_MS } as const;
    const query = { v: true, force: true };
    const request: DockerRequest =
      engine === 'podman'
        ? // Asked as Docker is, it waits out the grace period, and keeps a container whose network others have joined.
          { ...call, path: `/libpod/containers/${id}`, query: { ...query, timeout: 0, depend: true } }
        : { ...call, path: `/containers/${id}`, query };
    await unlessGone(this.connection.send(request, signal));
    this.ownIds.delete(id);
  }

  async *logs(id: string, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogChunk, void, void> {
    const own = await this.inspectOwn('logs', id, signal);
    if (!own) throw new RuntimeError('logs', 'not-found', `no such container: ${id}`);
    const { follow, timestamps, tailLines, sinceSeconds } = options;
    const query = {
      stdout: true,
      stderr: true,
      follow,
      timestamps,
      tail: tailLines ?? 'all',
      since: sinceSeconds === undefined ? 0 : Math.floor(this.clock.nowMs() / 1000) - sinceSeconds,
    };
    const request = { operation: 'logs', method: 'GET', path: `/containers/${id}/logs`, query } as const;
    const stream = await this.connection.open(request, signal);
    const frames = new LogDemultiplexer();
    try {
      for await (const piece of stream) {
        if (own.answer.Config.Tty) yield { stream: 'stdout', bytes: piece };
        else yield* frames.push(piece);
      }
    } catch (error) {
      if (!signal.aborted) throw this.connection.failureOf('logs', error);
    } finally {
      stream.destroy();
    }
  }

  async exec(id: string, options: ExecOptions, signal: AbortSignal): Promise<RuntimeStream> {
    await this.inspectRunning('exec', id, signal);
    return dockerExec({ connection: this.connection, clock: this.clock }, id, options, signal);
  }

  async attach(id: string, options: AttachOptions, signal: AbortSignal): Promise<RuntimeStream> {
    const { Tty: tty, OpenStdin: hasStdin } = (await this.inspectRunning('attach', id, signal)).Config;
    return dockerAttach(this.connection, { id, tty, hasStdin }, options, signal);
  }

  async connect(id: string, port: number, signal: AbortSignal): Promise<RuntimeStream> {
    const { State, NetworkSettings } = await this.inspectRunning('connect', id, signal);
    const networks = NetworkSettings.Networks ?? {};
    const ip = Object.values(networks).find(network => network.IPAddress)?.IPAddress;
    const network = { id, pid: State.Pid, isHost: 'host' in networks, ip };
    return openContainerPort(this.clock, network, port, signal);
  }

  async usage(id: string, signal?: AbortSignal): Promise<ContainerUsage | undefined> {
    const inspect = async () => (await this.inspectOwn('usage', id, signal))?.answer;
    return unlessGone(this.usages.read(id, inspect, signal));
  }

  async layerBytes(id: string, signal?: AbortSignal): Promise<number | undefined> {
    if (!(await this.isOwn('layerBytes', id, signal))) return undefined;
    const path = `/containers/${id}/json`;
    const request = { operation: 'layerBytes', method: 'GET', path, query: { size: true } } as const;
    return (await unlessGone(this.connection.ask(request, SizeAnswer, signal)))?.SizeRw;
  }

  changes(signal: AbortSignal): AsyncGenerator<void, void, void> {
    const deps = {
      connection: this.connection,
      clock: this.clock,
      random: this.random,
      backoff: EVENTS_BACKOFF,
    };
    return dockerChanges(deps, this.owner, signal);
  }

  private async isOwn(operation: string, id: string, signal?: AbortSignal): Promise<boolean> {
    return this.ownIds.has(id) || (await this.inspectOwn(operation, id, signal)) !== undefined;
  }

  private async inspectRunning(operation: string, id: string, signal: AbortSignal): Promise<ContainerAnswer> {
    const own = await this.inspectOwn(operation, id, signal);
    if (!own) throw new RuntimeError(operation, 'not-found', `no such container: ${id}`);
    if (own.answer.State.Status !== 'running')
      throw new RuntimeError(operation, 'conflict', `container ${id} is ${own.answer.State.Status}`);
    return own.answer;
  }

  /** Undefined when there is no such container, or it is someone else's. */
  private async inspectOwn(
    operation: string,
    idOrName: string,
    signal?: AbortSignal,
  ): Promise<{ readonly answer: ContainerAnswer; readonly labels: ContainerLabels } | undefined> {
    const path = `/containers/${encodeURIComponent(idOrName)}/json`;
    const answer = await unlessGone(
      this.connection.ask({ operation, method: 'GET', path }, ContainerAnswer, signal),
    );
    const labels = answer && parseDockerLabels(this.owner, answer.Config.Labels ?? {});
    return answer && labels && { answer, labels };
  }
}

/** Undefined when the engine says that what was asked for is not there. */
async function unlessGone<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (
      error instanceof RuntimeError &&
      (error.failure === 'not-found' || error.failure === 'image-not-found')
    )
      return undefined;
    throw error;
  }
}

async function seccompProfile({ seccomp }: ContainerSpec): Promise<string> {
  if (seccomp?.kind !== 'file') return '';
  try {
    return await readFile(seccomp.path, 'utf8');
  } catch (cause) {
    const message = `cannot load seccomp profile "${seccomp.path}": ${errorCode(cause) ?? String(cause)}`;
    throw new RuntimeError('create', 'invalid', message, { cause });
  }
}

function isSameContainer(a: ContainerLabels, b: ContainerLabels): boolean {
  return a.podUid === b.podUid && a.container === b.container && a.attempt === b.attempt;
}

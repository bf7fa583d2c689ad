/**
 * Containers as a port. The contract suite in test/contract/runtime.ts says the rest; it passes on Docker and on the fake.
 * Every method sees only containers of this agent's own (cluster, node): nothing else on the engine is listed or touched.
 */

/** How a container is bound to a pod; kept as labels on the container, so that they survive the agent. */
export type ContainerLabels = {
  readonly podUid: string;
  readonly podNamespace: string;
  readonly podName: string;
  readonly container: string;
  /** 0 for the first container of this name in the pod, then one more with each restart. */
  readonly attempt: number;
  /** Digest of the ContainerSpec that it was created from. */
  readonly specDigest: string;
  /** Ids of the attached devices that it holds; absent for none. */
  readonly devices?: readonly string[];
};

/** A file or folder of the device. Mounts that come later on either side are seen on the other only as `propagation` says. */
export type Mount = {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
  readonly propagation?: 'rslave' | 'rshared';
};

/** How names are looked up: the three parts of resolv.conf(5). */
export type Resolver = {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
};

/** The image of a pod's sandbox: its one program, `/pause`, waits for ever. Made on the device, never pulled. */
export const SANDBOX_IMAGE = 'pikelet.dev/pause:1';

/** A container, wholly resolved: no reference to any Kubernetes object is left. */
export type ContainerSpec = {
  readonly labels: ContainerLabels;
  readonly image: string;
  /** Replaces the image's entrypoint when not empty. */
  readonly command: readonly string[];
  /** Replaces the image's command when not empty, or when `command` is not. */
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly workingDir?: string;
  readonly hostname?: string;
  readonly domainname?: string;
  /** `host`, a network of its own, or that of another container, with its host name and its files of names. */
  readonly network:
    | { readonly kind: 'host' }
    | { readonly kind: 'own' }
    | { readonly kind: 'container'; readonly id: string };
  /** Processes that it sees; absent: its own alone. */
  readonly pid?: { readonly kind: 'host' } | { readonly kind: 'container'; readonly id: string };
  /** Shared memory, semaphores and queues; absent: its own alone. Only those of one that is `shareable` can be joined. */
  readonly ipc?:
    | { readonly kind: 'host' }
    | { readonly kind: 'shareable' }
    | { readonly kind: 'container'; readonly id: string };
  /** Takes the place of the device's; absent: as the device has it. */
  readonly dns?: Resolver;
  /** More lines of its /etc/hosts. */
  readonly hostAliases?: readonly { readonly ip: string; readonly name: string }[];
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly ports: readonly {
    readonly containerPort: number;
    readonly hostPort: number;
    readonly hostIp?: string;
    readonly protocol: 'TCP' | 'UDP';
  }[];
  readonly mounts: readonly Mount[];
  /** Files of attached devices, which it may read, write and make: where each is, and where it finds it. */
  readonly devices?: readonly { readonly source: string; readonly target: string }[];
  readonly cpuRequestMilli?: number;
  readonly cpuLimitMilli?: number;
  readonly memoryLimitBytes?: number;
  /** Added to the kernel's score of who is to end first when memory runs out, -1000 to 1000. */
  readonly oomScoreAdj?: number;
  readonly user?: string;
  /** Ids of groups that its processes are in beside the user's own. */
  readonly groups: readonly number[];
  readonly privileged: boolean;
  readonly readOnlyRootFilesystem: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  /** True when no program may give its process more rights than the one that starts it has. */
  readonly noNewPrivileges?: boolean;
  /** Absent: the engine's default. `file` is a profile on the device. */
  readonly seccomp?: { readonly kind: 'unconfined' } | { readonly kind: 'file'; readonly path: string };
  /** Name of a profile that the kernel holds, or `unconfined`; absent: the engine's default. */
  readonly appArmor?: string;
  /** True when no part of /proc and /sys is hidden or made read-only. */
  readonly unmaskedProc?: boolean;
  readonly stdin: boolean;
  /** True when stdin ends with the first who attached to it and left. */
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  /** Signal-to-kill time used when the engine itself stops the container. */
  readonly stopGraceSeconds: number;
};

export type ContainerState =
  | { readonly kind: 'created' }
  | { readonly kind: 'running'; readonly startedAtMs: number; readonly paused: boolean }
  | {
      readonly kind: 'exited';
      readonly exitCode: number;
      readonly oomKilled: boolean;
      /** Of creation, when it could not be started. */
      readonly startedAtMs: number;
      /** Never before `startedAtMs`. */
      readonly finishedAtMs: number;
      /** What the engine says of a failed start; empty otherwise. */
      readonly message: string;
    };

export type RuntimeContainer = {
  readonly id: string;
  readonly labels: ContainerLabels;
  readonly image: string;
  /** `sha256:…` of the image that it runs. */
  readonly imageId: string;
  readonly state: ContainerState;
  /** Address in its own network; absent in others and while it does not run. */
  readonly ip?: string;
};

/** What the engine is and can do. */
export type RuntimeInfo = {
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly operatingSystem: string;
  readonly kernelVersion: string;
  readonly architecture: string;
  readonly cgroupVersion: '1' | '2';
  /** False on a Pi whose memory cgroup is off: limits would silently do nothing. */
  readonly canLimitMemory: boolean;
  readonly canLimitCpu: boolean;
  /** Where the engine keeps images and containers, to watch its disk. */
  readonly dataRoot: string;
};

export type ImagePresence = {
  readonly imageId: string;
  readonly digests: readonly string[];
  readonly sizeBytes: number;
  /** `user[:group]`, by name or number, that its processes run as; empty for root. */
  readonly user: string;
};

/** An image on the device, whoever brought it. */
export type LocalImage = {
  /** `sha256:…` */
  readonly id: string;
  /** `name:tag` each; none for one that lost its tags. */
  readonly tags: readonly string[];
  /** `name@sha256:…` each, for what came from a registry. */
  readonly digests: readonly string[];
  /** With the layers that it shares with others. */
  readonly sizeBytes: number;
  /** True while any container on the engine, running or not, was made from it. */
  readonly isUsed: boolean;
};

/** What a registry is told, as Docker spells it. */
export type RegistryCredentials = {
  readonly username: string;
  readonly password: string;
  readonly serveraddress: string;
};

export type ContainerUsage = {
  readonly id: string;
  readonly cpuNanoseconds: number;
  readonly memoryBytes: number;
};

/** Why an operation failed, for decisions and for users. */
export type RuntimeFailure =
  | 'unreachable'
  | 'not-found'
  | 'conflict'
  | 'no-space'
  | 'image-not-found'
  | 'image-unauthorized'
  | 'registry-unreachable'
  | 'invalid'
  | 'other';

/** Thrown by every method below. `message` is the engine's own words, fit for a user. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly operation: string;
  readonly failure: RuntimeFailure;
  constructor(operation: string, failure: RuntimeFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.operation = operation;
    this.failure = failure;
  }
}

/** One piece of container output. */
export type LogChunk = { readonly stream: 'stdout' | 'stderr'; readonly bytes: Uint8Array };

export type LogOptions = {
  readonly follow: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  readonly sinceSeconds?: number;
};

export type ExecOptions = {
  readonly command: readonly string[];
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  /** stderr is then part of stdout. */
  readonly tty: boolean;
  /** Aborting kills the command's process group (SIGKILL) instead of hanging it up. */
  readonly killOnAbort?: boolean;
};

export type AttachOptions = Pick<ExecOptions, 'stdin' | 'stdout' | 'stderr'>;

/** Bytes both ways with a process or a socket. It ends with the `signal` that it was opened with. */
export interface RuntimeStream {
  /** In order, once. While its reader waits, whoever writes must wait. Ends quietly when aborted. Throws RuntimeError. */
  readonly output: AsyncIterable<LogChunk>;
  /** Resolves when the bytes are taken; while they are not, more must not be written. Rejects when nobody reads any more. */
  write(bytes: Uint8Array): Promise<void>;
  /** The process reads end of file; the connection is half closed. */
  endInput(): void;
  /** Of the process's terminal; has no meaning without one. Throws RuntimeError. */
  resize(size: { readonly columns: number; readonly rows: number }): Promise<void>;
  /** Asked for after the output has ended. Resolves when the process has; undefined when it is not known. Throws RuntimeError. */
  exitCode(): Promise<number | undefined>;
}

/** All calls end with RuntimeError `unreachable` when the engine does not answer in time, and reject when `signal` aborts. */
export interface ContainerRuntime {
  info(signal?: AbortSignal): Promise<RuntimeInfo>;
  /** All own containers, in whatever state. */
  list(signal?: AbortSignal): Promise<readonly RuntimeContainer[]>;
  image(reference: string, signal?: AbortSignal): Promise<ImagePresence | undefined>;
  /** Puts SANDBOX_IMAGE on the device, made for the engine's architecture. Throws RuntimeError `other` for an unknown one. */
  makeSandboxImage(signal?: AbortSignal): Promise<void>;
  /** All images on the engine. */
  images(signal?: AbortSignal): Promise<readonly LocalImage[]>;
  /**
   * Fetches the image; layers that are there stay, and a pull that is aborted or breaks off leaves those that it had
   * finished. Without credentials the registry is asked anonymously.
   */
  pull(
    reference: string,
    options?: { readonly credentials?: RegistryCredentials; readonly signal?: AbortSignal },
  ): Promise<void>;
  /** Removes all names of an image, and the image. Throws RuntimeError `conflict` when a container uses it; removing what is gone does nothing. */
  removeImage(image: Pick<LocalImage, 'id' | 'tags' | 'digests'>, signal?: AbortSignal): Promise<void>;
  /** Idempotent by (pod uid, container, attempt): answers the container that is there already. */
  create(spec: ContainerSpec, signal?: AbortSignal): Promise<{ readonly id: string }>;
  /** Starting what runs already does nothing. Fails for one that joins a container which does not run. */
  start(id: string, signal?: AbortSignal): Promise<void>;
  /** SIGTERM (or the image's stop signal), then SIGKILL after `graceSeconds`. Stopping what is stopped or gone does nothing. */
  stop(id: string, graceSeconds: number, signal?: AbortSignal): Promise<void>;
  /** Removes with its anonymous volumes, killing it when it still runs. Removing what is gone does nothing. */
  remove(id: string, signal?: AbortSignal): Promise<void>;
  /**
   * Output from the oldest kept on; ends when the container does (at once without `follow`), and quietly when `signal`
   * aborts. Breaking off the loop ends the stream.
   */
  logs(id: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogChunk>;
  /**
   * Runs a command in a running container, with its user, folder and environment. Aborting hangs the command up (SIGHUP
   * to its process group), where agent and engine share a kernel. A command that cannot be started prints the engine's
   * message and ends with 126 or 127. Throws RuntimeError `conflict` for a container that does not run.
   */
  exec(id: string, options: ExecOptions, signal: AbortSignal): Promise<RuntimeStream>;
  /**
   * The streams of a running container's own process from now on, as its spec made them: with a terminal or not, and with
   * input only where `stdin` was set; other input is dropped. Aborting leaves the process alone. Throws as `exec`.
   */
  attach(id: string, options: AttachOptions, signal: AbortSignal): Promise<RuntimeStream>;
  /**
   * A TCP connection into the network of a running container; what comes back is stdout. Throws RuntimeError `conflict`
   * for a container that does not run, `not-found` when nobody listens on the port.
   */
  connect(id: string, port: number, signal: AbortSignal): Promise<RuntimeStream>;
  /** What the container has used; absent for one that does not run. No process is started for it. */
  usage(id: string, signal?: AbortSignal): Promise<ContainerUsage | undefined>;
  /** Bytes that it wrote into its own layer; absent for one that is gone. The engine looks at each of the layer's files: to be asked seldom. */
  layerBytes(id: string, signal?: AbortSignal): Promise<number | undefined>;
  /**
   * Yields whenever an own container may have changed (started, died, was removed) and once after each connect to the
   * engine, the first too. A hint to look again, no more: hints that come while the reader is busy are one. Goes on
   * through engine restarts until aborted, and then ends quietly.
   */
  changes(signal: AbortSignal): AsyncIterable<void>;
}

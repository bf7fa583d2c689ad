/** What each kind of call reads and writes: output of a container, a command, a container's own process, a port of a pod. */
import type { AnyCall, LogsCall } from '../../shared/protocol/messages.ts';
import type {
  ContainerRuntime,
  LogChunk,
  RuntimeContainer,
  RuntimeStream,
} from '../runtime/container-runtime.ts';
import type { LogContainer } from '../sync/log-container.ts';
import { isSandbox } from '../sync/sandbox.ts';

export type CallSourceDeps = {
  readonly runtime: ContainerRuntime;
  readonly findLogContainer: (call: LogsCall) => LogContainer;
  /** All of this node's own, as last seen. */
  readonly containers: () => readonly RuntimeContainer[];
};

export type CallSource = {
  readonly output: AsyncIterable<LogChunk>;
  /** Absent for logs, which are only read. */
  readonly process?: RuntimeStream;
  readonly takesInput: boolean;
};

/** The call cannot be served, for a reason that its caller should read. */
export class CallRefusal extends Error {
  override readonly name = 'CallRefusal';
  readonly reason: 'NotFound' | 'BadRequest' | 'TooManyRequests';
  constructor(reason: CallRefusal['reason'], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** It ends with `signal`. Throws CallRefusal or RuntimeError. */
export async function openSource(
  deps: CallSourceDeps,
  call: AnyCall,
  signal: AbortSignal,
): Promise<CallSource> {
  const { runtime } = deps;
  switch (call.kind) {
    case 'logs':
      return { output: readLog(deps, call, signal), takesInput: false };
    case 'exec': {
      const { id } = runningContainer(deps, call.podUid, call.container);
      const process = await runtime.exec(id, call, signal);
      return { output: process.output, process, takesInput: call.stdin };
    }
    case 'attach': {
      const { id } = runningContainer(deps, call.podUid, call.container);
      const process = await runtime.attach(id, call, signal);
      return { output: process.output, process, takesInput: call.stdin };
    }
    case 'portForward': {
      const process = await runtime.connect(networkedContainer(deps, call.podUid).id, call.port, signal);
      return { output: process.output, process, takesInput: true };
    }
  }
}

async function* readLog(
  { runtime, findLogContainer }: CallSourceDeps,
  call: LogsCall,
  signal: AbortSignal,
): AsyncGenerator<LogChunk> {
  const found = findLogContainer(call);
  if (!found.ok) throw new CallRefusal(found.reason, found.message);
  let leftBytes = call.limitBytes ?? Number.POSITIVE_INFINITY;
  const { follow, timestamps, tailLines, sinceSeconds } = call;
  const options = { follow: follow && !call.previous, timestamps, tailLines, sinceSeconds };
  for await (const { bytes } of runtime.logs(found.id, options, signal)) {
    yield { stream: 'stdout', bytes: bytes.subarray(0, leftBytes) };
    leftBytes -= bytes.byteLength;
    if (leftBytes <= 0) return;
  }
}

function runningOf({ containers }: CallSourceDeps, podUid: string): RuntimeContainer[] {
  return containers().filter(({ labels, state }) => labels.podUid === podUid && state.kind === 'running');
}

/** The words are the kubelet's. */
function runningContainer(deps: CallSourceDeps, podUid: string, name: string): RuntimeContainer {
  const found = runningOf(deps, podUid).find(({ labels }) => labels.container === name);
  if (!found) throw new CallRefusal('NotFound', `container not found ("${name}")`);
  return found;
}

/** The one whose network the others share; on the host's network the sandbox, or any. */
function networkedContainer(deps: CallSourceDeps, podUid: string): RuntimeContainer {
  const running = runningOf(deps, podUid);
  const found = running.find(({ ip }) => ip !== undefined) ?? running.find(isSandbox) ?? running[0];
  if (!found) throw new CallRefusal('NotFound', 'no container of the pod is running');
  return found;
}

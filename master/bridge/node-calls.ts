/** The calls that are open on all nodes: how many each may have, whose frame is next, and what the loss of a node ends. */
import { randomBytes } from 'node:crypto';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { STREAMS_PER_NODE_MAX } from '../../shared/protocol/limits.ts';
import { type AnyCall, STREAM_CAPABILITY } from '../../shared/protocol/messages.ts';
import { NodeCall } from './node-call.ts';

export type NodeCallsDeps = {
  /** What the agent that is served understands; undefined while none is. */
  readonly capability: (node: string) => number | undefined;
  /** Resolves when the node's connection has taken the frame, or lost it; the node's loss ends the call. */
  readonly send: (node: string, id: string, payload: string | Uint8Array) => Promise<void>;
};

export type OpenCallInput<Call extends AnyCall> = {
  readonly node: string;
  readonly call: Call;
  /** Ends the call quietly. */
  readonly signal: AbortSignal;
};

/** The calls over one connection of a node, and the last frame that waits for its turn there. */
type Line = { readonly node: string; readonly calls: Map<string, NodeCall>; sending: Promise<void> };

export class NodeCalls {
  private readonly deps: NodeCallsDeps;
  private readonly nodes = new Map<string, Line>();

  constructor(deps: NodeCallsDeps) {
    this.deps = deps;
  }

  /** Throws ApiError: ServiceUnavailable, TooManyRequests, or BadRequest for an agent too old for the call. */
  open({ node, call, signal }: OpenCallInput<AnyCall>): NodeCall {
    this.requireNode(node, call);
    const line = this.lineOf(node);
    const id = randomBytes(12).toString('hex');
    const onAbort = () => opened.close();
    const opened = new NodeCall(
      {
        node,
        send: make => this.send(line, id, make),
        onEnded: () => {
          line.calls.delete(id);
          signal.removeEventListener('abort', onAbort);
        },
      },
      call,
    );
    line.calls.set(id, opened);
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    return opened;
  }

  /** Throws as `open` would now. */
  requireNode(node: string, { kind }: AnyCall): void {
    const capability = this.deps.capability(node);
    if (capability === undefined) throw offline(node);
    if (kind !== 'logs' && capability < STREAM_CAPABILITY) {
      const message = `the agent of node "${node}" is too old for ${NAMES[kind]}: install the version of the master there`;
      throw new ApiError('BadRequest', message);
    }
    const open = this.nodes.get(node)?.calls.size ?? 0;
    if (open >= STREAMS_PER_NODE_MAX) {
      throw new ApiError('TooManyRequests', `node "${node}" has ${open} streams open: close some first`);
    }
  }

  /** One frame of a node; one for a call that is not open says nothing. */
  receive(node: string, id: string, frame: Buffer): void {
    this.nodes.get(node)?.calls.get(id)?.receive(frame);
  }

  /** The connection that the node's calls ran over is no more. */
  lost(node: string): void {
    const lost = this.nodes.get(node);
    // What waits for its turn was meant for that connection.
    this.nodes.delete(node);
    for (const call of lost?.calls.values() ?? []) call.fail(offline(node));
  }

  private lineOf(node: string): Line {
    const known = this.nodes.get(node);
    if (known !== undefined) return known;
    const made: Line = { node, calls: new Map(), sending: Promise.resolve() };
    this.nodes.set(node, made);
    return made;
  }

  /** One frame at a time to each node, its calls in turn: what keeps the connection alive never waits behind more than one. */
  private send(line: Line, id: string, make: () => string | Uint8Array): Promise<void> {
    line.sending = line.sending.then(async () => {
      if (this.nodes.get(line.node) === line) await this.deps.send(line.node, id, make());
    });
    return line.sending;
  }
}

const NAMES = { exec: 'exec', attach: 'attach', portForward: 'port-forward' } as const;

function offline(node: string): ApiError {
  return new ApiError(
    'ServiceUnavailable',
    `node "${node}" is not connected: its pods can be reached when it is back (see "pikelet get nodes")`,
  );
}

/** Answers devices that want to become nodes: decides the name, makes the Node and its credential. */
import type { Logger } from 'pino';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { Node, Secret } from '../../shared/kubernetes/objects.ts';
import {
  type JoinAnswer,
  type JoinRequest,
  JoinRequestSchema,
  parseMessage,
} from '../../shared/protocol/messages.ts';
import {
  newNodePassword,
  nodeCredentialName,
  nodeCredentialOf,
  nodeCredentialSecret,
} from '../auth/node-credential.ts';
import { SYSTEM_NAMESPACE } from '../auth/secret-text.ts';
import type { Registry } from '../registry/registry.ts';
import type { ClusterView, LiveView } from '../watch/cluster-view.ts';
import { JOIN_HOLD_MS } from './limits.ts';

/** A DNS-1123 subdomain, no longer than the label `kubernetes.io/hostname` may be. */
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const NAME_MAX_LENGTH = 63;
/** Tries to find a free name among 26^5. */
const MAX_NAME_TRIES = 20;

export type JoinInput = {
  readonly request: JoinRequest;
  readonly view: ClusterView;
  /** A process speaks for this node now. */
  readonly isConnected: (node: string) => boolean;
  readonly nowMs: number;
  /** A new random name suffix at each call. */
  readonly suffix: () => string;
};

type Refusal = { readonly ok: false; readonly reason: string; readonly message: string };

/** The name that the device gets. Pure. A node that is not connected may be joined again: its card was flashed anew. */
export function joinName(input: JoinInput): { readonly ok: true; readonly name: string } | Refusal {
  const { request, view } = input;
  if (request.name === undefined) {
    for (let tries = 0; tries < MAX_NAME_TRIES; tries++) {
      const name = `node-${input.suffix()}`;
      if (view.get('Node', { name }) === undefined) return { ok: true, name };
    }
    return { ok: false, reason: 'NameTaken', message: 'no free node name was found: choose one with --name' };
  }
  const { name } = request;
  if (name.length > NAME_MAX_LENGTH || !NAME.test(name)) {
    return {
      ok: false,
      reason: 'InvalidName',
      message: `"${name.slice(0, NAME_MAX_LENGTH)}" is no node name: use up to ${NAME_MAX_LENGTH} of a-z, 0-9, "-" and ".", with a letter or digit at both ends`,
    };
  }
  const node = view.get('Node', { name });
  if (node !== undefined && isTaken(input, node)) {
    return {
      ok: false,
      reason: 'NameTaken',
      message: `a device is connected as node "${name}" already: choose another --name, or run "pikelet delete node ${name}" first`,
    };
  }
  return { ok: true, name };
}

function isTaken({ request, view, isConnected, nowMs }: JoinInput, node: Node): boolean {
  const { name } = node.metadata;
  if (isConnected(name)) return true;
  const credential = nodeCredentialOf(view, name);
  if (credential === undefined) return false;
  const isOfThisDevice = credential.deviceId === request.deviceId;
  // Just after the master's start nobody has come back yet, and the store knows better.
  const isReady = node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  if (isReady === true && !isOfThisDevice) return true;
  return !isOfThisDevice && nowMs - credential.issuedAtMs < JOIN_HOLD_MS;
}

export type JoinDeps = {
  readonly view: LiveView;
  readonly registry: Registry;
  readonly logger: Logger;
  /** Told to the device, which then knows whose its containers are. */
  readonly cluster: string;
  readonly isConnected: (node: string) => boolean;
  readonly nowMs: () => number;
  readonly suffix: () => string;
};

/** Answers one request; one at a time, for each decides on what the one before wrote. Never throws. */
export async function answerJoin(
  deps: JoinDeps,
  payload: Uint8Array,
  signal: AbortSignal,
): Promise<JoinAnswer> {
  const parsed = parseMessage(JoinRequestSchema, payload);
  if (!parsed.ok) return { ok: false, reason: 'BadRequest', message: `join request: ${parsed.reason}` };
  const { view, isConnected, suffix } = deps;
  const request = parsed.message;
  const named = joinName({ request, view, isConnected, suffix, nowMs: deps.nowMs() });
  if (!named.ok) {
    deps.logger.warn({ node: request.name, reason: named.reason }, 'join refused');
    return named;
  }
  try {
    const password = await makeNode(deps, { name: named.name, deviceId: request.deviceId }, signal);
    deps.logger.info({ node: named.name }, 'device joined');
    return { ok: true, node: named.name, password, cluster: deps.cluster };
  } catch (err) {
    deps.logger.warn({ err, node: named.name }, 'join failed');
    const message = err instanceof ApiError ? err.message : 'the master could not write: see its log';
    return { ok: false, reason: 'Unavailable', message };
  }
}

/** Makes or takes over the Node and gives it a new password, which makes every older one useless. */
async function makeNode(
  { view, registry, nowMs }: JoinDeps,
  device: { readonly name: string; readonly deviceId: string },
  signal: AbortSignal,
): Promise<string> {
  const { name, deviceId } = device;
  const labels = { 'kubernetes.io/hostname': name };
  const node =
    view.get('Node', { name }) ??
    (await registry.create('Node', { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: {} }));
  const password = newNodePassword();
  const wanted = nodeCredentialSecret(node, password, { deviceId, issuedAtMs: nowMs() });
  const stored = view.get('Secret', { namespace: SYSTEM_NAMESPACE, name: nodeCredentialName(name) });
  const written: Secret =
    stored === undefined
      ? await registry.create('Secret', wanted)
      : await registry.update('Secret', {
          ...stored,
          metadata: { ...stored.metadata, ownerReferences: wanted.metadata.ownerReferences },
          data: wanted.data,
        });
  // The device comes back with its password at once, and the broker looks for it in the view.
  await view.waitFor(Number(written.metadata.resourceVersion), signal);
  return password;
}

/**
 * The bridge: store ⇄ MQTT. It turns the view's changes into desired sets, and what nodes say into status; it owns no
 * state that a restart would miss.
 */

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { nameSuffix } from '../../shared/kubernetes/name-suffix.ts';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { claimNamesOf, homeOf } from '../../shared/kubernetes/volumes.ts';
import type { StreamCall } from '../../shared/protocol/messages.ts';
import { topics } from '../../shared/protocol/topics.ts';
import { NODE_CREDENTIAL_TYPE, nodeCredentialName } from '../auth/node-credential.ts';
import { secretText } from '../auth/secret-text.ts';
import type { ViewChange } from '../watch/cluster-view.ts';
import type { UsageReader } from '../watch/usage-reader.ts';
import { createAwakeClock } from './awake-clock.ts';
import { createJoinQueue } from './join-queue.ts';
import { RECONNECT_GRACE_MS, STALL_SLACK_MS, TICK_MS } from './limits.ts';
import { LivenessTable } from './liveness.ts';
import { type OpenLogsInput, openLogs } from './log-streams.ts';
import { type BridgePorts, NodeBridge } from './node-bridge.ts';
import type { NodeCall } from './node-call.ts';
import { NodeCalls, type OpenCallInput } from './node-calls.ts';
import { referencesOf } from './references.ts';

export type BridgeDeps = BridgePorts & {
  /** How long after its start the bridge waits for nodes to come back; RECONNECT_GRACE_MS without. */
  readonly reconnectGraceMs?: number;
};

export interface Bridge {
  readonly liveness: UsageReader;
  /** See log-streams. Throws ApiError. */
  openLogs(input: OpenLogsInput): AsyncIterable<Uint8Array>;
  /** Exec, attach and port-forward. See NodeCalls.open. Throws ApiError. */
  openStream(input: OpenCallInput<StreamCall>): NodeCall;
  /** True while a process speaks for the node. */
  isConnected(node: string): boolean;
  /** Resolves when nothing is being written or published. */
  idle(): Promise<void>;
  /** Resolves after the abort, when the last write has ended. */
  readonly stopped: Promise<void>;
}

/** Starts at once; `signal` stops it. */
export function startBridge(deps: BridgeDeps, signal: AbortSignal): Bridge {
  const { view, broker, clock, logger } = deps;
  const awake = createAwakeClock({ tickMs: TICK_MS, slackMs: STALL_SLACK_MS });
  const awakeMs = () => awake.readMs(clock.monotonicMs());
  const unknownUntilMs = awakeMs() + (deps.reconnectGraceMs ?? RECONNECT_GRACE_MS);
  const liveness = new LivenessTable();
  const isConnected = (node: string) => nodes.get(node)?.isConnected === true;
  const calls = new NodeCalls({
    capability: node => nodes.get(node)?.capability,
    send: (node, id, payload) =>
      broker
        .publish(topics.call(node, id), payload, { qos: 0, retain: false })
        .catch((err: unknown) => logger.debug({ err, node }, 'call not sent')),
  });
  const nodeDeps = { ...deps, cache: new WeakMap(), liveness, calls, awakeMs };
  const nodes = new Map<string, NodeBridge>();
  for (const { metadata } of view.list('Node')) ensureNode(metadata.name);

  function ensureNode(node: string): NodeBridge {
    const known = nodes.get(node);
    if (known !== undefined) return known;
    const made = new NodeBridge(nodeDeps, node, { unknownUntilMs, signal });
    nodes.set(node, made);
    return made;
  }

  function forgetNode(node: string): void {
    nodes.delete(node);
    liveness.forget(node);
    calls.lost(node);
    broker.serve(node, undefined);
    broker.disconnect(node);
    broker
      .publish(topics.desired(node), '', { qos: 1, retain: true }) // Empty: nothing is retained [MQTT-3.3.1-10].
      .catch((err: unknown) => logger.debug({ err, node }, 'retained set not cleared'));
  }

  function onViewChange(change: ViewChange): void {
    switch (change.kind) {
      case 'Node':
        if (change.after === undefined) forgetNode(change.before?.metadata.name ?? '');
        else ensureNode(change.after.metadata.name).status.wakeNode();
        return;
      case 'Pod':
        wakeNodesOf([change.before, change.after]);
        return;
      case 'Secret':
        disconnectIfRevoked(change.before, change.after);
        wakeUsers('secrets', change.after ?? change.before);
        return;
      case 'ConfigMap':
        wakeUsers('configMaps', change.after ?? change.before);
        return;
      case 'PersistentVolumeClaim':
        wakeClaimants((change.after ?? change.before)?.metadata);
        return;
      case 'PersistentVolume': {
        const volume = change.after ?? change.before;
        wakeClaimants(volume?.spec?.claimRef);
        nodes.get((volume && homeOf(volume)) ?? '')?.desired.wake();
      }
    }
  }

  function wakeNodesOf(pods: readonly (Pod | undefined)[]): void {
    for (const pod of pods) if (pod?.spec.nodeName) nodes.get(pod.spec.nodeName)?.desired.wake();
  }

  function wakeUsers(
    kind: 'configMaps' | 'secrets',
    object: { metadata: Pod['metadata'] } | undefined,
  ): void {
    if (object === undefined) return;
    const { namespace, name } = object.metadata;
    wakeNodesOf(view.list('Pod', namespace).filter(pod => referencesOf(pod)[kind].includes(name)));
  }

  function wakeClaimants(claim: { readonly namespace?: string; readonly name?: string } | undefined): void {
    const { namespace, name } = claim ?? {};
    if (name === undefined) return;
    wakeNodesOf(view.list('Pod', namespace).filter(pod => claimNamesOf(pod).includes(name)));
  }

  const stopViewing = view.onChange(onViewChange);
  const joins = createJoinQueue(
    { ...deps, isConnected, suffix: () => nameSuffix(randomInt), nowMs: () => clock.nowMs() },
    signal,
  );
  const stopListening = broker.listen({
    connected: ({ node, connection }) => ensureNode(node).connected(connection),
    activity: ({ node, connection }) => nodes.get(node)?.activity(connection),
    message: ({ node, connection }, topic, payload) => nodes.get(node)?.message(connection, topic, payload),
    gone: ({ node, connection }) => nodes.get(node)?.gone(connection),
    joinRequest: joins.take,
  });

  function disconnectIfRevoked(before: SecretLike | undefined, after: SecretLike | undefined): void {
    if (before?.type !== NODE_CREDENTIAL_TYPE) return;
    if (after !== undefined && secretText(after, 'sha256') === secretText(before, 'sha256')) return;
    const node = before.metadata.name.slice(nodeCredentialName('').length);
    logger.info({ node }, 'credential of a node was revoked');
    broker.disconnect(node);
  }

  let cancelTick = () => {};
  function tick(): void {
    const nowMs = awakeMs();
    const links = [...nodes.values()].flatMap(node => node.servedLink ?? []);
    for (const node of nodes.values()) node.tick(nowMs, links);
    cancelTick = clock.after(TICK_MS, tick);
  }
  tick();

  async function idle(): Promise<void> {
    await joins.idle();
    for (const { desired, status } of nodes.values()) await Promise.all([desired.idle(), status.idle()]);
  }

  async function stop(): Promise<void> {
    if (!signal.aborted) await once(signal, 'abort');
    cancelTick();
    stopViewing();
    stopListening();
    await idle();
  }

  return {
    liveness,
    openLogs: input => openLogs({ clock, calls }, input),
    openStream: input => calls.open(input),
    isConnected,
    idle,
    stopped: stop(),
  };
}

type SecretLike = Parameters<typeof secretText>[0];

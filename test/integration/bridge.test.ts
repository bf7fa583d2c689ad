import { generateKeyPairSync, randomUUID } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { verifyJoinToken } from '../../master/auth/join-token.ts';
import { verifyNodePassword } from '../../master/auth/node-credential.ts';
import { ServiceAccountTokens } from '../../master/auth/service-account/tokens.ts';
import { type Bridge, startBridge } from '../../master/bridge/loop.ts';
import { type Broker, startBroker } from '../../master/broker/broker.ts';
import { systemClock } from '../../shared/clock.ts';
import { bootstrapTokenSecret } from '../../shared/kubernetes/bootstrap-token.ts';
import type { PodStatus } from '../../shared/kubernetes/objects.ts';
import {
  type Desired,
  type Documents,
  INPUT_FRAME,
  type IssuedToken,
  type JoinAnswer,
  type PodReport,
  type StreamCall,
} from '../../shared/protocol/messages.ts';
import { agentSubscriptions, topics } from '../../shared/protocol/topics.ts';
import { type MemoryCluster, startMemoryCluster } from '../support/memory-cluster.ts';

const TOKEN = 'abcdef.0123456789abcdef';
const logger = pino({ level: 'silent' });
let stop: AbortController;
let cluster: MemoryCluster;
let view: MemoryCluster['cache'];
let registry: MemoryCluster['registry'];
let broker: Broker;
let bridge: Bridge;
let tokens: ServiceAccountTokens;
let events: string[];
const agents: TestAgent[] = [];

beforeEach(async () => {
  cluster = await startMemoryCluster();
  ({ cache: view, registry } = cluster);
  await registry.create('Secret', bootstrapTokenSecret({ token: TOKEN, description: 'test' }));
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  tokens = new ServiceAccountTokens({ privateKey, publicKey, keyId: 'test' }, systemClock, randomUUID);
  await startMaster();
});

afterEach(async () => {
  for (const agent of agents.splice(0)) agent.stop();
  await stopMaster();
  await cluster.stop();
});

async function startMaster(): Promise<void> {
  stop = new AbortController();
  events = [];
  broker = await startBroker(
    {
      listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
      verifyNode: (node, password) => verifyNodePassword(view, node, password),
      verifyJoinToken: token => verifyJoinToken(view, token, systemClock.nowMs()),
      clock: systemClock,
      logger,
    },
    stop.signal,
  );
  bridge = startBridge(
    {
      view,
      registry,
      broker,
      tokens,
      clock: systemClock,
      logger,
      cluster: 'cluster-uid',
      incarnation: 1,
      recordEvent: ({ about, reason }) => void events.push(`${about.kind} ${about.name} ${reason}`),
      reconnectGraceMs: 400,
    },
    stop.signal,
  );
}

async function stopMaster(): Promise<void> {
  stop.abort();
  await Promise.all([bridge.stopped, broker.closed]);
}

const url = () => `mqtt://127.0.0.1:${broker.addresses[0]?.port}`;
const parse = <T>(payload: Buffer): T => JSON.parse(payload.toString());

async function join(name: string | undefined, deviceId = `device-of-${name}`): Promise<JoinAnswer> {
  const clientId = `join-${Math.random().toString(36).slice(2)}`;
  const client = await mqtt.connectAsync(url(), {
    username: 'join',
    password: TOKEN,
    clientId,
    reconnectPeriod: 0,
  });
  const answer = new Promise<JoinAnswer>(resolve => {
    client.once('message', (_topic, payload) => resolve(parse(payload)));
  });
  await client.subscribeAsync(topics.joinAnswer(clientId), { qos: 1 });
  await client.publishAsync(topics.joinRequest(clientId), JSON.stringify({ name, deviceId, capability: 1 }), {
    qos: 1,
  });
  const said = await answer;
  client.end(true);
  return said;
}

/** A hand-driven agent: it says only what a test makes it say, but for heartbeats. */
class TestAgent {
  readonly sets: Desired[] = [];
  readonly documents: Documents['documents'][number][] = [];
  readonly tokens: IssuedToken[] = [];
  readonly calls: { id: string; message: unknown }[] = [];
  private sequence = 0;
  private beats: NodeJS.Timeout | undefined;
  private constructor(
    readonly client: MqttClient,
    readonly node: string,
    readonly epoch: string,
  ) {}

  static async start(node: string, password: string, epoch = 'epoch-1', capability = 1): Promise<TestAgent> {
    const session = (state: string) => JSON.stringify({ epoch, state, capability });
    const client = await mqtt.connectAsync(url(), {
      username: `node:${node}`,
      password,
      reconnectPeriod: 0,
      keepalive: 30,
      will: { topic: topics.session(node), payload: Buffer.from(session('offline')), qos: 1, retain: true },
    });
    client.on('error', () => {});
    const agent = new TestAgent(client, node, epoch);
    agents.push(agent);
    client.on('message', (topic, payload) => agent.take(topic, payload));
    await client.subscribeAsync(agentSubscriptions(node), { qos: 1 });
    await client.publishAsync(topics.session(node), session('online'), { qos: 1, retain: true });
    agent.beat();
    return agent;
  }

  private take(topic: string, payload: Buffer): void {
    if (topic === topics.desired(this.node)) this.sets.push(parse(payload));
    else if (topic === topics.documents(this.node)) {
      const message = parse<Documents>(payload);
      this.documents.push(...message.documents);
      this.tokens.push(...(message.tokens ?? []));
    } else {
      const id = topic.split('/').at(-1) ?? '';
      const isInput = payload[0] === INPUT_FRAME;
      this.calls.push({ id, message: isInput ? payload.subarray(1).toString() : parse(payload) });
    }
  }

  beat(usage?: object): void {
    const say = (more: object) =>
      this.client.publish(
        topics.heartbeat(this.node),
        JSON.stringify({ epoch: this.epoch, sequence: 1, ...more }),
      );
    say({ usage });
    clearInterval(this.beats);
    this.beats = setInterval(say, 1000, {});
  }

  async report(pods: readonly PodReport[], more: object = {}): Promise<void> {
    const text = JSON.stringify({
      epoch: this.epoch,
      sequence: ++this.sequence,
      clockMs: Date.now(),
      full: false,
      pods,
      ...more,
    });
    await this.client.publishAsync(topics.report(this.node), text, { qos: 1 });
  }

  reportNode(conditions: object[] = []): Promise<void> {
    return this.report([], {
      full: true,
      node: {
        labels: { 'kubernetes.io/arch': 'arm64' },
        capacity: { cpu: '4', memory: '8Gi', pods: '110' },
        allocatable: { cpu: '4', memory: '7Gi', pods: '110' },
        nodeInfo: { architecture: 'arm64' },
        addresses: [{ type: 'InternalIP', address: '10.0.0.5' }],
        conditions,
      },
    });
  }

  fallSilent(): void {
    clearInterval(this.beats);
  }

  kill(): void {
    this.fallSilent();
    this.client.stream.destroy();
  }

  stop(): void {
    this.fallSilent();
    this.client.end(true);
  }
}

async function joined(name: string): Promise<{ node: string; password: string }> {
  const answer = await join(name);
  if (!answer.ok) throw new Error(answer.message);
  return answer;
}

async function readyNode(name: string, capability = 1): Promise<TestAgent> {
  const { node, password } = await joined(name);
  const agent = await TestAgent.start(node, password, 'epoch-1', capability);
  await agent.reportNode();
  await expect.poll(() => ready(name)).toBe('True');
  return agent;
}

function conditionOf(node: string, type: string) {
  return view.get('Node', { name: node })?.status?.conditions?.find(condition => condition.type === type);
}
const ready = (node: string) => conditionOf(node, 'Ready')?.status;

/** Every write after `revision`, as `Kind name`. */
function writesSince(revision: number): string[] | undefined {
  const changes = view.history.after(revision);
  return changes?.map(({ kind, before, after }) => `${kind} ${(after ?? before)?.metadata.name}`);
}

async function bindPod(name: string, nodeName: string, spec: object = {}) {
  return await registry.create('Pod', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName, containers: [{ name: 'main', image: 'img' }], ...spec },
  });
}

const RUNNING: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

describe('joining', () => {
  test('makes the Node and a credential that works; the name is taken while it is connected', async () => {
    await readyNode('pi-1');
    expect(await join('pi-1', 'another')).toMatchObject({ ok: false, reason: 'NameTaken' });
    expect(view.get('Node', { name: 'pi-1' })?.metadata.labels).toEqual({
      'kubernetes.io/hostname': 'pi-1',
      'kubernetes.io/arch': 'arm64',
    });
  });

  test('makes a name when none is wanted, and refuses one that is none', async () => {
    expect(await join(undefined)).toMatchObject({
      ok: true,
      node: expect.stringMatching(/^node-[a-z0-9]{5}$/),
    });
    expect(await join('Pi_1')).toMatchObject({ ok: false, reason: 'InvalidName' });
  });

  test('a card flashed again takes its node over, and the old credential stops working', async () => {
    const first = await joined('pi-1');
    const second = await joined('pi-1');
    await expect(TestAgent.start('pi-1', first.password)).rejects.toThrow();
    await TestAgent.start('pi-1', second.password);
    expect(view.list('Node')).toHaveLength(1);
  });

  test('deleting the node puts it out and revokes its credential', async () => {
    const { password } = await joined('pi-1');
    const agent = await TestAgent.start('pi-1', password);
    const closed = new Promise<void>(resolve => agent.client.once('close', resolve));
    await registry.delete('Node', { name: 'pi-1' });
    await closed;
    await expect(TestAgent.start('pi-1', password)).rejects.toThrow();
  });
});

describe('desired sets', () => {
  test('documents come first, then the index, and only what this process has not had', async () => {
    const agent = await readyNode('pi-1');
    await expect.poll(() => agent.sets.at(-1)?.pods).toEqual([]);
    const pod = await bindPod('web', 'pi-1');
    await expect.poll(() => agent.sets.at(-1)?.pods.map(({ uid }) => uid)).toEqual([pod.metadata.uid]);
    expect(agent.documents.map(({ document }) => document.name)).toEqual(['web']);
    await bindPod('db', 'pi-1');
    await expect.poll(() => agent.sets.at(-1)?.pods).toHaveLength(2);
    expect(agent.documents.map(({ document }) => document.name)).toEqual(['web', 'db']);
    const generations = agent.sets.map(({ generation }) => generation);
    expect(generations).toEqual(generations.toSorted((a, b) => a - b));
    expect(agent.sets.at(-1)).toMatchObject({ cluster: 'cluster-uid', incarnation: 1, epoch: 'epoch-1' });
  });

  test('a node gets the secrets of its own pods, and nothing of another node', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', data: { password: 'aHVudGVyMg==' } };
    for (const name of ['used', 'unused']) {
      await registry.create('Secret', { ...secret, metadata: { namespace: 'default', name } });
    }
    const [mine, other] = [await readyNode('pi-1'), await readyNode('pi-2')];
    const envFrom = [{ secretRef: { name: 'used' } }];
    await bindPod('web', 'pi-1', { containers: [{ name: 'main', image: 'img', envFrom }] });
    await expect.poll(() => mine.documents[0]?.document.secrets).toEqual({ used: { data: secret.data } });
    // It knows the digest, and asks for what is not its own.
    const request = { epoch: other.epoch, documents: [mine.documents[0]?.digest] };
    await other.client.publishAsync(topics.requests('pi-2'), JSON.stringify(request), { qos: 1 });
    await bindPod('db', 'pi-2');
    await expect.poll(() => other.sets.at(-1)?.pods).toHaveLength(1);
    expect(other.documents.map(({ document }) => document.name)).toEqual(['db']);
  });

  test('a node gets the tokens that volumes of its own pods ask for, and no others', async () => {
    const metadata = { namespace: 'default', name: 'default' };
    await registry.create('ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    const [mine, other] = [await readyNode('pi-1'), await readyNode('pi-2')];
    const { uid } = (await bindPod('web', 'pi-1')).metadata;
    const ask = async (agent: TestAgent, more: object = {}) => {
      const token = { podUid: uid, audience: '', expirationSeconds: 3607, ...more };
      const request = JSON.stringify({ epoch: agent.epoch, documents: [], tokens: [token] });
      const count = agent.tokens.length;
      await agent.client.publishAsync(topics.requests(agent.node), request, { qos: 1 });
      await expect.poll(() => agent.tokens.length).toBe(count + 1);
      return agent.tokens.at(-1);
    };
    const issued = await ask(mine);
    expect(issued).toMatchObject({ podUid: uid, validSeconds: 3607, token: expect.any(String) });
    const identity = tokens.verify(view, issued?.token ?? '')?.identity;
    expect(identity).toMatchObject({
      user: 'system:serviceaccount:default:default',
      extra: { 'authentication.kubernetes.io/node-name': ['pi-1'] },
    });
    expect(await ask(other)).toMatchObject({ error: 'no such pod on this node' });
    for (const more of [{ audience: 'vault' }, { expirationSeconds: 1e6 }])
      expect(await ask(mine, more)).toMatchObject({ error: 'no volume of the pod asks for this token' });
    for (const agent of [mine, other])
      expect(JSON.stringify(agent.documents)).not.toContain(issued?.token ?? 'no token');
    await registry.delete('Pod', { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
    await expect.poll(() => tokens.verify(view, issued?.token ?? '')).toBeUndefined();
  });

  test('a changed ConfigMap brings a new document', async () => {
    const config = await registry.create('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: 'settings' },
      data: { colour: 'red' },
    });
    const agent = await readyNode('pi-1');
    await bindPod('web', 'pi-1', { volumes: [{ name: 'v', configMap: { name: 'settings' } }] });
    await expect.poll(() => agent.documents).toHaveLength(1);
    await registry.update('ConfigMap', { ...config, data: { colour: 'blue' } });
    await expect
      .poll(() => agent.documents.at(-1)?.document.configMaps.settings?.data)
      .toEqual({ colour: 'blue' });
  });

  test('a missed document is sent again when the agent asks', async () => {
    const agent = await readyNode('pi-1');
    await bindPod('web', 'pi-1');
    await expect.poll(() => agent.documents).toHaveLength(1);
    const request = { epoch: agent.epoch, documents: [agent.documents[0]?.digest] };
    await agent.client.publishAsync(topics.requests('pi-1'), JSON.stringify(request), { qos: 1 });
    await expect.poll(() => agent.documents).toHaveLength(2);
  });

  test('a pod that no message can carry is left out, with an event', async () => {
    const agent = await readyNode('pi-1');
    const data = { blob: 'x'.repeat(1024 * 1024) };
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) {
      const metadata = { namespace: 'default', name };
      await registry.create('ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    }
    await bindPod('huge', 'pi-1', { volumes: names.map(name => ({ name, configMap: { name } })) });
    await bindPod('small', 'pi-1');
    await expect
      .poll(() => agent.documents.map(({ document }) => document.name), { timeout: 10_000 })
      .toEqual(['small']);
    expect(events).toEqual(['Pod huge PodTooLarge']);
  });
});

describe('reports', () => {
  test('a pod runs, is deleted, and is gone', async () => {
    const agent = await readyNode('pi-1');
    const { uid } = (await bindPod('web', 'pi-1')).metadata;
    await agent.report([{ uid, status: RUNNING }], {
      events: [{ podUid: uid, type: 'Normal', reason: 'Started', message: 'x' }],
    });
    const ref = { namespace: 'default', name: 'web' };
    await expect.poll(() => view.get('Pod', ref)?.status?.phase).toBe('Running');
    expect(events).toEqual(['Pod web Started']);
    await agent.report([{ uid, status: RUNNING, gone: true }]);
    await registry.delete('Pod', ref);
    await expect.poll(() => agent.sets.at(-1)?.pods[0]?.terminateWithinSeconds).toBe(30);
    await agent.report([{ uid, status: RUNNING, gone: true }]);
    await expect.poll(() => view.get('Pod', ref)).toBeUndefined();
    await expect.poll(() => agent.sets.at(-1)?.pods).toEqual([]);
  });

  test('a node cannot speak of the pods of another', async () => {
    const agent = await readyNode('pi-1');
    const foreign = await bindPod('web', 'pi-2');
    const { uid } = foreign.metadata;
    const own = (await bindPod('own', 'pi-1')).metadata;
    await agent.report([
      { uid, status: RUNNING },
      { uid: own.uid, status: RUNNING },
    ]);
    await expect
      .poll(() => view.get('Pod', { namespace: 'default', name: 'own' })?.status?.phase)
      .toBe('Running');
    expect(view.get('Pod', { namespace: 'default', name: 'web' })?.status).toEqual(foreign.status);
  });

  test('the agent says why it cannot run pods', async () => {
    const agent = await readyNode('pi-1');
    const message = 'no Docker Engine answers: apt-get install docker.io';
    await agent.reportNode([{ type: 'Ready', status: 'False', reason: 'RuntimeUnreachable', message }]);
    await expect.poll(() => conditionOf('pi-1', 'Ready')).toMatchObject({ status: 'False', message });
  });

  test('heartbeats write nothing, and are known', async () => {
    const agent = await readyNode('pi-1');
    await bridge.idle();
    const { revision } = view;
    agent.beat({ cpuMilli: 250, memoryBytes: 1e9, temperatureMilliCelsius: 51_000 });
    await expect.poll(() => bridge.liveness.usageOf('pi-1')?.temperatureMilliCelsius).toBe(51_000);
    agent.beat();
    await agent.reportNode();
    await bridge.idle();
    expect(bridge.liveness.usageOf('pi-1')?.cpuMilli).toBe(250);
    expect(writesSince(revision)).toEqual([]);
  });
});

describe('losing and finding nodes', () => {
  test('a closed connection is noticed at once; the same process comes back at once', async () => {
    const { password } = await joined('pi-1');
    const agent = await TestAgent.start('pi-1', password);
    await agent.reportNode();
    await expect.poll(() => ready('pi-1')).toBe('True');
    agent.kill();
    await expect
      .poll(() => conditionOf('pi-1', 'Ready'))
      .toMatchObject({
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'agent stopped posting heartbeats',
      });
    await TestAgent.start('pi-1', password);
    await expect.poll(() => ready('pi-1')).toBe('True');
  });

  test('a silent node is noticed, and is back with its next heartbeat', async () => {
    const agent = await readyNode('pi-1');
    agent.fallSilent();
    await expect.poll(() => ready('pi-1'), { timeout: 10_000 }).toBe('Unknown');
    agent.beat();
    await expect.poll(() => ready('pi-1')).toBe('True');
  });

  test('a second connection of the same process replaces the first without a loss', async () => {
    const { password } = await joined('pi-1');
    const first = await TestAgent.start('pi-1', password);
    await first.reportNode();
    await expect.poll(() => ready('pi-1')).toBe('True');
    const { revision } = view;
    const second = await TestAgent.start('pi-1', password);
    await expect.poll(() => first.client.connected).toBe(false);
    await expect.poll(() => second.sets).not.toEqual([]);
    await bridge.idle();
    expect(writesSince(revision)).toEqual([]);
  });

  test('two devices with one identity: a condition, and nothing for the second until the first is gone', async () => {
    const { password } = await joined('pi-1');
    const first = await TestAgent.start('pi-1', password, 'first');
    await first.reportNode();
    const second = await TestAgent.start('pi-1', password, 'second');
    await second.reportNode();
    await bindPod('web', 'pi-1');
    await expect
      .poll(() => conditionOf('pi-1', 'IdentityConflict')?.status, { timeout: 10_000 })
      .toBe('True');
    expect(conditionOf('pi-1', 'IdentityConflict')?.message).toContain('--name');
    expect([first.documents.length, second.documents.length, second.sets.length]).toEqual([1, 0, 0]);
    first.kill();
    await expect.poll(() => second.documents).toHaveLength(1);
    await expect.poll(() => conditionOf('pi-1', 'IdentityConflict')?.status).toBe('False');
  });

  test('a restarted master keeps a node Ready while it may come back, then gives it up', async () => {
    const agent = await readyNode('pi-1');
    agent.stop();
    await expect.poll(() => ready('pi-1')).toBe('Unknown');
    const node = view.get('Node', { name: 'pi-1' });
    if (node === undefined) throw new Error('the node is there');
    const conditions = [{ type: 'Ready', status: 'True', reason: 'AgentReady', message: '' }];
    await stopMaster();
    await registry.updateStatus('Node', { ...node, status: { ...node.status, conditions } });
    await startMaster();
    await bridge.idle();
    expect(ready('pi-1')).toBe('True');
    await expect.poll(() => ready('pi-1')).toBe('Unknown');
  });
});

describe('logs', () => {
  const call = {
    kind: 'logs',
    podUid: 'u',
    container: 'main',
    follow: true,
    previous: false,
    timestamps: false,
  } as const;
  const signal = new AbortController().signal;
  const reply = (agent: TestAgent, id: string, kind: number, rest: string) =>
    agent.client.publish(topics.reply('pi-1', id), Buffer.concat([Buffer.from([kind]), Buffer.from(rest)]));

  test('output comes through, then the end', async () => {
    const agent = await readyNode('pi-1');
    const lines: string[] = [];
    const reading = (async () => {
      for await (const chunk of bridge.openLogs({ node: 'pi-1', call, signal })) lines.push(chunk.toString());
    })();
    await expect.poll(() => agent.calls).toHaveLength(1);
    const id = agent.calls[0]?.id ?? '';
    expect(agent.calls[0]?.message).toMatchObject({ kind: 'open', call });
    for (const line of ['one', 'two']) reply(agent, id, 1, line);
    reply(agent, id, 2, '{}');
    await reading;
    expect(lines).toHaveLength(2);
  });

  test('a refusal of the agent, an unknown node, and a node lost on the way', async () => {
    const agent = await readyNode('pi-1');
    expect(() => bridge.openLogs({ node: 'pi-9', call, signal })).toThrow(/not connected/);
    const open = async () => {
      for await (const _ of bridge.openLogs({ node: 'pi-1', call, signal }));
    };
    const refused = open();
    await expect.poll(() => agent.calls).toHaveLength(1);
    reply(
      agent,
      agent.calls[0]?.id ?? '',
      2,
      '{"error":{"reason":"NotFound","message":"no such container"}}',
    );
    await expect(refused).rejects.toMatchObject({ reason: 'NotFound', message: 'no such container' });
    const lost = open();
    await expect
      .poll(() => agent.calls.filter(({ message }) => JSON.stringify(message).includes('open')))
      .toHaveLength(2);
    agent.kill();
    await expect(lost).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });
});

describe('exec', () => {
  const call: StreamCall = {
    kind: 'exec',
    podUid: 'u',
    container: 'main',
    command: ['sh'],
    stdin: true,
    stdout: true,
    stderr: true,
    tty: false,
  };
  const signal = new AbortController().signal;
  const open = () => bridge.openStream({ node: 'pi-1', call, signal });

  test('input goes to the node in order, and both outputs come back in order', async () => {
    const agent = await readyNode('pi-1', 2);
    const stream = open();
    await expect.poll(() => agent.calls).toHaveLength(1);
    const id = agent.calls[0]?.id ?? '';
    const reply = (kind: number, rest: string) =>
      agent.client.publish(topics.reply('pi-1', id), Buffer.from([kind, ...Buffer.from(rest)]));
    reply(4, '{"bytes":1000}');
    const words = Array.from({ length: 100 }, (_, n) => `${n},`);
    for (const word of words) await stream.write(Buffer.from(word));
    stream.endInput();
    await expect.poll(() => agent.calls.at(-1)?.message).toEqual({ kind: 'endInput' });
    expect(agent.calls.slice(1, -1).map(({ message }) => message)).toEqual(words);
    for (const word of words) reply(1, word);
    reply(3, 'oops');
    reply(2, '{"exitCode":3}');
    const out = { stdout: '', stderr: '' };
    for await (const { source, bytes } of stream.output) out[source] += Buffer.from(bytes).toString();
    expect(out).toEqual({ stdout: words.join(''), stderr: 'oops' });
    expect(await stream.ended).toEqual({ exitCode: 3 });
  });

  test('an agent too old for it, and a node lost on the way', async () => {
    await readyNode('pi-2');
    expect(() => bridge.openStream({ node: 'pi-2', call, signal })).toThrow(/"pi-2" is too old for exec/);
    const agent = await readyNode('pi-1', 2);
    const stream = open();
    await expect.poll(() => agent.calls).toHaveLength(1);
    agent.kill();
    await expect(stream.ended).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    await expect(stream.write(Buffer.from('x'))).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });
});

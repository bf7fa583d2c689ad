/** The bridge and its broker over a real port, with agents that a test drives by hand. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import mqtt, { type MqttClient } from 'mqtt';
import { nanoid } from 'nanoid';
import { pino } from 'pino';
import { expect } from 'vitest';
import { verifyJoinToken } from '../../master/auth/join-token.ts';
import { verifyNodePassword } from '../../master/auth/node-credential.ts';
import { ServiceAccountTokens } from '../../master/auth/service-account/tokens.ts';
import { type Bridge, startBridge } from '../../master/bridge/loop.ts';
import { type Broker, startBroker } from '../../master/broker/broker.ts';
import { systemClock } from '../../shared/clock.ts';
import { bootstrapTokenSecret } from '../../shared/kubernetes/bootstrap-token.ts';
import {
  type Desired,
  type Documents,
  INPUT_FRAME,
  type IssuedToken,
  type JoinAnswer,
  type PodReport,
} from '../../shared/protocol/messages.ts';
import { agentSubscriptions, topics } from '../../shared/protocol/topics.ts';
import { type MemoryCluster, startMemoryCluster } from './memory-cluster.ts';

const TOKEN = 'abcdef.0123456789abcdef';
const logger = pino({ level: 'silent' });
const parse = <T>(payload: Buffer): T => JSON.parse(payload.toString());

type Credential = { readonly node: string; readonly password: string };
type Master = { readonly broker: Broker; readonly bridge: Bridge; readonly stop: AbortController };

export class BridgeBed {
  /** What was recorded since the master's last start, as `Kind name reason`. */
  events: string[] = [];
  private readonly agents: TestAgent[] = [];
  private master!: Master;
  private constructor(
    private readonly cluster: MemoryCluster,
    readonly tokens: ServiceAccountTokens,
  ) {}

  static async start(): Promise<BridgeBed> {
    const cluster = await startMemoryCluster();
    await cluster.registry.create('Secret', bootstrapTokenSecret({ token: TOKEN, description: 'test' }));
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const tokens = new ServiceAccountTokens(
      { privateKey, publicKey, keyId: 'test' },
      systemClock,
      randomUUID,
    );
    const bed = new BridgeBed(cluster, tokens);
    await bed.startMaster();
    return bed;
  }

  async stop(): Promise<void> {
    for (const agent of this.agents) agent.stop();
    await this.stopMaster();
    await this.cluster.stop();
  }

  get view() {
    return this.cluster.cache;
  }

  get registry() {
    return this.cluster.registry;
  }

  get bridge(): Bridge {
    return this.master.bridge;
  }

  async startMaster(): Promise<void> {
    const { view, registry, tokens } = this;
    const stop = new AbortController();
    this.events = [];
    const broker = await startBroker(
      {
        listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
        verifyNode: (node, password) => verifyNodePassword(view, node, password),
        verifyJoinToken: token => verifyJoinToken(view, token, systemClock.nowMs()),
        clock: systemClock,
        logger,
      },
      stop.signal,
    );
    const bridge = startBridge(
      {
        view,
        registry,
        broker,
        tokens,
        clock: systemClock,
        logger,
        cluster: 'cluster-uid',
        incarnation: 1,
        recordEvent: ({ about, reason }) => void this.events.push(`${about.kind} ${about.name} ${reason}`),
        reconnectGraceMs: 400,
      },
      stop.signal,
    );
    this.master = { broker, bridge, stop };
  }

  async stopMaster(): Promise<void> {
    const { stop, bridge, broker } = this.master;
    stop.abort();
    await Promise.all([bridge.stopped, broker.closed]);
  }

  private url(): string {
    return `mqtt://127.0.0.1:${this.master.broker.addresses[0]?.port}`;
  }

  /** Asks to join, and says what was answered. */
  async join(name: string | undefined, deviceId = `device-of-${name}`): Promise<JoinAnswer> {
    const clientId = `join-${nanoid()}`;
    const client = await mqtt.connectAsync(this.url(), {
      username: 'join',
      password: TOKEN,
      clientId,
      reconnectPeriod: 0,
    });
    const answer = new Promise<JoinAnswer>(resolve => {
      client.once('message', (_topic, payload) => resolve(parse(payload)));
    });
    await client.subscribeAsync(topics.joinAnswer(clientId), { qos: 1 });
    const request = JSON.stringify({ name, deviceId, capability: 1 });
    await client.publishAsync(topics.joinRequest(clientId), request, { qos: 1 });
    const said = await answer;
    client.end(true);
    return said;
  }

  /** A credential of a node of this name. */
  async joined(name: string): Promise<Credential> {
    const answer = await this.join(name);
    if (!answer.ok) throw new Error(answer.message);
    return answer;
  }

  /** Rejects when the broker refuses it. */
  async connect(
    credential: Credential,
    more: { epoch?: string; capability?: number } = {},
  ): Promise<TestAgent> {
    const agent = await TestAgent.start(this.url(), { ...credential, ...more });
    this.agents.push(agent);
    return agent;
  }

  /** The agent of a new node that is Ready. */
  async readyNode(name: string, capability = 1): Promise<TestAgent> {
    const agent = await this.connect(await this.joined(name), { capability });
    await agent.reportNode();
    await expect.poll(() => this.ready(name)).toBe('True');
    return agent;
  }

  conditionOf(node: string, type: string) {
    const conditions = this.view.get('Node', { name: node })?.status?.conditions;
    return conditions?.find(condition => condition.type === type);
  }

  ready(node: string): string | undefined {
    return this.conditionOf(node, 'Ready')?.status;
  }

  /** Every write after `revision`, as `Kind name`. */
  writesSince(revision: number): string[] | undefined {
    const changes = this.view.history.after(revision);
    return changes?.map(({ kind, before, after }) => `${kind} ${(after ?? before)?.metadata.name}`);
  }

  bindPod(name: string, nodeName: string, spec: object = {}) {
    return this.registry.create('Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { nodeName, containers: [{ name: 'main', image: 'img' }], ...spec },
    });
  }
}

/** A hand-driven agent: it says only what a test makes it say, but for heartbeats. */
export class TestAgent {
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

  static async start(
    url: string,
    {
      node,
      password,
      epoch = 'epoch-1',
      capability = 1,
    }: Credential & { epoch?: string; capability?: number },
  ): Promise<TestAgent> {
    const session = (state: string) => JSON.stringify({ epoch, state, capability });
    const client = await mqtt.connectAsync(url, {
      username: `node:${node}`,
      password,
      reconnectPeriod: 0,
      keepalive: 30,
      will: { topic: topics.session(node), payload: Buffer.from(session('offline')), qos: 1, retain: true },
    });
    client.on('error', () => {});
    const agent = new TestAgent(client, node, epoch);
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

  reportNode(conditions: object[] = [], more: object = {}): Promise<void> {
    return this.report([], {
      ...more,
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

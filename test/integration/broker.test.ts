import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Broker, startBroker } from '../../master/broker/broker.ts';
import { MAX_PENDING_CONNECTIONS } from '../../master/broker/limits.ts';
import { systemClock } from '../../shared/clock.ts';
import { topics } from '../../shared/protocol/topics.ts';

const JOIN_TOKEN = 'abcdef.0123456789abcdef';
let stop: AbortController;
let broker: Broker;
let heard: string[];
const clients: MqttClient[] = [];
const sockets: Socket[] = [];

beforeEach(async () => {
  stop = new AbortController();
  heard = [];
  broker = await startBroker(
    {
      listen: [{ kind: 'tcp', host: '127.0.0.1', port: 0 }],
      verifyNode: (node, password) => password === `secret-of-${node}`,
      verifyJoinToken: token => (token === JOIN_TOKEN ? { ok: true } : { ok: false, reason: 'unknown' }),
      clock: systemClock,
      logger: pino({ level: 'silent' }),
    },
    stop.signal,
  );
  broker.listen({
    connected: peer => void heard.push(`connected ${peer.node}`),
    activity: () => {},
    message: (peer, topic, payload) => void heard.push(`${topic.kind} ${peer.node} ${payload.toString()}`),
    gone: peer => void heard.push(`gone ${peer.node}`),
    joinRequest: (clientId, payload) => void heard.push(`join ${clientId} ${payload.toString()}`),
  });
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true);
  for (const socket of sockets.splice(0)) socket.destroy();
  stop.abort();
  await broker.closed;
});

const port = () => broker.addresses[0]?.port ?? 0;

function connect(options: IClientOptions): MqttClient {
  const client = mqtt.connect({
    host: '127.0.0.1',
    port: port(),
    protocolVersion: 4,
    reconnectPeriod: 0,
    ...options,
  });
  client.on('error', () => {});
  clients.push(client);
  return client;
}

async function connectNode(node: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = connect({ username: `node:${node}`, password: `secret-of-${node}`, ...options });
  await untilEvent(client, 'connect');
  return client;
}

function untilEvent(client: MqttClient, event: 'connect' | 'close'): Promise<void> {
  return new Promise(resolve => client.once(event, () => resolve()));
}

/** The code of the refusing CONNACK, or `closed` when the connection ended without one. */
async function refusalOf(options: IClientOptions): Promise<unknown> {
  const client = connect(options);
  return await new Promise(resolve => {
    client.on('connect', () => resolve('accepted'));
    client.on('error', error => resolve('code' in error ? error.code : error.message));
    client.on('close', () => setImmediate(resolve, 'closed'));
  });
}

function rawSocket(): Socket {
  const socket = connectTcp(port(), '127.0.0.1');
  socket.on('error', () => {});
  sockets.push(socket);
  return socket;
}

/** Resolves when the broker still serves a node that behaves. */
async function expectBrokerServes(): Promise<void> {
  const client = await connectNode('healthy');
  await client.publishAsync(topics.report('healthy'), 'fine', { qos: 1 });
  await expect.poll(() => heard).toContain('report healthy fine');
}

describe('who may connect', () => {
  const sessionWill = {
    topic: topics.session('pi-1'),
    payload: Buffer.from('{}'),
    qos: 1,
    retain: true,
  } as const;
  const good = { username: 'node:pi-1', password: 'secret-of-pi-1' };
  const rows: { name: string; given: IClientOptions; want: unknown }[] = [
    { name: 'no credentials', given: {}, want: 5 },
    { name: 'wrong password', given: { ...good, password: 'secret-of-pi-2' }, want: 5 },
    { name: 'no password', given: { username: 'node:pi-1' }, want: 5 },
    { name: 'unknown user', given: { username: 'admin', password: 'x' }, want: 5 },
    { name: 'a node name with a wildcard', given: { username: 'node:+', password: 'secret-of-+' }, want: 5 },
    { name: 'wrong join token', given: { username: 'join', password: 'x', clientId: 'a' }, want: 5 },
    {
      name: 'join with a wildcard id',
      given: { username: 'join', password: JOIN_TOKEN, clientId: '#' },
      want: 5,
    },
    { name: 'join', given: { username: 'join', password: JOIN_TOKEN, clientId: 'a' }, want: 'accepted' },
    { name: 'a node', given: good, want: 'accepted' },
    { name: 'a node with its will', given: { ...good, will: sessionWill }, want: 'accepted' },
    {
      name: 'a will on a foreign topic',
      given: { ...good, will: { ...sessionWill, topic: topics.session('pi-2') } },
      want: 5,
    },
    {
      name: 'a will that is too large',
      given: { ...good, will: { ...sessionWill, payload: Buffer.alloc(2000) } },
      want: 5,
    },
    { name: 'a keep-alive without end', given: { ...good, keepalive: 0 }, want: 6 },
    { name: 'MQTT 5', given: { ...good, protocolVersion: 5 }, want: 1 },
  ];
  test.each(rows)('$name', async ({ given, want }) => {
    expect(await refusalOf(given)).toBe(want);
  });
});

describe('who may say and hear what', () => {
  test.each([
    topics.report('pi-2'),
    topics.desired('pi-1'),
    topics.joinRequest('x'),
    '$SYS/x',
    `${topics.session('pi-1')}/more`,
  ])('a node that publishes to %s is put out', async topic => {
    const client = await connectNode('pi-1');
    client.publish(topic, 'x', { qos: 1 });
    await untilEvent(client, 'close');
    expect(heard).toEqual(['connected pi-1', 'gone pi-1']);
  });

  test.each([
    '#',
    '+/#',
    '$SYS/#',
    topics.desired('pi-2'),
    topics.report('pi-1'),
    'pikelet/v1/nodes/+/documents',
  ])('a node may not subscribe to %s', async filter => {
    const client = await connectNode('pi-1');
    await expect(client.subscribeAsync(filter, { qos: 1 })).rejects.toThrow();
  });

  test('a joining device hears only its own answer', async () => {
    const client = connect({ username: 'join', password: JOIN_TOKEN, clientId: 'device-1' });
    await untilEvent(client, 'connect');
    await expect(client.subscribeAsync(topics.joinAnswer('device-2'))).rejects.toThrow();
    await client.subscribeAsync(topics.joinAnswer('device-1'), { qos: 1 });
    await client.publishAsync(topics.joinRequest('device-1'), 'please', { qos: 1 });
    await expect.poll(() => heard).toEqual(['join device-1 please']);
    const answer = new Promise<string>(resolve => {
      client.once('message', (_topic, payload) => resolve(payload.toString()));
    });
    await broker.publish(topics.joinAnswer('device-1'), 'welcome', { qos: 1, retain: false });
    expect(await answer).toBe('welcome');
  });

  test('only the served connection of a node hears; a second one with the same credential hears nothing', async () => {
    const [first, second] = [await connectNode('pi-1'), await connectNode('pi-1')];
    const got: string[] = [];
    for (const [name, client] of Object.entries({ first, second })) {
      client.on('message', (_topic, payload) => got.push(`${name} ${payload}`));
      await client.subscribeAsync([topics.desired('pi-1'), topics.documents('pi-1')], { qos: 1 });
    }
    await broker.publish(topics.documents('pi-1'), 'to nobody', { qos: 1, retain: false });
    broker.serve('pi-1', 'c2');
    await broker.publish(topics.documents('pi-1'), 'to the second', { qos: 1, retain: false });
    broker.serve('pi-1', 'c1');
    await broker.publish(topics.documents('pi-1'), 'to the first', { qos: 1, retain: false });
    await expect.poll(() => got).toEqual(['second to the second', 'first to the first']);
  });

  test('nothing that a node says is retained', async () => {
    const client = await connectNode('pi-1');
    await client.publishAsync(topics.session('pi-1'), 'poison', { qos: 1, retain: true });
    await expect.poll(() => heard).toContain('session pi-1 poison');
    const again = await connectNode('pi-1');
    broker.serve('pi-1', 'c2');
    const got: string[] = [];
    again.on('message', (_topic, payload) => got.push(payload.toString()));
    await again.subscribeAsync(topics.desired('pi-1'));
    await broker.publish(topics.desired('pi-1'), 'set', { qos: 1, retain: true });
    await expect.poll(() => got).toEqual(['set']);
  });

  test('a client id of another node takes nobody off', async () => {
    const first = await connectNode('pi-1', { clientId: 'same' });
    await connectNode('pi-2', { clientId: 'same' });
    await first.publishAsync(topics.report('pi-1'), 'still here', { qos: 1 });
    await expect.poll(() => heard).toContain('report pi-1 still here');
    expect(heard).not.toContain('gone pi-1');
  });

  test('a lost connection is told at once, with its will', async () => {
    const client = await connectNode('pi-1', {
      will: { topic: topics.session('pi-1'), payload: Buffer.from('bye'), qos: 1, retain: true },
    });
    client.stream.destroy();
    await expect.poll(() => heard.toSorted()).toEqual(['connected pi-1', 'gone pi-1', 'session pi-1 bye']);
  });
});

describe('garbage on the port', () => {
  const CONNECT_V4 = (clientId: Buffer) => {
    const body = Buffer.concat([
      Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, clientId.length]),
      clientId,
    ]);
    return Buffer.concat([Buffer.from([0x10, body.length]), body]);
  };
  const rows = [
    { name: 'a remaining length of 256 MiB', bytes: Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]) },
    { name: 'a length without end', bytes: Buffer.from([0x10, 0xff, 0xff, 0xff, 0xff, 0xff]) },
    { name: 'a publish before connect', bytes: Buffer.from([0x30, 5, 0, 1, 0x61, 0x62, 0x63]) },
    { name: 'HTTP', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n') },
    { name: 'TLS', bytes: Buffer.from([0x16, 3, 1, 0x02, 0x00, 1, 0, 1, 0xfc, 3, 3, ...randomBytes(600)]) },
    { name: 'a client id that is no UTF-8', bytes: CONNECT_V4(Buffer.from([0xff, 0xfe, 0xc0])) },
    { name: 'packets that are reserved', bytes: Buffer.from([0x00, 0x00, 0xf0, 0x00]) },
  ];
  test.each(rows)('$name ends that connection alone', async ({ bytes }) => {
    const socket = rawSocket();
    socket.resume();
    socket.write(bytes);
    await once(socket, 'close');
    await expectBrokerServes();
  });

  test('random bytes, cut off anywhere', async () => {
    await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const socket = rawSocket();
        await once(socket, 'connect');
        socket.write(randomBytes(1 + index * 7));
        if (index % 2 === 0) socket.end();
        else socket.resetAndDestroy();
        await once(socket, 'close');
      }),
    );
    await expectBrokerServes();
  });

  test('a node with a packet that is too long is put out before it is sent', async () => {
    const client = await connectNode('pi-1');
    const closed = untilEvent(client, 'close');
    client.stream.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1]));
    await closed;
    await expectBrokerServes();
  });

  test('strangers that say nothing make room for others', async () => {
    const strangers = Array.from({ length: MAX_PENDING_CONNECTIONS + 8 }, rawSocket);
    await Promise.all(strangers.map(socket => once(socket, 'connect')));
    await Promise.all(strangers.slice(0, 8).map(socket => once(socket.resume(), 'close')));
    await expectBrokerServes();
  });
});

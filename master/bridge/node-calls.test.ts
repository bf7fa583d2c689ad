import { setMaxListeners } from 'node:events';
import { expect, test } from 'vitest';
import { STREAM_FRAME_BYTES, STREAMS_PER_NODE_MAX } from '../../shared/protocol/limits.ts';
import type { StreamCall } from '../../shared/protocol/messages.ts';
import { NodeCalls } from './node-calls.ts';

const CALL: StreamCall = {
  kind: 'exec',
  podUid: 'u',
  container: 'main',
  command: ['sh'],
  stdin: true,
  stdout: true,
  stderr: true,
  tty: false,
};

function setUp(capability = 2) {
  const sent: { id: string; payload: Buffer }[] = [];
  let isConnected = true;
  const calls = new NodeCalls({
    capability: () => (isConnected ? capability : undefined),
    send: async (_node, id, payload) => void sent.push({ id, payload: Buffer.from(payload) }),
  });
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const open = () => calls.open({ node: 'pi-1', call: CALL, signal: stop.signal });
  const reply = (kind: number, rest: string | object) => {
    const text = typeof rest === 'string' ? rest : JSON.stringify(rest);
    calls.receive('pi-1', sent[0]?.id ?? '', Buffer.concat([Buffer.from([kind]), Buffer.from(text)]));
  };
  /** Kinds of messages, and lengths of input, in the order sent. */
  const told = () =>
    sent.map(({ payload }) => (payload[0] === 1 ? payload.length - 1 : JSON.parse(payload.toString()).kind));
  const lose = () => {
    isConnected = false;
    calls.lost('pi-1');
  };
  return { open, reply, told, stop, lose, sent };
}

test('output of both kinds comes in order, then the exit code', async () => {
  const { open, reply, told } = setUp();
  const call = open();
  await expect.poll(told).toEqual(['open']);
  reply(1, 'out');
  reply(3, 'err');
  reply(2, { exitCode: 7 });
  const got: string[] = [];
  for await (const { source, bytes } of call.output) got.push(`${source} ${Buffer.from(bytes)}`);
  expect(got).toEqual(['stdout out', 'stderr err']);
  expect(await call.ended).toEqual({ exitCode: 7 });
  expect(told()).toEqual(['open']);
});

test('input waits for credit, in order, and its end comes last', async () => {
  const { open, reply, told } = setUp();
  const call = open();
  const written = [call.write(Buffer.alloc(STREAM_FRAME_BYTES + 1)), call.write(Buffer.alloc(5))];
  call.endInput();
  await expect.poll(told).toEqual(['open']);
  reply(4, { bytes: STREAM_FRAME_BYTES + 3 });
  await written[0];
  await expect.poll(told).toEqual(['open', STREAM_FRAME_BYTES, 1, 2]);
  reply(4, { bytes: 3 });
  await Promise.all(written);
  await expect.poll(told).toEqual(['open', STREAM_FRAME_BYTES, 1, 2, 3, 'endInput']);
});

test('of sizes that wait for their turn the newest is sent', async () => {
  const { open, sent } = setUp();
  const call = open();
  call.resize({ columns: 80, rows: 24 });
  call.resize({ columns: 99, rows: 33 });
  await expect.poll(() => sent.map(({ payload }) => payload.toString())).toHaveLength(2);
  expect(JSON.parse(sent[1]?.payload.toString() ?? '')).toEqual({ kind: 'resize', columns: 99, rows: 33 });
});

test.each(['close', 'abort', 'leave'] as const)('%s ends it quietly and tells the node', async how => {
  const { open, told, stop, reply } = setUp();
  const call = open();
  await expect.poll(told).toEqual(['open']);
  if (how === 'leave') {
    reply(1, 'out');
    for await (const _ of call.output) break;
  } else if (how === 'close') call.close();
  else stop.abort();
  expect(await call.ended).toEqual({});
  await expect(call.write(Buffer.alloc(1))).rejects.toMatchObject({ reason: 'BadRequest' });
  await expect.poll(told).toEqual(['open', 'close']);
  call.close();
});

test('the loss of the node ends reader, writer and call', async () => {
  const { open, lose } = setUp();
  const call = open();
  const reading = call.output[Symbol.asyncIterator]().next();
  const writing = call.write(Buffer.alloc(1));
  lose();
  for (const lost of [reading, writing, call.ended])
    await expect(lost).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  expect(open).toThrow(/not connected/);
});

test('an agent that knows only logs is named as too old', () => {
  const { open } = setUp(1);
  expect(open).toThrow('the agent of node "pi-1" is too old for exec');
});

test('one stream too many is refused, until one ends', () => {
  const { open } = setUp();
  const opened = Array.from({ length: STREAMS_PER_NODE_MAX }, open);
  expect(open).toThrow(/close some first/);
  opened[0]?.close();
  open();
});

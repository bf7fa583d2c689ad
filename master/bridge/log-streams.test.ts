import { expect, test } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { STREAM_CREDIT_BYTES, STREAM_FRAME_BYTES } from '../../shared/protocol/limits.ts';
import type { CallMessage, LogsCall } from '../../shared/protocol/messages.ts';
import { STREAM_IDLE_MS } from './limits.ts';
import { openLogs } from './log-streams.ts';
import { NodeCalls } from './node-calls.ts';

const CALL: LogsCall = {
  kind: 'logs',
  podUid: 'u',
  container: 'main',
  follow: false,
  previous: false,
  timestamps: false,
};

function setUp() {
  const sent: { id: string; message: CallMessage }[] = [];
  const clock = new FakeClock();
  const calls = new NodeCalls({
    capability: node => (node === 'pi-1' ? 1 : undefined),
    send: async (_node, id, payload) => {
      sent.push({ id, message: JSON.parse(payload.toString()) });
    },
  });
  const stop = new AbortController();
  const open = (call: Partial<LogsCall> = {}) =>
    openLogs({ clock, calls }, { node: 'pi-1', call: { ...CALL, ...call }, signal: stop.signal })[
      Symbol.asyncIterator
    ]();
  const frame = (kind: number, rest: Buffer) => {
    calls.receive('pi-1', sent[0]?.id ?? '', Buffer.concat([Buffer.from([kind]), rest]));
  };
  const opened = () => expect.poll(() => sent[0]?.message.kind).toBe('open');
  return { sent, clock, stop, open, frame, opened };
}

test('credit follows what the reader took, and never runs ahead of it', async () => {
  const { sent, open, frame, opened } = setUp();
  const reader = open();
  let next = reader.next();
  await opened();
  const frames = STREAM_CREDIT_BYTES / STREAM_FRAME_BYTES;
  for (let i = 0; i < frames; i++) frame(1, Buffer.alloc(STREAM_FRAME_BYTES));
  for (let i = 0; i < frames; i++) {
    await next;
    next = reader.next();
  }
  frame(2, Buffer.from('{}'));
  expect((await next).done).toBe(true);
  const granted = sent.flatMap(({ message }) => (message.kind === 'credit' ? [message.bytes] : []));
  expect(granted).toEqual([STREAM_CREDIT_BYTES / 2, STREAM_CREDIT_BYTES / 2]);
});

test('a node that sends more than it was granted is cut off', async () => {
  const { open, frame, opened } = setUp();
  const reader = open();
  const first = reader.next();
  await opened();
  frame(1, Buffer.alloc(STREAM_CREDIT_BYTES));
  frame(1, Buffer.alloc(1));
  await first;
  await expect(reader.next()).rejects.toMatchObject({ reason: 'InternalError' });
});

test('a node that answers nothing is given up, but one that is followed may be quiet', async () => {
  for (const follow of [false, true]) {
    const { clock, open, frame } = setUp();
    const next = open({ follow }).next();
    const outcome = next.then(
      () => 'ended',
      (error: { reason: string }) => error.reason,
    );
    await clock.advance(STREAM_IDLE_MS);
    frame(2, Buffer.from('{}'));
    expect(await outcome).toBe(follow ? 'ended' : 'Timeout');
  }
});

test('aborting ends it quietly and closes it on the node', async () => {
  const { sent, open, stop, opened } = setUp();
  const next = open({ follow: true }).next();
  await opened();
  stop.abort();
  expect((await next).done).toBe(true);
  await expect.poll(() => sent.map(({ message }) => message.kind)).toEqual(['open', 'close']);
});

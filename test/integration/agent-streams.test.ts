/** Logs, exec, attach and port-forward, as the agent serves them over its one connection. */
import { beforeEach, describe, expect, it } from 'vitest';
import { aDocument } from '../../node-agent/sync/pod-builders.ts';
import { STREAM_INPUT_CREDIT_BYTES, STREAMS_PER_NODE_MAX } from '../../shared/protocol/limits.ts';
import type { LogsCall, StreamCall } from '../../shared/protocol/messages.ts';
import { until, useAgentBed } from '../support/agent-bed.ts';

const bed = useAgentBed();

describe('logs', () => {
  const call: LogsCall = {
    kind: 'logs',
    podUid: 'uid-1',
    container: 'web',
    follow: false,
    previous: false,
    timestamps: false,
  };
  const output = (id: string) => bed().master.replies.get(id)?.output.toString();
  const idOf = () => bed().runningOf('uid-1')[0]?.id ?? '';

  beforeEach(async () => {
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
  });

  it('gives what there is, and follows until it is closed', async () => {
    bed().runtime.writeLog(idOf(), 'one\n');
    bed().runtime.writeLog(idOf(), 'two\n');
    await bed().master.call('a', { kind: 'open', creditBytes: 1000, call: { ...call, tailLines: 1 } });
    await until(() => expect(bed().master.replies.get('a')?.end).toEqual({}));
    expect(output('a')).toBe('two\n');
    await bed().master.call('b', { kind: 'open', creditBytes: 1000, call: { ...call, follow: true } });
    await until(() => expect(output('b')).toBe('one\ntwo\n'));
    bed().runtime.writeLog(idOf(), 'three\n');
    await until(() => expect(output('b')).toBe('one\ntwo\nthree\n'));
    await bed().master.call('b', { kind: 'close' });
    expect(bed().master.replies.get('b')?.end).toBeUndefined();
  });

  it('sends no more than it was granted, in frames of bounded size', async () => {
    bed().runtime.writeLog(idOf(), 'x'.repeat(100_000));
    await bed().master.call('c', { kind: 'open', creditBytes: 40_000, call });
    await until(() => expect(output('c')).toHaveLength(40_000));
    expect(bed().master.replies.get('c')?.frames).toBe(2);
    await bed().master.call('c', { kind: 'credit', bytes: 200_000 });
    await until(() => expect(bed().master.replies.get('c')?.end).toEqual({}));
    expect(output('c')).toHaveLength(100_000);
  });

  it('tells of a container before, of one that is not there, and keeps to a limit of bytes', async () => {
    bed().runtime.writeLog(idOf(), 'first life\n');
    bed().runtime.exit(idOf(), 1);
    await until(() =>
      expect(bed().master.pods.get('uid-1')?.status.containerStatuses?.[0]?.restartCount).toBe(1),
    );
    await bed().master.call('d', {
      kind: 'open',
      creditBytes: 99,
      call: { ...call, previous: true, limitBytes: 5 },
    });
    await until(() => expect(bed().master.replies.get('d')?.end).toEqual({}));
    expect(output('d')).toBe('first');
    await bed().master.call('e', { kind: 'open', creditBytes: 99, call: { ...call, container: 'none' } });
    await until(() =>
      expect(bed().master.replies.get('e')?.end).toMatchObject({ error: { reason: 'NotFound' } }),
    );
  });
});

describe('exec and port-forward', () => {
  const exec: StreamCall = {
    kind: 'exec',
    podUid: 'uid-1',
    container: 'web',
    command: ['sh'],
    stdin: true,
    stdout: true,
    stderr: true,
    tty: true,
  };
  const open = (id: string, call: StreamCall = exec, creditBytes = 100_000) =>
    bed().master.call(id, { kind: 'open', call, creditBytes });
  const reply = (id: string) => bed().master.replies.get(id);
  const process = async (index = 0) => {
    await until(() => expect(bed().processes.length).toBeGreaterThan(index));
    const found = bed().processes[index];
    if (!found) throw new Error('no process');
    return found;
  };

  beforeEach(async () => {
    bed().startAgent();
    await bed().master.want({ generation: 1, pods: [{ document: aDocument() }] });
    await until(() => expect(bed().phaseOf('uid-1')).toBe('Running'));
  });

  it('carries input, both outputs, the size of the terminal and the exit code', async () => {
    await open('a');
    const shell = await process();
    await until(() => expect(reply('a')?.inputCreditBytes).toBe(STREAM_INPUT_CREDIT_BYTES));
    for (let n = 0; n < 100; n++) await bed().master.input('a', Buffer.from(`${n},`));
    await bed().master.call('a', { kind: 'resize', columns: 99, rows: 33 });
    await bed().master.call('a', { kind: 'endInput' });
    let input = '';
    for await (const text of shell.input()) input += text;
    expect(input).toBe(Array.from({ length: 100 }, (_, n) => `${n},`).join(''));
    await until(() => expect(shell.size).toMatchObject({ columns: 99, rows: 33 }));
    await shell.print('out');
    await shell.print('err', 'stderr');
    shell.exit(7);
    await until(() => expect(reply('a')?.end).toEqual({ exitCode: 7 }));
    expect(reply('a')?.output.toString()).toBe('out');
    expect(reply('a')?.stderr.toString()).toBe('err');
  });

  it('ends a call that sends more input than was granted, and one that is closed', async () => {
    await open('b');
    const flooded = await process();
    await until(() => expect(reply('b')?.inputCreditBytes).toBeGreaterThan(0));
    for (let n = 0; n < 3; n++)
      await bed().master.input('b', Buffer.alloc(STREAM_INPUT_CREDIT_BYTES / 2 + 1));
    await until(() => expect(reply('b')?.end).toMatchObject({ error: { reason: 'BadRequest' } }));
    expect(flooded.signal.aborted).toBe(true);
    await open('c');
    const closed = await process(1);
    await bed().master.call('c', { kind: 'close' });
    await until(() => expect(closed.signal.aborted).toBe(true));
    await open('d');
    const lost = await process(2);
    bed().master.dropConnection();
    await until(() => expect(lost.signal.aborted).toBe(true));
  });

  it('connects to a port of a pod, and says what cannot be reached', async () => {
    await open('e', { kind: 'portForward', podUid: 'uid-1', port: 80 });
    const server = await process();
    await server.print('hello');
    server.exit();
    await until(() => expect(reply('e')?.end).toEqual({}));
    expect(reply('e')?.output.toString()).toBe('hello');
    await open('f', { kind: 'portForward', podUid: 'uid-1', port: 81 });
    await until(() => expect(reply('f')?.end).toMatchObject({ error: { reason: 'NotFound' } }));
    await open('g', { ...exec, container: 'none' });
    const message = 'container not found ("none")';
    await until(() => expect(reply('g')?.end).toEqual({ error: { reason: 'NotFound', message } }));
  });

  it('goes on beating with a hundred streams and one reader that stalls; one too many is refused', async () => {
    const ids = Array.from({ length: STREAMS_PER_NODE_MAX }, (_, index) => `s${index}`);
    const [stalled = '', ...flowing] = ids;
    await open(stalled, exec, 1000);
    const first = await process();
    for (const id of flowing) await open(id, exec, 2_000_000);
    await process(ids.length - 1);
    await open('one-more');
    await until(() => expect(reply('one-more')?.end).toMatchObject({ error: { reason: 'TooManyRequests' } }));
    const before = bed().master.heartbeats.at(-1)?.sequence ?? 0;
    const piece = 'x'.repeat(10_000);
    let printed = 0;
    const flood = (async () => {
      for (; !first.signal.aborted; printed++) await first.print(piece);
    })();
    await Promise.all(
      bed()
        .processes.slice(1)
        .map(async each => {
          for (let n = 0; n < 50; n++) await each.print(piece);
          each.exit(0);
        }),
    );
    await until(() => {
      for (const id of flowing) expect(reply(id)?.end).toEqual({ exitCode: 0 });
    });
    for (const id of flowing) expect(reply(id)?.output).toHaveLength(500_000);
    expect(reply(stalled)?.output).toHaveLength(1000);
    expect(printed).toBeLessThan(3);
    await until(() => expect(bed().master.heartbeats.at(-1)?.sequence).toBeGreaterThan(before + 3));
    const sequences = bed().master.heartbeats.map(({ sequence }) => sequence);
    expect(sequences).toEqual(sequences.map((_, index) => (sequences[0] ?? 0) + index));
    await bed().master.call(stalled, { kind: 'close' });
    await flood;
  });
});

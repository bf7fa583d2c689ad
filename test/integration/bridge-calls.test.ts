import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { StreamCall } from '../../shared/protocol/messages.ts';
import { topics } from '../../shared/protocol/topics.ts';
import { BridgeBed, type TestAgent } from '../support/bridge-bed.ts';

let bed: BridgeBed;
beforeEach(async () => {
  bed = await BridgeBed.start();
});
afterEach(() => bed.stop());

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
    const agent = await bed.readyNode('pi-1');
    const lines: string[] = [];
    const reading = (async () => {
      for await (const chunk of bed.bridge.openLogs({ node: 'pi-1', call, signal }))
        lines.push(chunk.toString());
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
    const agent = await bed.readyNode('pi-1');
    expect(() => bed.bridge.openLogs({ node: 'pi-9', call, signal })).toThrow(/not connected/);
    const open = async () => {
      for await (const _ of bed.bridge.openLogs({ node: 'pi-1', call, signal }));
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
  const open = () => bed.bridge.openStream({ node: 'pi-1', call, signal });

  test('input goes to the node in order, and both outputs come back in order', async () => {
    const agent = await bed.readyNode('pi-1', 2);
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
    await bed.readyNode('pi-2');
    expect(() => bed.bridge.openStream({ node: 'pi-2', call, signal })).toThrow(/"pi-2" is too old for exec/);
    const agent = await bed.readyNode('pi-1', 2);
    const stream = open();
    await expect.poll(() => agent.calls).toHaveLength(1);
    agent.kill();
    await expect(stream.ended).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
    await expect(stream.write(Buffer.from('x'))).rejects.toMatchObject({ reason: 'ServiceUnavailable' });
  });
});

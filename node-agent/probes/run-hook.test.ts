import { createServer } from 'node:http';
import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { aContainerSpec } from '../../test/support/container-spec.ts';
import type { FakeProcess } from '../runtime/fake-process.ts';
import { FakeRuntime } from '../runtime/fake-runtime.ts';
import { aContainer } from '../sync/pod-builders.ts';
import { runHook } from './run-hook.ts';

async function aBed(exec: (process: FakeProcess) => void = () => {}) {
  const clock = new FakeClock();
  const runtime = new FakeRuntime({ clock, images: ['app:1'], programs: { exec } });
  const { id } = await runtime.create(aContainerSpec({ image: 'app:1' }));
  await runtime.start(id);
  const host = async () => '127.0.0.1';
  const run = (handler: core.LifecycleHandler, signal = new AbortController().signal) =>
    runHook({ runtime, clock, host }, handler, { container: aContainer(), containerId: id }, signal);
  return { clock, run };
}

describe('a hook', () => {
  it('is a command that must end with 0', async () => {
    const good = await aBed(process => process.exit(0));
    await expect(good.run({ exec: { command: ['true'] } })).resolves.toBeUndefined();
    const bad = await aBed(process => void process.print('no').then(() => process.exit(2)));
    await expect(bad.run({ exec: { command: ['false'] } })).rejects.toThrow(
      'Exec lifecycle hook ([false]) for Container "web" failed - error: command exited with 2, message: "no"',
    );
  });

  it('is a request that needs an answer, of whatever status', async () => {
    const agents: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      agents.push(request.headers['user-agent']);
      response.writeHead(500).end();
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : expect.unreachable();
    const { run } = await aBed();
    await run({ httpGet: { port, path: '/started' } });
    expect(agents).toEqual(['kube-lifecycle/1.32']);
    await new Promise(resolve => server.close(resolve));
    await expect(run({ httpGet: { port, path: '/started' } })).rejects.toThrow(
      /^HTTP lifecycle hook \(\/started\) for Container "web" failed - error: .*connection refused$/,
    );
  });

  it('is a sleep, which ends when it is aborted', async () => {
    const { clock, run } = await aBed();
    let isOver = false;
    const slept = run({ sleep: { seconds: 3 } }).then(() => {
      isOver = true;
    });
    await clock.advance(2999);
    expect(isOver).toBe(false);
    await clock.advance(1);
    await slept;
    const stopping = new AbortController();
    const cut = run({ sleep: { seconds: 3 } }, stopping.signal);
    stopping.abort();
    await expect(cut).rejects.toThrow(stopping.signal.reason);
  });

  it('is no connection, as in the kubelet', async () => {
    const { run } = await aBed();
    await expect(run({ tcpSocket: { port: 80 } })).rejects.toThrow('invalid handler: tcpSocket');
  });
});

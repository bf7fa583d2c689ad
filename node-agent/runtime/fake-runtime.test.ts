import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { aContainerSpec } from '../../test/support/container-spec.ts';
import { RuntimeError } from './container-runtime.ts';
import { FakeRuntime } from './fake-runtime.ts';

async function aRunningContainer() {
  const clock = new FakeClock(1_000);
  const runtime = new FakeRuntime({ clock, images: ['app:1'] });
  const { id } = await runtime.create(aContainerSpec({ image: 'app:1' }));
  await runtime.start(id);
  return { clock, runtime, id };
}

describe('FakeRuntime, as a test scripts it', () => {
  it('fails the next call with the scripted fault, and only that one', async () => {
    const runtime = new FakeRuntime({ clock: new FakeClock(), images: ['app:1'] });
    runtime.failNext('create', new RuntimeError('create', 'no-space', 'no space left on device'));
    await expect(runtime.create(aContainerSpec({ image: 'app:1' }))).rejects.toMatchObject({
      failure: 'no-space',
    });
    await expect(runtime.create(aContainerSpec({ image: 'app:1' }))).resolves.toEqual({ id: 'fake-1' });
  });

  it('leaves an exited container with the message after a failed start', async () => {
    const runtime = new FakeRuntime({ clock: new FakeClock(5_000), images: ['app:1'] });
    const { id } = await runtime.create(aContainerSpec({ image: 'app:1' }));
    runtime.failNext('start', new RuntimeError('start', 'invalid', 'exec: "no": not found'));
    await expect(runtime.start(id)).rejects.toThrow('not found');
    expect(runtime.snapshot()[0]?.state).toMatchObject({
      kind: 'exited',
      exitCode: 128,
      finishedAtMs: 5_000,
    });
  });

  it('is unreachable until it is reachable again, and hints then', async () => {
    const { runtime } = await aRunningContainer();
    const abort = new AbortController();
    const changes = runtime.changes(abort.signal);
    await changes.next();
    runtime.setReachable(false);
    await expect(runtime.list()).rejects.toMatchObject({ failure: 'unreachable' });
    const hint = changes.next();
    runtime.setReachable(true);
    await expect(hint).resolves.toMatchObject({ done: false });
    expect(await runtime.list()).toHaveLength(1);
    abort.abort();
    await expect(changes.next()).resolves.toMatchObject({ done: true });
  });

  it('kills for memory, restarts its engine, and loses containers', async () => {
    const { runtime, id } = await aRunningContainer();
    runtime.killForMemory(id);
    expect(runtime.snapshot()[0]?.state).toMatchObject({ kind: 'exited', exitCode: 137, oomKilled: true });
    await runtime.start(id);
    runtime.restartEngine();
    expect(runtime.snapshot()[0]?.state).toMatchObject({ kind: 'exited', exitCode: 255 });
    runtime.vanish(id);
    expect(await runtime.list()).toEqual([]);
  });

  it('waits the whole grace for a container that ignores SIGTERM', async () => {
    const { clock, runtime, id } = await aRunningContainer();
    runtime.ignoreTerm(id);
    const stopped = runtime.stop(id, 30);
    await clock.advance(29_000);
    expect(runtime.snapshot()[0]?.state.kind).toBe('running');
    await clock.advance(1_000);
    await stopped;
    expect(runtime.snapshot()[0]?.state).toMatchObject({ exitCode: 137, finishedAtMs: 31_000 });
  });

  it('holds a call until it is released or aborted', async () => {
    const runtime = new FakeRuntime({ clock: new FakeClock() });
    runtime.offerImage('app:2');
    const release = runtime.holdNext('pull');
    const pulled = runtime.pull('app:2');
    expect(await runtime.image('app:2')).toBeUndefined();
    release();
    await pulled;
    expect(await runtime.image('app:2')).toMatchObject({ sizeBytes: 1_000_000 });

    runtime.holdNext('pull');
    const abort = new AbortController();
    const aborted = runtime.pull('app:2', { signal: abort.signal });
    abort.abort(new Error('stop'));
    await expect(aborted).rejects.toThrow('stop');
  });
});

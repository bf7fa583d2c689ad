import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { FakeRuntime } from '../runtime/fake-runtime.ts';
import { ImagePuller } from './image-puller.ts';

const signal = new AbortController().signal;
const withPassword = (password: string) => ({ username: 'u', password, serveraddress: 'r' });
const pullsOf = (runtime: FakeRuntime) => runtime.calls.filter(call => call.startsWith('pull'));

function aPuller(parallel: number) {
  const clock = new FakeClock();
  const runtime = new FakeRuntime({ clock });
  for (const image of ['a:1', 'b:1', 'c:1']) runtime.offerImage(image);
  return { clock, runtime, puller: new ImagePuller({ runtime, clock }, { parallel }) };
}

describe('ImagePuller', () => {
  it('pulls so many at a time, in the order asked for, and tells the wait', async () => {
    const { clock, runtime, puller } = aPuller(2);
    const releases = [runtime.holdNext('pull'), runtime.holdNext('pull')];
    const pulls = ['a:1', 'b:1', 'c:1'].map(image => puller.pull(image, [], signal));
    await clock.advance(3000);
    expect(pullsOf(runtime)).toEqual(['pull a:1', 'pull b:1']);
    releases[1]?.();
    expect(await pulls[2]).toMatchObject({ pullMs: 0, totalMs: 3000, presence: { imageId: 'sha256:c:1' } });
    releases[0]?.();
    expect(await pulls[0]).toMatchObject({ pullMs: 3000, totalMs: 3000 });
  });

  it('gives the turn on after a failure, and of one that is waited for no more', async () => {
    const { runtime, puller } = aPuller(1);
    runtime.failNext('pull', new RuntimeError('pull', 'no-space', 'full'));
    const release = runtime.holdNext('pull');
    const failed = expect(puller.pull('a:1', [], signal)).rejects.toMatchObject({ failure: 'no-space' });
    const leaving = new AbortController();
    const left = expect(puller.pull('b:1', [], leaving.signal)).rejects.toThrow('enough');
    const last = puller.pull('c:1', [], signal);
    leaving.abort(new Error('enough'));
    release();
    await Promise.all([failed, left, last]);
    expect(pullsOf(runtime)).toEqual(['pull a:1', 'pull c:1']);
  });

  it('tries each of the credentials', async () => {
    const { runtime, puller } = aPuller(1);
    runtime.offerImage('a:1', 'right');
    await puller.pull('a:1', [withPassword('wrong'), withPassword('right')], signal);
    expect(pullsOf(runtime)).toHaveLength(2);
    const refused = puller.pull('a:1', [withPassword('wrong'), withPassword('bad')], signal);
    await expect(refused).rejects.toMatchObject({
      failure: 'image-unauthorized',
      message: 'unauthorized: authentication required',
    });
  });

  it('tries no other credentials where they are not to blame', async () => {
    const { runtime, puller } = aPuller(1);
    runtime.failNext('pull', new RuntimeError('pull', 'registry-unreachable', 'no route'));
    const pulled = puller.pull('a:1', [withPassword('p'), withPassword('q')], signal);
    await expect(pulled).rejects.toMatchObject({ failure: 'registry-unreachable' });
    expect(pullsOf(runtime)).toHaveLength(1);
  });
});

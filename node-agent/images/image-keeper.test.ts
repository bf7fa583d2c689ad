import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import type { EventReport, NodeReport } from '../../shared/protocol/messages.ts';
import { aContainerSpec } from '../../test/support/container-spec.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { FakeRuntime } from '../runtime/fake-runtime.ts';
import { ImageKeeper, type WantedImages } from './image-keeper.ts';

const LOOK_MS = 300_000;

/** A disk of 1000 bytes that holds nothing but the images of a fake runtime. */
function aKeeper(images: Readonly<Record<string, number>>, wanted: readonly string[] | 'unknown' = []) {
  const clock = new FakeClock();
  const runtime = new FakeRuntime({ clock });
  for (const [name, sizeBytes] of Object.entries(images)) runtime.addImage(name, { sizeBytes });
  const events: EventReport[] = [];
  const told: NonNullable<NodeReport['images']>[] = [];
  const disk = async () => {
    const used = runtime.imageSnapshot().reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { capacityBytes: 1000, availableBytes: 1000 - used };
  };
  const wantedImages = (): WantedImages | undefined =>
    wanted === 'unknown' ? undefined : { references: new Set(wanted), ids: new Set() };
  const keeper = new ImageKeeper(
    {
      runtime,
      clock,
      log: pino({ level: 'silent' }),
      disk,
      wanted: wantedImages,
      emit: event => events.push(event),
      onImages: each => told.push(each),
    },
    { highPercent: 85, lowPercent: 80, minAgeMs: 120_000 },
  );
  const stopping = new AbortController();
  const ended = keeper.run(stopping.signal);
  onTestFinished(async () => {
    stopping.abort();
    await ended;
  });
  const names = () => runtime.imageSnapshot().flatMap(({ tags }) => tags);
  return { clock, runtime, keeper, events, told, names };
}

describe('ImageKeeper', () => {
  it('removes unused images from the high mark down to the low one', async () => {
    const { clock, names, events } = aKeeper({ 'a:1': 50, 'b:1': 50, 'c:1': 800 }, ['c:1']);
    await clock.advance(0);
    expect(names()).toEqual(['c:1']);
    expect(events).toEqual([]);
  });

  it('keeps what a pod names in whatever spelling, and what a container was made from', async () => {
    const { clock, runtime, names, events } = aKeeper({ 'app:latest': 400, 'used:1': 500 }, [
      'docker.io/library/app',
    ]);
    await runtime.create(aContainerSpec({ image: 'used:1' }));
    await clock.advance(LOOK_MS);
    expect(names()).toEqual(['app:latest', 'used:1']);
    expect(events.at(-1)).toEqual({
      type: 'Warning',
      reason: 'FreeDiskSpaceFailed',
      message:
        'Failed to garbage collect required amount of images. Attempted to free 100 bytes, but only found 0 bytes eligible to free.',
    });
  });

  it('removes nothing while it is not known what is to run', async () => {
    const { clock, names } = aKeeper({ 'a:1': 900 }, 'unknown');
    await clock.advance(LOOK_MS);
    expect(names()).toEqual(['a:1']);
  });

  it('leaves an image that has just come, until it is two minutes old', async () => {
    const { clock, runtime, keeper, names } = aKeeper({ 'old:1': 10 });
    await clock.advance(1000);
    runtime.addImage('new:1', { sizeBytes: 950 });
    keeper.wake();
    await clock.advance(119_000);
    keeper.wake();
    await clock.advance(0);
    expect(names()).toEqual(['new:1']);
    await clock.advance(LOOK_MS);
    expect(names()).toEqual([]);
  });

  it('takes an image that turns out to be used for a young one', async () => {
    const { clock, runtime, names } = aKeeper({ 'a:1': 500, 'b:1': 450 });
    runtime.failNext('removeImage', new RuntimeError('removeImage', 'conflict', 'in use'));
    await clock.advance(0);
    expect(names()).toEqual(['a:1']);
  });

  it('says that it failed when it did so twice', async () => {
    const { clock, runtime, keeper, events } = aKeeper({});
    runtime.failNext('images', new RuntimeError('images', 'other', 'odd'));
    runtime.failNext('images', new RuntimeError('images', 'unreachable', 'away'));
    runtime.failNext('images', new RuntimeError('images', 'other', 'odd'));
    for (let look = 0; look < 3; look++) {
      await clock.advance(0);
      keeper.wake();
    }
    await clock.advance(0);
    expect(events).toEqual([
      {
        type: 'Warning',
        reason: 'ImageGCFailed',
        message: 'Image garbage collection failed multiple times in a row: odd',
      },
    ]);
  });

  it('tells of the fifty largest images', async () => {
    const images = Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`i:${index}`, index]));
    const { clock, told } = aKeeper(images, Object.keys(images));
    await clock.advance(0);
    expect(told.at(-1)).toHaveLength(50);
    expect(told.at(-1)?.[0]).toEqual({ names: ['i:59'], sizeBytes: 59 });
  });
});

/** Pulls from a real registry, by both engines: names, digests, passwords, and links that hang and break. */
import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { type Clock, FakeClock, systemClock } from '../../shared/clock.ts';
import { aContainerSpec } from '../support/container-spec.ts';
import { loadImage } from '../support/image.ts';
import { startPodman } from '../support/podman.ts';
import { REGISTRY_USER, TestRegistry } from '../support/registry.ts';

const SMALL_BYTES = 100_000;
const LARGE_BYTES = 24_000_000;

/** A layer that no compression makes smaller, and that no engine has yet. */
function aLayer(bytes: number): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: `file-${bytes}` }, randomBytes(bytes));
  tar.finalize();
  return buffer(tar);
}

let open: TestRegistry;
let guarded: TestRegistry;
let podman: Awaited<ReturnType<typeof startPodman>>;
beforeAll(async () => {
  open = await TestRegistry.start();
  guarded = await TestRegistry.start({ hasPassword: true });
  podman = await startPodman({ insecureRegistries: [open.host, guarded.host] });
});
afterAll(async () => {
  await Promise.all([open?.close(), guarded?.close()]);
  await podman?.close();
});

describe.each([
  { engine: 'Docker', socket: () => '/var/run/docker.sock' },
  { engine: 'Podman', socket: () => podman.socketPath },
])('$engine', ({ engine, socket }) => {
  const owner = { cluster: `test-${randomUUID()}`, node: 'node-1' };
  const runtimeOf = (clock: Clock = systemClock) => new DockerRuntime({ owner, clock, socketPath: socket() });
  const made = async (name: string) =>
    (await runtimeOf().images()).find(({ tags, digests }) =>
      [...tags, ...digests].some(each => each.startsWith(name)),
    );
  const forget = async (name: string) => {
    for (let image = await made(name); image; image = await made(name)) await runtimeOf().removeImage(image);
  };
  /** In the registry, and not on the engine any more. */
  const offered = async (registry: TestRegistry, layers: readonly number[] = [SMALL_BYTES]) => {
    const name = `${registry.host}/${engine.toLowerCase()}-${randomUUID().slice(0, 8)}`;
    const reference = `${name}:1`;
    await loadImage(reference, await Promise.all(layers.map(aLayer)), socket());
    await registry.push(socket(), reference);
    await forget(name);
    names.push(name);
    registry.sentBytes.clear();
    return { name, reference };
  };
  const names: string[] = [];
  afterEach(async () => {
    for (const registry of [open, guarded]) registry.set('up');
    const runtime = runtimeOf();
    for (const { id } of await runtime.list()) await runtime.remove(id);
    for (const name of names.splice(0)) await forget(name);
  });

  it('pulls by tag, and by digest, and knows the image by each of its names', async () => {
    const runtime = runtimeOf();
    const { name, reference } = await offered(open);
    await runtime.pull(reference);
    const presence = await runtime.image(reference);
    expect(presence?.imageId).toMatch(/^sha256:[0-9a-f]{64}$/);
    const digest = presence?.digests.find(each => each.startsWith(`${name}@sha256:`)) ?? '';
    expect(digest).not.toBe('');
    await forget(name);
    expect(await runtime.image(reference)).toBeUndefined();
    for (const wanted of [digest, digest.replace('@', ':1@')]) {
      await runtime.pull(wanted);
      expect(await runtime.image(wanted)).toMatchObject({ imageId: presence?.imageId });
      expect(await runtime.image(presence?.imageId ?? '')).toMatchObject({ imageId: presence?.imageId });
      await forget(name);
    }
  });

  it('shows a registry the password that it wants', async () => {
    const runtime = runtimeOf();
    const { reference } = await offered(guarded);
    const unauthorized = { name: 'RuntimeError', failure: 'image-unauthorized' };
    await expect(runtime.pull(reference)).rejects.toMatchObject(unauthorized);
    const credentials = { ...REGISTRY_USER, serveraddress: guarded.host };
    const wrong = runtime.pull(reference, { credentials: { ...credentials, password: 'wrong' } });
    await expect(wrong).rejects.toMatchObject(unauthorized);
    await runtime.pull(reference, { credentials });
    expect(await runtime.image(reference)).toBeDefined();
  });

  it('says that a registry has no such image, and that one is not to be reached', async () => {
    const runtime = runtimeOf();
    const missing = runtime.pull(`${open.host}/no-such-image:1`);
    await expect(missing).rejects.toMatchObject({ failure: 'image-not-found' });
    open.set('cut');
    const cut = runtime.pull(`${open.host}/no-such-image:1`);
    await expect(cut).rejects.toMatchObject({ failure: 'registry-unreachable' });
  });

  it('lists images with all their names, and removes what no container was made from', async () => {
    const runtime = runtimeOf();
    const { name, reference } = await offered(open);
    await runtime.pull(reference);
    const { id } = await runtime.create(aContainerSpec({ image: reference, command: ['none'] }));
    const used = await made(name);
    expect(used).toMatchObject({ isUsed: true, tags: [reference] });
    expect(used?.sizeBytes).toBeGreaterThanOrEqual(SMALL_BYTES);
    if (used) await expect(runtime.removeImage(used)).rejects.toMatchObject({ failure: 'conflict' });
    await runtime.remove(id);
    const unused = await made(name);
    expect(unused).toMatchObject({ id: used?.id, isUsed: false });
    if (unused) await runtime.removeImage(unused);
    expect(await made(name)).toBeUndefined();
    if (unused) await runtime.removeImage(unused);
  });

  it('goes on where it was when the link was cut and is back', async () => {
    const runtime = runtimeOf();
    const { reference } = await offered(open, [SMALL_BYTES, LARGE_BYTES]);
    const cut = open.after(0.75 * LARGE_BYTES, 'cut');
    const pulling = runtime.pull(reference).catch((error: unknown) => error);
    await cut;
    open.set('up');
    const failure = await pulling;
    // Docker goes on with the layer by itself; Podman gives up, and tries anew when the agent does.
    if (engine === 'Docker') expect(failure).toBeUndefined();
    if (failure !== undefined) {
      expect(failure).toMatchObject({ failure: 'registry-unreachable' });
      await runtime.pull(reference);
    }
    expect(await runtime.image(reference)).toBeDefined();
    const [large = 0, small = 0] = [...open.sentBytes.values()].sort((a, b) => b - a);
    expect(small).toBeLessThan(1.5 * SMALL_BYTES);
    if (engine === 'Docker') expect(large).toBeLessThan(1.5 * LARGE_BYTES);
  });

  it('leaves a pull that hangs; the next one fetches what is missing', async () => {
    const clock = new FakeClock();
    const { reference } = await offered(open, [SMALL_BYTES, LARGE_BYTES]);
    const hung = open.after(LARGE_BYTES / 2, 'hung');
    let failure: unknown;
    const pulling = runtimeOf(clock)
      .pull(reference)
      .catch((error: unknown) => {
        failure = error;
      });
    await hung;
    await vi.waitFor(
      async () => {
        await clock.advance(60_000);
        expect(failure).toMatchObject({ failure: expect.stringMatching(/unreachable$/) });
      },
      { timeout: 20_000 },
    );
    await pulling;
    open.set('up');
    await runtimeOf().pull(reference);
    expect(await runtimeOf().image(reference)).toBeDefined();
  });
});

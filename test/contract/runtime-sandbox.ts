/** What every ContainerRuntime keeps to about the sandbox of a pod and those that join it. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ContainerRuntime, SANDBOX_IMAGE } from '../../node-agent/runtime/container-runtime.ts';
import { aContainerSpec } from '../support/container-spec.ts';
import { CONTRACT_PROGRAMS, type ContractSubject } from './runtime.ts';

export function sandboxContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`${name} keeps the contract of sandboxes`, () => {
    let subject: ContractSubject;
    let runtime: ContainerRuntime;
    beforeAll(async () => {
      subject = await open();
      runtime = subject.runtime;
    });
    afterEach(async () => {
      for (const { id } of await runtime.list()) await runtime.remove(id);
    });
    afterAll(() => subject?.close());

    const aSandbox = async (attempt = 0) => {
      await runtime.makeSandboxImage();
      const { id } = await runtime.create(
        aContainerSpec({
          image: SANDBOX_IMAGE,
          command: ['/pause'],
          ipc: { kind: 'shareable' },
          stopGraceSeconds: 0,
          labels: { container: 'POD', attempt },
        }),
      );
      return id;
    };
    const aMember = async (id: string) => {
      const joined = { kind: 'container', id } as const;
      const { image } = subject;
      const spec = { image, command: CONTRACT_PROGRAMS.idle, network: joined, ipc: joined, pid: joined };
      return (await runtime.create(aContainerSpec(spec))).id;
    };
    const stateOf = async (id: string) => (await runtime.list()).find(each => each.id === id)?.state.kind;

    it('makes the image as often as it is asked', async () => {
      await runtime.makeSandboxImage();
      await runtime.makeSandboxImage();
      expect(await runtime.image(SANDBOX_IMAGE)).toBeDefined();
    });

    it('gives the sandbox an address, and its members none of their own', async () => {
      const sandbox = await aSandbox();
      await runtime.start(sandbox);
      const member = await aMember(sandbox);
      await runtime.start(member);
      const found = new Map((await runtime.list()).map(({ id, ip }) => [id, ip]));
      expect(found.get(sandbox)).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(found.get(member)).toBeUndefined();
    });

    it('starts nothing that joins what does not run', async () => {
      const member = await aMember(await aSandbox());
      await expect(runtime.start(member)).rejects.toMatchObject({ operation: 'start', failure: 'conflict' });
      expect(await stateOf(member)).not.toBe('running');
    });

    it('stops a sandbox at once', async () => {
      const sandbox = await aSandbox();
      await runtime.start(sandbox);
      await runtime.stop(sandbox, 0);
      expect(await stateOf(sandbox)).toBe('exited');
    });

    it('keeps what runs apart from a sandbox that comes later', async () => {
      const first = await aSandbox();
      await runtime.start(first);
      await runtime.remove(first);
      const second = await aSandbox(1);
      await runtime.start(second);
      const member = await aMember(second);
      await runtime.start(member);
      expect(await stateOf(member)).toBe('running');
    });
  });
}

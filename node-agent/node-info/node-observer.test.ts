import { expect, it } from 'vitest';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { createNodeObserver } from './node-observer.ts';

const observer = createNodeObserver({ agentFolder: '/tmp' });

it('observes the machine that the tests run on', async () => {
  const facts = observer.facts();
  expect(facts.cpuCount).toBeGreaterThan(0);
  expect(facts.memoryBytes).toBeGreaterThan(0);
  expect(facts.storageBytes).toBeGreaterThan(0);
  expect(facts.deviceId).not.toBe('');
  const sample = observer.sample();
  expect(sample.memoryBytes).toBeGreaterThan(0);
  expect(sample.memoryBytes).toBeLessThan(facts.memoryBytes);
  expect(sample.cpuMilli).toBeLessThanOrEqual(facts.cpuCount * 1000);
});

it('judges the engine with the device', async () => {
  const conditions = await observer.health(new RuntimeError('info', 'unreachable', 'away'));
  expect(conditions).toContainEqual(
    expect.objectContaining({ type: 'ContainerRuntimeUnavailable', status: 'True' }),
  );
});

it('describes no hardware without a command, and rejects one that fails', async () => {
  expect(await observer.hardware()).toBeUndefined();
  const broken = createNodeObserver({
    agentFolder: '/tmp',
    hardwareCommand: { file: process.execPath, args: ['-e', 'console.log(1)'] },
  });
  await expect(broken.hardware()).rejects.toThrow();
});

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BridgeBed } from '../support/bridge-bed.ts';

let bed: BridgeBed;
beforeEach(async () => {
  bed = await BridgeBed.start();
});
afterEach(() => bed.stop());

describe('joining', () => {
  test('makes the Node and a credential that works; the name is taken while it is connected', async () => {
    await bed.readyNode('pi-1');
    expect(await bed.join('pi-1', 'another')).toMatchObject({ ok: false, reason: 'NameTaken' });
    expect(bed.view.get('Node', { name: 'pi-1' })?.metadata.labels).toEqual({
      'kubernetes.io/hostname': 'pi-1',
      'kubernetes.io/arch': 'arm64',
    });
  });

  test('makes a name when none is wanted, and refuses one that is none', async () => {
    expect(await bed.join(undefined)).toMatchObject({
      ok: true,
      node: expect.stringMatching(/^node-[a-z0-9]{5}$/),
    });
    expect(await bed.join('Pi_1')).toMatchObject({ ok: false, reason: 'InvalidName' });
  });

  test('a card flashed again takes its node over, and the old credential stops working', async () => {
    const first = await bed.joined('pi-1');
    const second = await bed.joined('pi-1');
    await expect(bed.connect(first)).rejects.toThrow();
    await bed.connect(second);
    expect(bed.view.list('Node')).toHaveLength(1);
  });

  test('deleting the node puts it out and revokes its credential', async () => {
    const credential = await bed.joined('pi-1');
    const agent = await bed.connect(credential);
    const closed = new Promise<void>(resolve => agent.client.once('close', resolve));
    await bed.registry.delete('Node', { name: 'pi-1' });
    await closed;
    await expect(bed.connect(credential)).rejects.toThrow();
  });
});

describe('losing and finding nodes', () => {
  test('a closed connection is noticed at once; the same process comes back at once', async () => {
    const credential = await bed.joined('pi-1');
    const agent = await bed.connect(credential);
    await agent.reportNode();
    await expect.poll(() => bed.ready('pi-1')).toBe('True');
    agent.kill();
    await expect
      .poll(() => bed.conditionOf('pi-1', 'Ready'))
      .toMatchObject({
        status: 'Unknown',
        reason: 'NodeStatusUnknown',
        message: 'agent stopped posting heartbeats',
      });
    await bed.connect(credential);
    await expect.poll(() => bed.ready('pi-1')).toBe('True');
  });

  test('a wrong clock is told from the time in a report, and so is its end', async () => {
    const agent = await bed.readyNode('pi-1');
    expect(bed.conditionOf('pi-1', 'ClockSkewed')).toMatchObject({ status: 'False', reason: 'ClockInStep' });
    await agent.reportNode([], { clockMs: 0 });
    await expect
      .poll(() => bed.conditionOf('pi-1', 'ClockSkewed'))
      .toMatchObject({ status: 'True', reason: 'ClockBehind' });
    await agent.reportNode();
    await expect.poll(() => bed.conditionOf('pi-1', 'ClockSkewed')).toMatchObject({ status: 'False' });
  });

  test('a silent node is noticed, and is back with its next heartbeat', async () => {
    const agent = await bed.readyNode('pi-1');
    agent.fallSilent();
    await expect.poll(() => bed.ready('pi-1'), { timeout: 10_000 }).toBe('Unknown');
    agent.beat();
    await expect.poll(() => bed.ready('pi-1')).toBe('True');
  });

  test('a second connection of the same process replaces the first without a loss', async () => {
    const credential = await bed.joined('pi-1');
    const first = await bed.connect(credential);
    await first.reportNode();
    await expect.poll(() => bed.ready('pi-1')).toBe('True');
    const { revision } = bed.view;
    const second = await bed.connect(credential);
    await expect.poll(() => first.client.connected).toBe(false);
    await expect.poll(() => second.sets).not.toEqual([]);
    await bed.bridge.idle();
    expect(bed.writesSince(revision)).toEqual([]);
  });

  test('two devices with one identity: a condition, and nothing for the second until the first is gone', async () => {
    const credential = await bed.joined('pi-1');
    const first = await bed.connect(credential, { epoch: 'first' });
    await first.reportNode();
    const second = await bed.connect(credential, { epoch: 'second' });
    await second.reportNode();
    await bed.bindPod('web', 'pi-1');
    await expect
      .poll(() => bed.conditionOf('pi-1', 'IdentityConflict')?.status, { timeout: 10_000 })
      .toBe('True');
    expect(bed.conditionOf('pi-1', 'IdentityConflict')?.message).toContain('--name');
    expect([first.documents.length, second.documents.length, second.sets.length]).toEqual([1, 0, 0]);
    first.kill();
    await expect.poll(() => second.documents).toHaveLength(1);
    await expect.poll(() => bed.conditionOf('pi-1', 'IdentityConflict')?.status).toBe('False');
  });

  test('a restarted master keeps a node Ready while it may come back, then gives it up', async () => {
    const agent = await bed.readyNode('pi-1');
    agent.stop();
    await expect.poll(() => bed.ready('pi-1')).toBe('Unknown');
    const node = bed.view.get('Node', { name: 'pi-1' });
    if (node === undefined) throw new Error('the node is there');
    const conditions = [{ type: 'Ready', status: 'True', reason: 'AgentReady', message: '' }];
    await bed.stopMaster();
    await bed.registry.updateStatus('Node', { ...node, status: { ...node.status, conditions } });
    await bed.startMaster();
    await bed.bridge.idle();
    expect(bed.ready('pi-1')).toBe('True');
    await expect.poll(() => bed.ready('pi-1')).toBe('Unknown');
  });
});

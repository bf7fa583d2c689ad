import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PodStatus } from '../../shared/kubernetes/objects.ts';
import { topics } from '../../shared/protocol/topics.ts';
import { BridgeBed, type TestAgent } from '../support/bridge-bed.ts';

const RUNNING: PodStatus = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

let bed: BridgeBed;
beforeEach(async () => {
  bed = await BridgeBed.start();
});
afterEach(() => bed.stop());

describe('desired sets', () => {
  test('documents come first, then the index, and only what this process has not had', async () => {
    const agent = await bed.readyNode('pi-1');
    await expect.poll(() => agent.sets.at(-1)?.pods).toEqual([]);
    const pod = await bed.bindPod('web', 'pi-1');
    await expect.poll(() => agent.sets.at(-1)?.pods.map(({ uid }) => uid)).toEqual([pod.metadata.uid]);
    expect(agent.documents.map(({ document }) => document.name)).toEqual(['web']);
    await bed.bindPod('db', 'pi-1');
    await expect.poll(() => agent.sets.at(-1)?.pods).toHaveLength(2);
    expect(agent.documents.map(({ document }) => document.name)).toEqual(['web', 'db']);
    const generations = agent.sets.map(({ generation }) => generation);
    expect(generations).toEqual(generations.toSorted((a, b) => a - b));
    expect(agent.sets.at(-1)).toMatchObject({ cluster: 'cluster-uid', incarnation: 1, epoch: 'epoch-1' });
  });

  test('a node gets the secrets of its own pods, and nothing of another node', async () => {
    const secret = { apiVersion: 'v1', kind: 'Secret', data: { password: 'aHVudGVyMg==' } };
    for (const name of ['used', 'unused']) {
      await bed.registry.create('Secret', { ...secret, metadata: { namespace: 'default', name } });
    }
    const [mine, other] = [await bed.readyNode('pi-1'), await bed.readyNode('pi-2')];
    const envFrom = [{ secretRef: { name: 'used' } }];
    await bed.bindPod('web', 'pi-1', { containers: [{ name: 'main', image: 'img', envFrom }] });
    await expect.poll(() => mine.documents[0]?.document.secrets).toEqual({ used: { data: secret.data } });
    // It knows the digest, and asks for what is not its own.
    const request = { epoch: other.epoch, documents: [mine.documents[0]?.digest] };
    await other.client.publishAsync(topics.requests('pi-2'), JSON.stringify(request), { qos: 1 });
    await bed.bindPod('db', 'pi-2');
    await expect.poll(() => other.sets.at(-1)?.pods).toHaveLength(1);
    expect(other.documents.map(({ document }) => document.name)).toEqual(['db']);
  });

  test('a node gets the tokens that volumes of its own pods ask for, and no others', async () => {
    const metadata = { namespace: 'default', name: 'default' };
    await bed.registry.create('ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata });
    const [mine, other] = [await bed.readyNode('pi-1'), await bed.readyNode('pi-2')];
    const { uid } = (await bed.bindPod('web', 'pi-1')).metadata;
    const ask = async (agent: TestAgent, more: object = {}) => {
      const token = { podUid: uid, audience: '', expirationSeconds: 3607, ...more };
      const request = JSON.stringify({ epoch: agent.epoch, documents: [], tokens: [token] });
      const count = agent.tokens.length;
      await agent.client.publishAsync(topics.requests(agent.node), request, { qos: 1 });
      await expect.poll(() => agent.tokens.length).toBe(count + 1);
      return agent.tokens.at(-1);
    };
    const issued = await ask(mine);
    expect(issued).toMatchObject({ podUid: uid, validSeconds: 3607, token: expect.any(String) });
    const identity = bed.tokens.verify(bed.view, issued?.token ?? '')?.identity;
    expect(identity).toMatchObject({
      user: 'system:serviceaccount:default:default',
      extra: { 'authentication.kubernetes.io/node-name': ['pi-1'] },
    });
    expect(await ask(other)).toMatchObject({ error: 'no such pod on this node' });
    for (const more of [{ audience: 'vault' }, { expirationSeconds: 1e6 }])
      expect(await ask(mine, more)).toMatchObject({ error: 'no volume of the pod asks for this token' });
    for (const agent of [mine, other])
      expect(JSON.stringify(agent.documents)).not.toContain(issued?.token ?? 'no token');
    await bed.registry.delete('Pod', { namespace: 'default', name: 'web' }, { gracePeriodSeconds: 0 });
    await expect.poll(() => bed.tokens.verify(bed.view, issued?.token ?? '')).toBeUndefined();
  });

  test('a changed ConfigMap brings a new document', async () => {
    const config = await bed.registry.create('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: 'settings' },
      data: { colour: 'red' },
    });
    const agent = await bed.readyNode('pi-1');
    await bed.bindPod('web', 'pi-1', { volumes: [{ name: 'v', configMap: { name: 'settings' } }] });
    await expect.poll(() => agent.documents).toHaveLength(1);
    await bed.registry.update('ConfigMap', { ...config, data: { colour: 'blue' } });
    await expect
      .poll(() => agent.documents.at(-1)?.document.configMaps.settings?.data)
      .toEqual({ colour: 'blue' });
  });

  test('a missed document is sent again when the agent asks', async () => {
    const agent = await bed.readyNode('pi-1');
    await bed.bindPod('web', 'pi-1');
    await expect.poll(() => agent.documents).toHaveLength(1);
    const request = { epoch: agent.epoch, documents: [agent.documents[0]?.digest] };
    await agent.client.publishAsync(topics.requests('pi-1'), JSON.stringify(request), { qos: 1 });
    await expect.poll(() => agent.documents).toHaveLength(2);
  });

  test('a pod that no message can carry is left out, with an event', async () => {
    const agent = await bed.readyNode('pi-1');
    const data = { blob: 'x'.repeat(1024 * 1024) };
    const names = ['a', 'b', 'c', 'd', 'e'];
    for (const name of names) {
      const metadata = { namespace: 'default', name };
      await bed.registry.create('ConfigMap', { apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
    }
    await bed.bindPod('huge', 'pi-1', { volumes: names.map(name => ({ name, configMap: { name } })) });
    await bed.bindPod('small', 'pi-1');
    await expect
      .poll(() => agent.documents.map(({ document }) => document.name), { timeout: 10_000 })
      .toEqual(['small']);
    expect(bed.events).toEqual(['Pod huge PodTooLarge']);
  });
});

describe('reports', () => {
  test('a pod runs, is deleted, and is gone', async () => {
    const agent = await bed.readyNode('pi-1');
    const { uid } = (await bed.bindPod('web', 'pi-1')).metadata;
    await agent.report([{ uid, status: RUNNING }], {
      events: [{ podUid: uid, type: 'Normal', reason: 'Started', message: 'x' }],
    });
    const ref = { namespace: 'default', name: 'web' };
    await expect.poll(() => bed.view.get('Pod', ref)?.status?.phase).toBe('Running');
    expect(bed.events).toEqual(['Pod web Started']);
    await agent.report([{ uid, status: RUNNING, gone: true }]);
    await bed.registry.delete('Pod', ref);
    await expect.poll(() => agent.sets.at(-1)?.pods[0]?.terminateWithinSeconds).toBe(30);
    await agent.report([{ uid, status: RUNNING, gone: true }]);
    await expect.poll(() => bed.view.get('Pod', ref)).toBeUndefined();
    await expect.poll(() => agent.sets.at(-1)?.pods).toEqual([]);
  });

  test('a node cannot speak of the pods of another', async () => {
    const agent = await bed.readyNode('pi-1');
    const foreign = await bed.bindPod('web', 'pi-2');
    const { uid } = foreign.metadata;
    const own = (await bed.bindPod('own', 'pi-1')).metadata;
    await agent.report([
      { uid, status: RUNNING },
      { uid: own.uid, status: RUNNING },
    ]);
    await expect
      .poll(() => bed.view.get('Pod', { namespace: 'default', name: 'own' })?.status?.phase)
      .toBe('Running');
    expect(bed.view.get('Pod', { namespace: 'default', name: 'web' })?.status).toEqual(foreign.status);
  });

  test('the agent says why it cannot run pods', async () => {
    const agent = await bed.readyNode('pi-1');
    const message = 'no Docker Engine answers: apt-get install docker.io';
    await agent.reportNode([{ type: 'Ready', status: 'False', reason: 'RuntimeUnreachable', message }]);
    await expect.poll(() => bed.conditionOf('pi-1', 'Ready')).toMatchObject({ status: 'False', message });
  });

  test('heartbeats write nothing, and are known', async () => {
    const agent = await bed.readyNode('pi-1');
    await bed.bridge.idle();
    const { revision } = bed.view;
    agent.beat({ cpuMilli: 250, memoryBytes: 1e9, temperatureMilliCelsius: 51_000 });
    await expect.poll(() => bed.bridge.liveness.usageOf('pi-1')?.temperatureMilliCelsius).toBe(51_000);
    agent.beat();
    await agent.reportNode();
    await bed.bridge.idle();
    expect(bed.bridge.liveness.usageOf('pi-1')?.cpuMilli).toBe(250);
    expect(bed.writesSince(revision)).toEqual([]);
  });
});

/** Owners and what they own: every propagation policy, several owners, circles; and what a namespace takes with it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.addNode('n1');
});
afterAll(() => plane.stop());

const CORE = '/api/v1/namespaces/default';
const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const CONTROLLERS = `${CORE}/replicationcontrollers`;
const template = (app: string) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: 'hello' }] },
});
const labelled = (app: string) => (object: { metadata: { labels?: Readonly<Record<string, string>> } }) =>
  object.metadata.labels?.app === app;
const podsOf = (app: string) => plane.cache.list('Pod', 'default').filter(labelled(app));
const setsOf = (app: string) => plane.cache.list('ReplicaSet', 'default').filter(labelled(app));
const areRunning = (app: string, count: number) => () =>
  podsOf(app).filter(({ status }) => status?.phase === 'Running').length === count;

async function aDeployment(app: string): Promise<void> {
  const spec = { replicas: 2, selector: { matchLabels: { app } }, template: template(app) };
  await plane.create(DEPLOYMENTS, { metadata: { name: app, labels: { app } }, spec });
  await plane.until(areRunning(app, 2));
}

async function aController(app: string, replicas = 4): Promise<Json> {
  const spec = { replicas, selector: { app }, template: template(app) };
  const made = await plane.create(CONTROLLERS, { metadata: { name: app }, spec });
  await plane.until(areRunning(app, replicas));
  return made;
}

describe('in the background', () => {
  it('a Deployment takes its ReplicaSets and pods along', async () => {
    await aDeployment('background');
    await plane.remove(`${DEPLOYMENTS}/background`, { propagationPolicy: 'Background' });
    await plane.until(() => setsOf('background').length + podsOf('background').length === 0);
  });

  it('a ReplicationController takes its pods along', async () => {
    await aController('rc-background');
    await plane.remove(`${CONTROLLERS}/rc-background`, { propagationPolicy: 'Background' });
    await plane.until(() => podsOf('rc-background').length === 0);
  });
});

describe('orphans', () => {
  it('are the ReplicaSets and pods of a Deployment', async () => {
    await aDeployment('orphans');
    const uids = podsOf('orphans').map(({ metadata }) => metadata.uid);
    await plane.remove(`${DEPLOYMENTS}/orphans`, { propagationPolicy: 'Orphan' });
    const ref = { namespace: 'default', name: 'orphans' };
    await plane.until(() => plane.cache.get('Deployment', ref) === undefined);
    expect(setsOf('orphans').map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[]]);
    expect(podsOf('orphans').map(({ metadata }) => metadata.uid)).toEqual(uids);
  });

  it('are the pods of a ReplicationController', async () => {
    await aController('rc-orphans');
    await plane.remove(`${CONTROLLERS}/rc-orphans`, { propagationPolicy: 'Orphan' });
    const ref = { namespace: 'default', name: 'rc-orphans' };
    await plane.until(() => plane.cache.get('ReplicationController', ref) === undefined);
    expect(podsOf('rc-orphans').map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([
      [],
      [],
      [],
      [],
    ]);
  });
});

describe('in the foreground', () => {
  it('an owner stays until the last of its pods has gone', async () => {
    await aController('foreground');
    plane.kubelets.hold();
    await plane.remove(`${CONTROLLERS}/foreground`, { propagationPolicy: 'Foreground' });
    await plane.until(() => podsOf('foreground').every(pod => pod.metadata.deletionTimestamp !== undefined));
    const waiting = await plane.get(`${CONTROLLERS}/foreground`);
    expect(waiting.metadata).toMatchObject({
      deletionTimestamp: expect.any(String),
      finalizers: ['foregroundDeletion'],
    });
    const gone = plane.until(() => {
      const isThere = plane.cache.get('ReplicationController', { namespace: 'default', name: 'foreground' });
      if (isThere === undefined) expect(podsOf('foreground')).toEqual([]);
      return isThere === undefined;
    });
    plane.kubelets.release();
    await gone;
  });

  it('a pod that another owner needs is left alone', async () => {
    await aController('first');
    const second = await aController('second', 1);
    const shared = podsOf('first').slice(0, 2);
    for (const pod of shared) {
      const { apiVersion, kind, metadata } = second;
      const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid };
      const ownerReferences = [...(pod.metadata.ownerReferences ?? []), owner];
      await plane.patch(`${CORE}/pods/${pod.metadata.name}`, { metadata: { ownerReferences } });
    }
    await plane.remove(`${CONTROLLERS}/first`, { propagationPolicy: 'Foreground' });
    const ref = { namespace: 'default', name: 'first' };
    await plane.until(() => plane.cache.get('ReplicationController', ref) === undefined);
    const left = podsOf('first');
    expect(left.map(({ metadata }) => metadata.uid).sort()).toEqual(
      shared.map(({ metadata }) => metadata.uid).sort(),
    );
    for (const { metadata } of left) {
      expect(metadata.deletionTimestamp).toBeUndefined();
      expect(metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([second.metadata.uid]);
    }
  });

  it('a circle of owners is no obstacle', async () => {
    const pods = await Promise.all(
      ['a', 'b', 'c'].map(name =>
        plane.create(`${CORE}/pods`, {
          metadata: { name: `circle-${name}`, labels: { app: 'circle' } },
          spec: template('').spec,
        }),
      ),
    );
    for (const [index, pod] of pods.entries()) {
      const { name, uid } = pods[(index + 2) % 3].metadata;
      const owner = { apiVersion: 'v1', kind: 'Pod', name, uid, controller: true, blockOwnerDeletion: true };
      await plane.patch(`${CORE}/pods/${pod.metadata.name}`, { metadata: { ownerReferences: [owner] } });
    }
    await plane.remove(`${CORE}/pods/circle-a`, { propagationPolicy: 'Foreground' });
    await plane.until(() => podsOf('circle').length === 0);
  });
});

describe('a namespace', () => {
  it('takes its pods, services and custom finalizers into account when it goes', async () => {
    await plane.create('/api/v1/namespaces', {
      metadata: { name: 'going', finalizers: ['example.com/hold'] },
    });
    const here = '/api/v1/namespaces/going';
    await plane.create(`${here}/pods`, { metadata: { name: 'p' }, spec: template('p').spec });
    await plane.create(`${here}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
    await plane.remove(here);
    await plane.until(() =>
      (['Pod', 'Service', 'ConfigMap', 'ServiceAccount'] as const).every(
        kind => plane.cache.list(kind, 'going').length === 0,
      ),
    );
    expect(await plane.get(here)).toMatchObject({ status: { phase: 'Terminating' } });
    const refused = await plane.call(`${here}/configmaps`, {
      method: 'POST',
      body: { metadata: { name: 'c' } },
    });
    expect(refused.json()).toMatchObject({
      code: 403,
      details: { causes: [{ reason: 'NamespaceTerminating' }] },
    });
    await plane.patch(here, { metadata: { finalizers: null } });
    await plane.until(() => plane.cache.get('Namespace', { name: 'going' }) === undefined);
    await plane.create('/api/v1/namespaces', { metadata: { name: 'going' } });
    expect(await plane.list(`${here}/services`)).toEqual([]);
  });

  it('takes finalizers, and gives them back', async () => {
    const made = await plane.create('/api/v1/namespaces', { metadata: { name: 'finalized' } });
    expect(made).toMatchObject({ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } });
    const finalizers = ['kubernetes', 'example.com/fake'];
    const path = '/api/v1/namespaces/finalized';
    const held = await plane.replace(`${path}/finalize`, { ...made, spec: { finalizers } });
    expect(held.spec.finalizers).toEqual(finalizers);
    const freed = await plane.replace(`${path}/finalize`, { ...held, spec: { finalizers: ['kubernetes'] } });
    expect(freed.spec.finalizers).toEqual(['kubernetes']);
  });

  it('always has the authority of the API, whatever becomes of it', async () => {
    await plane.create('/api/v1/namespaces', { metadata: { name: 'trusting' } });
    const ref = { namespace: 'trusting', name: 'kube-root-ca.crt' };
    const path = '/api/v1/namespaces/trusting/configmaps/kube-root-ca.crt';
    const pem = () => plane.cache.get('ConfigMap', ref)?.data?.['ca.crt'];
    await plane.until(() => pem() === plane.ca.caPem);
    const { uid } = (await plane.get(path)).metadata;
    await plane.remove(path);
    await plane.until(() => {
      const found = plane.cache.get('ConfigMap', ref);
      return found !== undefined && found.metadata.uid !== uid;
    });
    await plane.patch(path, { data: { 'ca.crt': 'something else' } });
    await plane.until(() => pem() === plane.ca.caPem);
  });
});

/** Where pods may go: what Kubernetes's conformance tests say of the scheduler. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.addNode('n1', {
    allocatable: { cpu: '1', memory: '1Gi', pods: '20' },
    labels: { kind: 'small' },
  });
  await plane.addNode('n2', { allocatable: { cpu: '2', memory: '1Gi', pods: '20' } });
});
afterAll(() => plane.stop());

const PODS = '/api/v1/namespaces/default/pods';
const pod = (name: string) => plane.cache.get('Pod', { namespace: 'default', name });
const isOn = (name: string, node: string) => () => pod(name)?.spec.nodeName === node;
const unscheduled = (name: string) =>
  pod(name)?.status?.conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False');
const make = (name: string, spec: Json = {}, container: Json = {}) =>
  plane.create(PODS, {
    metadata: { name, labels: { app: name } },
    spec: {
      containers: [{ name: 'main', image: 'hello', ...container }],
      terminationGracePeriodSeconds: 0,
      ...spec,
    },
  });
const asking = (cpu: string) => ({ resources: { requests: { cpu } } });
const remove = async (...names: string[]) => {
  for (const name of names) await plane.remove(`${PODS}/${name}`, { gracePeriodSeconds: 0 });
  await plane.until(() => names.every(name => pod(name) === undefined));
};

describe('a pod', () => {
  it('waits while no node has what it asks for, and goes as soon as one has', async () => {
    await make('fills-1', { nodeName: 'n1' }, asking('1'));
    await make('fills-2', {}, asking('1500m'));
    await plane.until(isOn('fills-2', 'n2'));
    await make('waits', {}, asking('600m'));
    await plane.until(() => unscheduled('waits') !== undefined);
    expect(unscheduled('waits')).toMatchObject({
      reason: 'Unschedulable',
      message: expect.stringContaining('2 Insufficient cpu'),
    });
    await remove('fills-2');
    await plane.until(isOn('waits', 'n2'));
    await remove('fills-1', 'waits');
  });

  it('goes only to nodes that its selector matches', async () => {
    await make('picky', { nodeSelector: { kind: 'large' } });
    await plane.until(() => unscheduled('picky') !== undefined);
    await plane.patch('/api/v1/nodes/n1', { metadata: { labels: { kind: 'large' } } });
    await plane.until(isOn('picky', 'n1'));
    await remove('picky');
  });

  it('shares a host port with others of another address or protocol', async () => {
    const port = (hostIP: string, protocol: string) => ({
      ports: [{ containerPort: 8080, hostPort: 54_321, hostIP, protocol }],
    });
    const nodeSelector = { 'kubernetes.io/hostname': 'n2' };
    await make('port-a', { nodeSelector }, port('127.0.0.1', 'TCP'));
    await make('port-b', { nodeSelector }, port('192.0.2.7', 'TCP'));
    await make('port-c', { nodeSelector }, port('192.0.2.7', 'UDP'));
    await plane.until(() => ['port-a', 'port-b', 'port-c'].every(name => isOn(name, 'n2')()));
    await make('port-d', { nodeSelector }, port('0.0.0.0', 'UDP'));
    await plane.until(() => unscheduled('port-d') !== undefined);
    await remove('port-a', 'port-b', 'port-c', 'port-d');
  });

  it('that a client binds says where it is, and is bound once', async () => {
    await make('bound', { schedulerName: 'somebody-else' });
    const bind = (name: string) =>
      plane.call(`${PODS}/bound/binding`, {
        method: 'POST',
        body: { metadata: { name: 'bound' }, target: { kind: 'Node', name } },
      });
    expect((await bind('n1')).code).toBe(201);
    expect((await bind('n2')).json()).toMatchObject({ code: 409, reason: 'Conflict' });
    expect(pod('bound')).toMatchObject({ spec: { nodeName: 'n1' } });
    await remove('bound');
  });
});

describe('priority classes', () => {
  const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses';

  it('are described anew, but never valued anew', async () => {
    const made = await plane.create(CLASSES, { metadata: { name: 'p1' }, value: 1, description: 'first' });
    expect(await plane.patch(`${CLASSES}/p1`, { description: 'second' })).toMatchObject({
      value: 1,
      description: 'second',
    });
    for (const [method, body] of [
      ['PATCH', { value: 2 }],
      ['PUT', { ...made, metadata: { name: 'p1' }, value: 2 }],
    ] as const) {
      const headers = {
        'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json',
      };
      const answer = await plane.call(`${CLASSES}/p1`, { method, body, headers });
      expect(answer.json()).toMatchObject({ code: 422, details: { causes: [{ field: 'value' }] } });
    }
  });
});

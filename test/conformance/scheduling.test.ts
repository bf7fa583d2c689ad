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

describe('a pod of higher priority', () => {
  const CLASSES = '/apis/scheduling.k8s.io/v1/priorityclasses';
  beforeAll(async () => {
    for (const [name, value] of [
      ['low', 1],
      ['middle', 100],
      ['high', 1000],
    ])
      await plane.create(CLASSES, { metadata: { name }, value });
  });
  const running = (app: string) =>
    plane.cache
      .list('Pod', 'default')
      .filter(({ metadata, status }) => metadata.labels?.app === app && status?.phase === 'Running');

  it.each(['high', 'system-cluster-critical'])(
    '(%s) takes the place of the least important pod',
    async priorityClassName => {
      await make('important', { priorityClassName: 'middle', nodeName: 'n1' }, asking('700m'));
      await make('lesser', { priorityClassName: 'low' }, asking('1500m'));
      await plane.until(() => running('important').length + running('lesser').length === 2);
      const told: unknown[] = [];
      const unsubscribe = plane.cache.onChange(({ kind, after }) => {
        if (kind === 'Pod' && after?.metadata.name === 'lesser')
          told.push(...(after.status?.conditions ?? []));
      });
      await make('first', { priorityClassName }, asking('1500m'));
      await plane.until(() => running('first').length === 1 && pod('lesser') === undefined);
      unsubscribe();
      expect(told).toContainEqual(
        expect.objectContaining({ type: 'DisruptionTarget', reason: 'PreemptionByScheduler' }),
      );
      expect(pod('first')).toMatchObject({ spec: { nodeName: 'n2' }, status: { nominatedNodeName: 'n2' } });
      expect(running('important')).toHaveLength(1);
      await remove('important', 'first');
    },
  );

  it('is not robbed of the place by those that come to replace its victims', async () => {
    const set = async (name: string, replicas: number, priorityClassName: string, cpu: string) => {
      const containers = [{ name: 'main', image: 'hello', ...asking(cpu) }];
      const template = { metadata: { labels: { app: name } }, spec: { containers, priorityClassName } };
      const spec = { replicas, selector: { matchLabels: { app: name } }, template };
      await plane.create('/apis/apps/v1/namespaces/default/replicasets', { metadata: { name }, spec });
    };
    await set('many', 6, 'low', '500m');
    await plane.until(() => running('many').length === 6);
    await set('few', 1, 'middle', '900m');
    await plane.until(() => running('few').length === 1);
    await set('one', 1, 'high', '2');
    await plane.until(() => running('one').length === 1 && running('few').length === 1);
    expect(running('one')[0]?.spec.nodeName).toBe('n2');
    for (const name of ['many', 'few', 'one'])
      await plane.remove(`/apis/apps/v1/namespaces/default/replicasets/${name}`, {
        propagationPolicy: 'Background',
      });
    await plane.until(() => plane.cache.list('Pod', 'default').length === 0);
  });

  it('preempts nobody when its class says so', async () => {
    await plane.create(CLASSES, { metadata: { name: 'patient' }, value: 2000, preemptionPolicy: 'Never' });
    await make('holds', { nodeName: 'n2' }, asking('2'));
    await make('patient', { priorityClassName: 'patient' }, asking('1500m'));
    await plane.until(() => unscheduled('patient') !== undefined);
    expect(pod('holds')?.metadata.deletionTimestamp).toBeUndefined();
    await remove('holds');
    await plane.until(isOn('patient', 'n2'));
    await remove('patient');
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

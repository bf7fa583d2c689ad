/** ResourceQuotas and LimitRanges: what Kubernetes's conformance tests say of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;
let spaces = 0;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

type Space = {
  readonly at: string;
  quota(name: string, spec: Json): Promise<Json>;
  /** Resolves once the quota says that this is used. */
  used(name: string, wanted: Readonly<Record<string, string>>): Promise<void>;
  pod(name: string, resources?: Json, spec?: Json): Promise<Json>;
};

/** A namespace of its own for each test: quotas are counted by namespace. */
async function aSpace(): Promise<Space> {
  const namespace = `space-${++spaces}`;
  await plane.create('/api/v1/namespaces', { metadata: { name: namespace } });
  await plane.until(
    () =>
      plane.cache.get('ServiceAccount', { namespace, name: 'default' }) !== undefined &&
      plane.cache.get('ConfigMap', { namespace, name: 'kube-root-ca.crt' }) !== undefined,
  );
  const at = `/api/v1/namespaces/${namespace}`;
  return {
    at,
    quota: (name, spec) => plane.create(`${at}/resourcequotas`, { metadata: { name }, spec }),
    used: (name, wanted) =>
      plane.until(() => {
        const used = plane.cache.get('ResourceQuota', { namespace, name })?.status?.used ?? {};
        return Object.entries(wanted).every(([resource, amount]) => used[resource] === amount);
      }),
    async pod(name, resources = {}, spec = {}) {
      const body = {
        metadata: { name },
        spec: { containers: [{ name: 'c', image: 'i', resources }], ...spec },
      };
      return (await plane.call(`${at}/pods`, { method: 'POST', body })).json();
    },
  };
}

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } };

describe('a quota', () => {
  it.each<[string, string, Json]>([
    ['services', 'services', { spec: { ports: [{ port: 80 }] } }],
    ['secrets', 'secrets', { data: {} }],
    ['configmaps', 'configmaps', { data: {} }],
    [
      'replicationcontrollers',
      'replicationcontrollers',
      { spec: { replicas: 0, selector: { a: 'b' }, template } },
    ],
    [
      'count/replicasets.apps',
      '/apis/apps/v1 replicasets',
      { spec: { replicas: 0, selector: { matchLabels: { a: 'b' } }, template } },
    ],
  ])('counts the life of %s', async (resource, where, content) => {
    const { at, quota, used } = await aSpace();
    const [plural = '', root] = where.split(' ').reverse();
    const path = root === undefined ? `${at}/${plural}` : `${at.replace('/api/v1', root)}/${plural}`;
    const there = (await plane.list(path)).length;
    await quota('q', { hard: { [resource]: String(there + 1) } });
    await used('q', { [resource]: String(there) });
    await plane.create(path, { metadata: { name: 'one' }, ...content });
    await used('q', { [resource]: String(there + 1) });
    const second = await plane.call(path, {
      method: 'POST',
      body: { metadata: { name: 'two' }, ...content },
    });
    expect(second.json()).toMatchObject({ code: 403, message: expect.stringContaining('exceeded quota: q') });
    await plane.remove(`${path}/one`);
    await used('q', { [resource]: String(there) });
  });

  it('counts quotas, node ports and load balancers', async () => {
    const { at, quota, used } = await aSpace();
    await quota('q', {
      hard: { resourcequotas: '1', 'services.nodeports': '1', 'services.loadbalancers': '1' },
    });
    await used('q', { resourcequotas: '1', 'services.nodeports': '0', 'services.loadbalancers': '0' });
    await plane.create(`${at}/services`, {
      metadata: { name: 's' },
      spec: { type: 'NodePort', ports: [{ port: 80 }] },
    });
    await used('q', { 'services.nodeports': '1' });
    const balanced = { metadata: { name: 'b' }, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } };
    expect((await plane.call(`${at}/services`, { method: 'POST', body: balanced })).code).toBe(403);
  });

  it('counts what pods ask for, extended resources too, refuses what is beyond, and lets go of what ended', async () => {
    const { at, quota, used, pod } = await aSpace();
    const extended = 'example.com/dongle';
    const hard = {
      pods: '2',
      cpu: '1',
      memory: '500Mi',
      'requests.ephemeral-storage': '50Gi',
      [`requests.${extended}`]: '3',
    };
    await quota('q', { hard });
    await used('q', { pods: '0', cpu: '0', memory: '0', [`requests.${extended}`]: '0' });
    const requests = { cpu: '500m', memory: '252Mi', 'ephemeral-storage': '30Gi', [extended]: '2' };
    const one = await pod('one', { requests, limits: { [extended]: '2' } });
    expect(one.kind).toBe('Pod');
    const taken = {
      pods: '1',
      cpu: '500m',
      memory: '252Mi',
      'requests.ephemeral-storage': '30Gi',
      [`requests.${extended}`]: '2',
    };
    await used('q', taken);
    const more = { ...requests, 'ephemeral-storage': '1Gi', [extended]: '0' };
    const big = { requests: { ...more, cpu: '600m' }, limits: { [extended]: '0' } };
    expect(await pod('big', big)).toMatchObject({ code: 403 });
    const dongles = { requests: { ...more, [extended]: '2' }, limits: { [extended]: '2' } };
    expect(await pod('dongles', dongles)).toMatchObject({ code: 403 });
    const containers = [
      {
        ...one.spec.containers[0],
        resources: { requests: { ...requests, cpu: '100m' }, limits: { [extended]: '2' } },
      },
    ];
    const changed = await plane.call(`${at}/pods/one`, {
      method: 'PUT',
      body: { metadata: { name: 'one' }, spec: { ...one.spec, containers } },
    });
    expect(changed.code).toBe(422);
    await used('q', taken);
    await plane.remove(`${at}/pods/one`, { gracePeriodSeconds: 0 });
    await used('q', { pods: '0', cpu: '0', memory: '0', [`requests.${extended}`]: '0' });
  });

  it('of scope Terminating counts pods with a deadline, of NotTerminating the others', async () => {
    const { at, quota, used, pod } = await aSpace();
    const hard = { pods: '5', 'requests.cpu': '1', 'limits.cpu': '2' };
    await quota('ends', { hard, scopes: ['Terminating'] });
    await quota('stays', { hard, scopes: ['NotTerminating'] });
    const resources = { requests: { cpu: '500m' }, limits: { cpu: '1' } };
    const one = { pods: '1', 'requests.cpu': '500m', 'limits.cpu': '1' };
    const none = { pods: '0', 'requests.cpu': '0', 'limits.cpu': '0' };
    await pod('long', resources);
    await used('stays', one);
    await used('ends', none);
    await plane.remove(`${at}/pods/long`, { gracePeriodSeconds: 0 });
    await used('stays', none);
    await pod('brief', resources, { activeDeadlineSeconds: 3600 });
    await used('ends', one);
    await used('stays', none);
    await plane.remove(`${at}/pods/brief`, { gracePeriodSeconds: 0 });
    await used('ends', none);
  });

  it('of scope BestEffort counts pods that ask for nothing, of NotBestEffort the others', async () => {
    const { at, quota, used, pod } = await aSpace();
    await quota('best', { hard: { pods: '5' }, scopes: ['BestEffort'] });
    await quota('not-best', { hard: { pods: '5' }, scopes: ['NotBestEffort'] });
    await pod('idle');
    await used('best', { pods: '1' });
    await used('not-best', { pods: '0' });
    await plane.remove(`${at}/pods/idle`, { gracePeriodSeconds: 0 });
    await used('best', { pods: '0' });
    await pod('busy', { requests: { cpu: '500m' }, limits: { cpu: '1' } });
    await used('not-best', { pods: '1' });
    await used('best', { pods: '0' });
  });

  it('follows a change of its limits, and its status is its own', async () => {
    const { at, quota, used } = await aSpace();
    const path = `${at}/resourcequotas/q`;
    await quota('q', { hard: { cpu: '1', memory: '500Mi' } });
    await used('q', { cpu: '0', memory: '0' });
    await plane.patch(path, { spec: { hard: { cpu: '750m', memory: '1Gi' } } });
    const hard = () =>
      plane.cache.get('ResourceQuota', { namespace: at.slice('/api/v1/namespaces/'.length), name: 'q' })
        ?.status?.hard;
    await plane.until(() => hard()?.cpu === '750m' && hard()?.memory === '1Gi');
    const patched = await plane.patch(`${path}/status`, {
      spec: { hard: { cpu: '9' } },
      status: { hard: { cpu: '5' } },
    });
    expect(patched).toMatchObject({ spec: { hard: { cpu: '750m' } }, status: { hard: { cpu: '5' } } });
    await plane.until(() => hard()?.cpu === '750m');
    await plane.remove(path);
    expect((await plane.call(path)).code).toBe(404);
  });
});

describe('a limit range', () => {
  it('gives pods what they do not say, refuses what is out of bounds, and can change and go', async () => {
    const { at, pod } = await aSpace();
    const limit = {
      type: 'Container',
      min: { cpu: '50m', memory: '100Mi' },
      max: { cpu: '500m', memory: '500Mi' },
      default: { cpu: '500m', memory: '500Mi' },
      defaultRequest: { cpu: '100m', memory: '200Mi' },
    };
    const path = `${at}/limitranges`;
    const made = await plane.create(path, {
      metadata: { name: 'l', labels: { l: 'x' } },
      spec: { limits: [limit] },
    });
    expect((await pod('none')).spec.containers[0].resources).toEqual({
      requests: limit.defaultRequest,
      limits: limit.default,
    });
    const some = await pod('some', { requests: { cpu: '300m' }, limits: { cpu: '300m' } });
    expect(some.spec.containers[0].resources).toEqual({
      requests: { cpu: '300m', memory: '200Mi' },
      limits: { cpu: '300m', memory: '500Mi' },
    });
    expect(await pod('less', { requests: { cpu: '10m' }, limits: { cpu: '50m' } })).toMatchObject({
      code: 403,
    });
    expect(await pod('more', { requests: { cpu: '600m' }, limits: { cpu: '600m' } })).toMatchObject({
      code: 403,
    });
    const limits = [{ ...limit, min: { cpu: '9m', memory: '100Mi' } }];
    await plane.replace(`${path}/l`, { ...made, spec: { limits } });
    expect((await pod('less', { requests: { cpu: '10m' }, limits: { cpu: '50m' } })).kind).toBe('Pod');
    await plane.remove(`${path}?labelSelector=l%3Dx`);
    expect(await plane.list(path)).toEqual([]);
    expect((await pod('free')).spec.containers[0].resources).toEqual({});
  });
});

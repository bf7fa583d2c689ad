/** Kubernetes's own JavaScript client: objects of any kind, applies, watches, and informers whose version is too old. */
import {
  ApiException,
  KubeConfig,
  type KubernetesObject,
  KubernetesObjectApi,
  makeInformer,
  PatchStrategy,
  type V1ConfigMap,
  type V1ConfigMapList,
  type V1Deployment,
  type V1Status,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const MAPS = '/api/v1/namespaces/default/configmaps';

let plane: TestControlPlane;
let config: KubeConfig;
let objects: KubernetesObjectApi;
beforeAll(async () => {
  plane = await startControlPlane();
  config = new KubeConfig();
  config.loadFromFile(plane.kubeconfig);
  objects = KubernetesObjectApi.makeApiClient(config);
  await plane.create(DEFINITIONS, aDefinition());
  await plane.until(() => plane.kinds.find('example.org', 'v1', 'gauges') !== undefined);
});
afterAll(() => plane.stop());

type AnyObject = KubernetesObject & { readonly spec?: object; readonly data?: object };

function aDefinition(): AnyObject {
  const names = { plural: 'gauges', singular: 'gauge', kind: 'Gauge' };
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gauges.example.org' },
    spec: {
      ...{ group: 'example.org', scope: 'Namespaced', names },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  };
}

const aMap = (name: string, data?: Record<string, string>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  ...(data === undefined ? {} : { data }),
});
const aDeployment = (name: string, replicas?: number): V1Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, namespace: 'default' },
  spec: {
    ...(replicas === undefined ? {} : { replicas }),
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] },
    },
  },
});

const header = ({ apiVersion, kind, metadata }: AnyObject) => ({
  apiVersion,
  kind,
  metadata: { name: metadata?.name ?? '', namespace: metadata?.namespace },
});

/** As after a restart, or after more changes than are kept. */
const forgetHistory = () => plane.cache.history.startAt(plane.cache.revision);

/** What a call was refused with. */
async function refusalOf(call: Promise<unknown>): Promise<V1Status> {
  const error: unknown = await call.then(
    () => undefined,
    reason => reason,
  );
  if (!(error instanceof ApiException)) throw new Error(`not refused by the API: ${String(error)}`);
  return typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
}

describe('KubernetesObjectApi', () => {
  it.each<AnyObject>([
    aMap('any', { a: '1' }),
    aDeployment('any'),
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'any' } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name: 'any' } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'any' },
      spec: { controller: 'example.org/any' },
    },
    {
      apiVersion: 'example.org/v1',
      kind: 'Gauge',
      metadata: { name: 'any', namespace: 'default' },
      spec: { unit: 'bar' },
    },
  ])('creates, reads, patches, replaces, lists and deletes a $kind', async object => {
    const { apiVersion = '', kind = '' } = object;
    const created = await objects.create(object);
    expect(created).toMatchObject({ ...object, metadata: { uid: expect.any(String) } });
    expect(await refusalOf(objects.create(object))).toMatchObject({ code: 409, reason: 'AlreadyExists' });

    const labelled = { ...header(object), metadata: { ...object.metadata, labels: { seen: 'yes' } } };
    const type = kind === 'Gauge' ? PatchStrategy.MergePatch : PatchStrategy.StrategicMergePatch;
    const patched = await objects.patch(labelled, undefined, undefined, undefined, undefined, type);
    expect(patched.metadata?.labels).toMatchObject({ seen: 'yes' });

    const read = await objects.read(header(object));
    const replaced = await objects.replace({
      ...read,
      metadata: { ...read.metadata, annotations: { replaced: 'yes' } },
    });
    expect(replaced.metadata).toMatchObject({
      ...{ labels: { seen: 'yes' }, annotations: { replaced: 'yes' }, uid: created.metadata?.uid },
    });

    const { items } = await objects.list(
      ...([apiVersion, kind, object.metadata?.namespace] as const),
      ...([undefined, undefined, undefined, undefined, 'seen=yes'] as const),
    );
    expect(items.map(({ metadata }) => metadata?.name)).toEqual(['any']);

    await objects.delete(header(object));
    await plane.until(() => plane.cache.get('Namespace', { name: 'any' }) === undefined);
    expect(await refusalOf(objects.read(header(object)))).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  it('refuses a stale replacement', async () => {
    const first = await objects.create(aMap('stale', { a: '1' }));
    await objects.replace({ ...first, data: { a: '2' } });
    expect(await refusalOf(objects.replace({ ...first, data: { a: '3' } }))).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });
  });

  it('tries without changing anything', async () => {
    await objects.create(aMap('tried'), undefined, 'All');
    expect(await refusalOf(objects.read(header(aMap('tried'))))).toMatchObject({ code: 404 });
  });
});

describe('server-side apply', () => {
  const apply = (object: V1Deployment, manager: string, force?: boolean) =>
    objects.patch(object, undefined, undefined, manager, force, PatchStrategy.ServerSideApply);

  it('makes an object, shares it, and says who owns what', async () => {
    expect((await apply(aDeployment('applied', 2), 'alice')).spec?.replicas).toBe(2);
    const refused = await refusalOf(apply(aDeployment('applied', 3), 'bob'));
    expect(refused).toMatchObject({
      code: 409,
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.spec.replicas' }] },
    });
    const forced = await apply(aDeployment('applied', 3), 'bob', true);
    const owners = (forced.metadata?.managedFields ?? []).filter(({ operation }) => operation === 'Apply');
    expect(owners.map(({ manager }) => manager).toSorted()).toEqual(['alice', 'bob']);
    expect((await apply(aDeployment('applied'), 'alice')).spec?.replicas).toBe(3);
  });
});

describe('a watch', () => {
  it('tells of changes from a version on, and of a version that is too old', async () => {
    const watch = new Watch(config);
    const { metadata } = await objects.list('v1', 'ConfigMap', 'default');
    const told: string[] = [];
    const query = { resourceVersion: metadata?.resourceVersion, allowWatchBookmarks: true };
    let isDone = () => {};
    const done = new Promise<void>(resolve => {
      isDone = resolve;
    });
    const hear = (phase: string, object: V1ConfigMap) => {
      if (object.metadata?.name === 'watched') told.push(phase);
      if (phase === 'DELETED') isDone();
    };
    const controller = await watch.watch(MAPS, query, hear, isDone);
    await objects.create(aMap('watched'));
    await objects.replace(aMap('watched', { a: '1' }));
    await objects.delete(aMap('watched'));
    await done;
    controller.abort();
    expect(told).toEqual(['ADDED', 'MODIFIED', 'DELETED']);

    forgetHistory();
    const errors: unknown[] = [];
    await new Promise((resolve, reject) => {
      const note = (phase: string, { code, reason }: V1Status) => errors.push([phase, code, reason]);
      watch.watch(MAPS, { resourceVersion: '1' }, note, resolve).catch(reject);
    });
    expect(errors).toEqual([['ERROR', 410, 'Expired']]);
  });
});

describe('an informer', () => {
  it('whose version is too old lists again, and misses nothing', async () => {
    await objects.create(aMap('before'));
    forgetHistory();
    let lists = 0;
    // The first list is older than the changes that are still known.
    const list = async (): Promise<V1ConfigMapList> => {
      const { items, metadata } = await objects.list<V1ConfigMap>('v1', 'ConfigMap', 'default');
      lists++;
      return lists > 1
        ? { items, metadata }
        : {
            items: items.filter(item => item.metadata?.name !== 'before'),
            metadata: { resourceVersion: '1' },
          };
    };
    const informer = makeInformer(config, MAPS, list);
    const has = (name: string) => informer.get(name, 'default') !== undefined;
    const known = (name: string) =>
      new Promise<void>(resolve =>
        informer.on('add', ({ metadata }) => {
          if (metadata?.name === name) resolve();
        }),
      );
    const found = known('before');
    const followed = known('after');
    await informer.start();
    await found;
    await objects.create(aMap('after'));
    await followed;
    expect([lists, has('before'), has('after')]).toEqual([2, true, true]);
    await informer.stop();
  });
});

/** Informers of client-node on a real master: what they are told, and that they go on after it was killed. */
import {
  type Informer,
  KubeConfig,
  makeInformer,
  type V1ConfigMap,
  type V1Status,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { type ClusterApi, nameOf, openClusterApi } from './support/cluster-api.ts';
import { until } from './support/until.ts';

const namespace = 'default';
const labelSelector = 'of=informer';

let cluster: TestCluster;
let api: ClusterApi;
let informer: Informer<V1ConfigMap>;
/** What the informer said, and what its cache must hold by it. */
const said: string[] = [];
const cached = new Map<string, V1ConfigMap>();

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
  api = openClusterApi(cluster.kubeconfig);
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const list = () => api.core.listNamespacedConfigMap({ namespace, labelSelector });
  informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, list, labelSelector);
  informer.on('add', object => hear('add', object));
  informer.on('update', object => hear('update', object));
  informer.on('delete', object => hear('delete', object));
  // As its documentation does: an error ends it, and whoever made it starts it again.
  informer.on('error', () => void startAgain());
  await create('first');
  await informer.start();
});
afterAll(async () => {
  await informer?.stop();
  await cluster?.stop();
});
showLogsOnFailure(() => cluster);

function hear(verb: 'add' | 'update' | 'delete', object: V1ConfigMap): void {
  said.push(`${verb} ${nameOf(object)}`);
  if (verb === 'delete') cached.delete(nameOf(object));
  else cached.set(nameOf(object), object);
}

/** Until a master answers. */
const startAgain = () => until(() => informer.start());

const body = (name: string): V1ConfigMap => ({ metadata: { name, labels: { of: 'informer' } } });
const create = (name: string) => api.core.createNamespacedConfigMap({ namespace, body: body(name) });
const remove = (name: string) => api.core.deleteNamespacedConfigMap({ namespace, name });
const untilSaid = (...wanted: string[]) => until(() => expect(said).toEqual(expect.arrayContaining(wanted)));

describe('an informer', () => {
  it('begins with what there is', async () => {
    await untilSaid('add first');
  });

  it('follows what changes, and nothing beside its selector', async () => {
    await api.core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'other' } } });
    await create('second');
    await api.core.replaceNamespacedConfigMap({
      ...{ namespace, name: 'second' },
      body: { ...body('second'), data: { a: '1' } },
    });
    await remove('first');
    await untilSaid('add second', 'update second', 'delete first');
    expect([...cached.keys()]).toEqual(['second']);
    expect(said.filter(each => each.endsWith('other'))).toEqual([]);
  });

  it('goes on after the master was killed, with what happened and what it missed', async () => {
    await cluster.killMaster();
    await cluster.startMaster();
    // Its connections of before are dead; the first call on each says so.
    await until(() => remove('second'));
    await create('third');
    await untilSaid('delete second', 'add third');
    expect([...cached.keys()]).toEqual(['third']);
  });

  it('is told by the new master that a version of before is too old, and so lists again', async () => {
    const config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    const path = `/api/v1/namespaces/${namespace}/configmaps`;
    const told = await new Promise<unknown>((resolve, reject) => {
      const hear = (phase: string, { code, reason }: V1Status) => resolve([phase, code, reason]);
      new Watch(config).watch(path, { resourceVersion: '1' }, hear, reject).catch(reject);
    });
    expect(told).toEqual(['ERROR', 410, 'Expired']);
  });
});

/** ReplicaSets, ReplicationControllers and Deployments: what Kubernetes's conformance tests say of them, on the control plane in memory. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Pod } from '../../shared/kubernetes/objects.ts';
import { isPodActive, isPodReady } from '../../shared/kubernetes/pod-state.ts';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  for (const name of ['n1', 'n2', 'n3']) await plane.addNode(name);
});
afterAll(() => plane.stop());

const CORE = '/api/v1/namespaces/default';
const APPS = '/apis/apps/v1/namespaces/default';
const PATHS = {
  ReplicaSet: `${APPS}/replicasets`,
  ReplicationController: `${CORE}/replicationcontrollers`,
  Deployment: `${APPS}/deployments`,
};
const template = (app: string, image = 'hello') => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image }] },
});
const selectorOf = (kind: keyof typeof PATHS, app: string) =>
  kind === 'ReplicationController' ? { app } : { matchLabels: { app } };
const aWorkload = (kind: keyof typeof PATHS, name: string, spec: Json = {}) => ({
  metadata: { name, labels: { app: name } },
  spec: { replicas: 2, selector: selectorOf(kind, name), template: template(name), ...spec },
});
const podsOf = (app: string): readonly Pod[] =>
  plane.cache.list('Pod', 'default').filter(pod => pod.metadata.labels?.app === app && isPodActive(pod));
const isRunning = (app: string, count: number) => () =>
  podsOf(app).length === count && podsOf(app).every(isPodReady);
const imagesOf = (app: string) => new Set(podsOf(app).map(({ spec }) => spec.containers[0]?.image));
const setsOf = (app: string) =>
  plane.cache.list('ReplicaSet', 'default').filter(({ metadata }) => metadata.labels?.app === app);

describe.each(['ReplicaSet', 'ReplicationController'] as const)('a %s', kind => {
  const path = PATHS[kind];
  const named = (name: string) => `${kind.toLowerCase()}-${name}`;
  const owner = (pod: Json) => pod?.metadata.ownerReferences?.find((each: Json) => each.controller);

  it('adopts pods that match, and lets go of one that no longer does', async () => {
    const app = named('adopts');
    await plane.create(`${CORE}/pods`, {
      metadata: { name: app, labels: { app } },
      spec: template(app).spec,
    });
    const set = await plane.create(path, aWorkload(kind, app, { replicas: 1 }));
    const orphan = () => plane.cache.get('Pod', { namespace: 'default', name: app });
    await plane.until(() => owner(orphan())?.uid === set.metadata.uid);
    expect(podsOf(app)).toHaveLength(1);
    await plane.patch(`${CORE}/pods/${app}`, { metadata: { labels: { app: 'released' } } });
    await plane.until(() => owner(orphan()) === undefined && isRunning(app, 1)());
  });

  it('is scaled by its scale, replaced and patched', async () => {
    const app = named('scaled');
    await plane.create(path, aWorkload(kind, app, { replicas: 1 }));
    await plane.until(isRunning(app, 1));
    const scale = await plane.get(`${path}/${app}/scale`);
    expect(scale).toMatchObject({ kind: 'Scale', spec: { replicas: 1 }, status: { selector: `app=${app}` } });
    await plane.replace(`${path}/${app}/scale`, { ...scale, spec: { replicas: 3 } });
    await plane.until(isRunning(app, 3));
    expect(await plane.patch(`${path}/${app}/scale`, { spec: { replicas: 2 } })).toMatchObject({
      spec: { replicas: 2 },
    });
    await plane.until(isRunning(app, 2));
    const sized = () =>
      (kind === 'ReplicaSet' ? setsOf(app)[0] : plane.cache.get(kind, { namespace: 'default', name: app }))
        ?.status;
    await plane.until(() => sized()?.readyReplicas === 2);
  });

  it('says why it cannot make its pods, until it can', async () => {
    const app = named('refused');
    const space = `${kind.toLowerCase()}-space`;
    await plane.create('/api/v1/namespaces', { metadata: { name: space } });
    const quotas = `/api/v1/namespaces/${space}/resourcequotas`;
    await plane.create(quotas, { metadata: { name: 'two' }, spec: { hard: { pods: '2' } } });
    const here = path.replace('/default/', `/${space}/`);
    await plane.create(here, aWorkload(kind, app, { replicas: 3 }));
    const status = (): Json => plane.cache.get(kind, { namespace: space, name: app })?.status;
    await plane.until(() => status()?.conditions?.length > 0 && status().replicas === 2);
    expect(status().conditions).toMatchObject([
      {
        type: 'ReplicaFailure',
        status: 'True',
        reason: 'FailedCreate',
        message: expect.stringContaining(
          'exceeded quota: two, requested: pods=1, used: pods=2, limited: pods=2',
        ),
      },
    ]);
    await plane.patch(`${here}/${app}`, { spec: { replicas: 2 } });
    await plane.until(() => status()?.conditions.length === 0);
  });
});

describe('a Deployment', () => {
  const path = PATHS.Deployment;
  const status = (name: string): Json =>
    plane.cache.get('Deployment', { namespace: 'default', name })?.status ?? {};
  const isRolledOut = (name: string, count: number, image: string) => () =>
    isRunning(name, count)() &&
    imagesOf(name).has(image) &&
    imagesOf(name).size === 1 &&
    status(name).updatedReplicas === count &&
    status(name).availableReplicas === count;
  const setImage = (name: string, image: string) =>
    plane.patch(`${path}/${name}`, { spec: { template: template(name, image) } });
  const make = async (name: string, count: number, spec: Json = {}) => {
    await plane.create(path, aWorkload('Deployment', name, { replicas: count, ...spec }));
    await plane.until(isRolledOut(name, count, 'hello'));
  };

  it('rolls: new pods come, old ones go, and the old ReplicaSet stays for undoing', async () => {
    await make('rolls', 3);
    const [before] = setsOf('rolls');
    await setImage('rolls', 'hello:2');
    await plane.until(isRolledOut('rolls', 3, 'hello:2'));
    const revisions = setsOf('rolls').map(({ metadata, spec }) => [
      metadata.annotations?.['deployment.kubernetes.io/revision'],
      spec.replicas,
    ]);
    expect(revisions.sort()).toEqual([
      ['1', 0],
      ['2', 3],
    ]);
    expect(setsOf('rolls').find(({ spec }) => spec.replicas === 0)?.metadata.uid).toBe(before?.metadata.uid);
  });

  it('recreates: no old pod runs beside a new one', async () => {
    await make('recreates', 2, { strategy: { type: 'Recreate' } });
    const mixed: unknown[] = [];
    const unsubscribe = plane.cache.onChange(() => {
      const running = plane.cache
        .list('Pod', 'default')
        .filter(
          ({ metadata, status }) => metadata.labels?.app === 'recreates' && status?.phase === 'Running',
        );
      if (new Set(running.map(({ spec }) => spec.containers[0]?.image)).size > 1) mixed.push(running);
    });
    await setImage('recreates', 'hello:2');
    await plane.until(isRolledOut('recreates', 2, 'hello:2'));
    unsubscribe();
    expect(mixed).toEqual([]);
  });

  it('keeps no more history than it should', async () => {
    await make('forgets', 1, { revisionHistoryLimit: 0 });
    await setImage('forgets', 'hello:2');
    await plane.until(() => isRolledOut('forgets', 1, 'hello:2')() && setsOf('forgets').length === 1);
  });

  it('rolls over: a change during a rollout takes the place of the one before', async () => {
    await make('over', 2, { strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } } });
    await setImage('over', 'sick');
    await plane.until(() => podsOf('over').length === 3);
    await setImage('over', 'hello:3');
    await plane.until(isRolledOut('over', 2, 'hello:3'));
    const sizes = setsOf('over').map(({ spec }) => [
      spec.template?.spec?.containers[0]?.image,
      spec.replicas,
    ]);
    expect(Object.fromEntries(sizes)).toEqual({ hello: 0, sick: 0, 'hello:3': 2 });
  });

  it('scales proportionally while it rolls', async () => {
    await make('shares', 10, { strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } } });
    await setImage('shares', 'sick');
    const sizes = () =>
      Object.fromEntries(
        setsOf('shares').map(({ spec }) => [spec.template?.spec?.containers[0]?.image, spec.replicas]),
      );
    await plane.until(() => sizes().hello === 8 && sizes().sick === 5);
    await plane.patch(`${path}/shares/scale`, { spec: { replicas: 30 } });
    await plane.until(() => sizes().hello === 20 && sizes().sick === 13);
  });

  it('says that a quota keeps its pods from being made', async () => {
    await plane.create('/api/v1/namespaces', { metadata: { name: 'narrow' } });
    const hard = { pods: '1' };
    await plane.create('/api/v1/namespaces/narrow/resourcequotas', {
      metadata: { name: 'one' },
      spec: { hard },
    });
    await plane.create('/apis/apps/v1/namespaces/narrow/deployments', aWorkload('Deployment', 'narrow'));
    const ref = { namespace: 'narrow', name: 'narrow' };
    const failure = () =>
      plane.cache.get('Deployment', ref)?.status?.conditions?.find(({ type }) => type === 'ReplicaFailure');
    await plane.until(() => failure() !== undefined);
    expect(failure()).toMatchObject({ status: 'True', reason: 'FailedCreate' });
    await plane.remove('/api/v1/namespaces/narrow/resourcequotas/one');
    await plane.patch('/apis/apps/v1/namespaces/narrow/deployments/narrow', { spec: { replicas: 1 } });
    await plane.until(() => failure() === undefined);
  });
});

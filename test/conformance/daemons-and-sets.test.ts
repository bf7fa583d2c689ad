/** DaemonSets, StatefulSets and ControllerRevisions: what Kubernetes's conformance tests say of them. */
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
const DAEMONS = '/apis/apps/v1/namespaces/default/daemonsets';
const SETS = '/apis/apps/v1/namespaces/default/statefulsets';
const REVISIONS = '/apis/apps/v1/namespaces/default/controllerrevisions';
const template = (app: string, image = 'hello', spec: Json = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image }], ...spec },
});
const aWorkload = (name: string, spec: Json = {}) => ({
  metadata: { name, labels: { app: name } },
  spec: { selector: { matchLabels: { app: name } }, template: template(name), ...spec },
});
const podsOf = (app: string): readonly Pod[] =>
  plane.cache
    .list('Pod', 'default')
    .filter(pod => pod.metadata.labels?.app === app && isPodActive(pod))
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
const imagesOf = (app: string) => podsOf(app).map(({ spec }) => spec.containers[0]?.image);
const uidsOf = (app: string) => podsOf(app).map(({ metadata }) => metadata.uid);
const areReady = (app: string, count: number) =>
  podsOf(app).length === count && podsOf(app).every(isPodReady);
const haveImage = (app: string, images: readonly string[]) =>
  areReady(app, images.length) && String(imagesOf(app)) === String(images);
const revisionsOf = (app: string) =>
  plane.cache.list('ControllerRevision', 'default').filter(({ metadata }) => metadata.labels?.app === app);

describe('a DaemonSet', () => {
  const remove = (app: string) => plane.remove(`${DAEMONS}/${app}`);
  const setImage = (app: string, image: string) =>
    plane.patch(`${DAEMONS}/${app}`, { spec: { template: template(app, image) } });

  it('runs one pod on every node, and makes another for one that is deleted or fails', async () => {
    await plane.create(DAEMONS, aWorkload('everywhere'));
    await plane.until(() => areReady('everywhere', 3));
    expect(
      podsOf('everywhere')
        .map(({ spec }) => spec.nodeName)
        .sort(),
    ).toEqual(['n1', 'n2', 'n3']);
    const [first, second] = podsOf('everywhere');
    await plane.remove(`${CORE}/pods/${first?.metadata.name}`);
    await plane.until(
      () => areReady('everywhere', 3) && !uidsOf('everywhere').includes(String(first?.metadata.uid)),
    );
    if (second !== undefined) await plane.kubelets.report(second, { phase: 'Failed' });
    await plane.until(
      () => areReady('everywhere', 3) && !uidsOf('everywhere').includes(String(second?.metadata.uid)),
    );
    await remove('everywhere');
    await plane.until(() => podsOf('everywhere').length === 0);
  });

  it('follows the labels of nodes', async () => {
    const spec = { nodeSelector: { color: 'blue' } };
    await plane.create(DAEMONS, aWorkload('chosen', { template: template('chosen', 'hello', spec) }));
    const observed = () => plane.cache.get('DaemonSet', { namespace: 'default', name: 'chosen' })?.status;
    await plane.until(() => observed()?.observedGeneration === 1);
    expect(podsOf('chosen')).toEqual([]);
    await plane.patch('/api/v1/nodes/n2', { metadata: { labels: { color: 'blue' } } });
    await plane.until(() => areReady('chosen', 1) && podsOf('chosen')[0]?.spec.nodeName === 'n2');
    await plane.patch('/api/v1/nodes/n2', { metadata: { labels: { color: 'green' } } });
    await plane.until(() => podsOf('chosen').length === 0);
    const green = { nodeSelector: { color: 'green' } };
    await plane.patch(`${DAEMONS}/chosen`, { spec: { template: template('chosen', 'hello', green) } });
    await plane.until(() => areReady('chosen', 1));
    await remove('chosen');
  });

  it('rolls out, and back without touching the pods that need no change', async () => {
    await plane.create(
      DAEMONS,
      aWorkload('rolled', { updateStrategy: { rollingUpdate: { maxUnavailable: 1 } } }),
    );
    await plane.until(() => areReady('rolled', 3));
    const before = uidsOf('rolled');
    await setImage('rolled', 'sick');
    await plane.until(() => imagesOf('rolled').includes('sick'));
    const kept = podsOf('rolled').filter(({ spec }) => spec.containers[0]?.image === 'hello');
    expect(kept).toHaveLength(2);
    await setImage('rolled', 'hello');
    await plane.until(() => haveImage('rolled', ['hello', 'hello', 'hello']));
    for (const { metadata } of kept) expect(uidsOf('rolled')).toContain(metadata.uid);
    expect(uidsOf('rolled').filter(uid => before.includes(uid))).toHaveLength(2);
    expect(
      revisionsOf('rolled')
        .map(({ revision }) => revision)
        .sort(),
    ).toEqual([2, 3]);
    await remove('rolled');
  });

  it('with maxSurge starts the new pod before the old one goes', async () => {
    const rollingUpdate = { maxSurge: 1, maxUnavailable: 0 };
    await plane.create(DAEMONS, aWorkload('surges', { updateStrategy: { rollingUpdate } }));
    await plane.until(() => areReady('surges', 3));
    const counts: number[] = [];
    const unsubscribe = plane.cache.onChange(() => counts.push(podsOf('surges').filter(isPodReady).length));
    await setImage('surges', 'hello:2');
    await plane.until(() => haveImage('surges', ['hello:2', 'hello:2', 'hello:2']));
    unsubscribe();
    expect(Math.min(...counts)).toBe(3);
    await remove('surges');
  });

  it('keeps its history as ControllerRevisions, which clients may label and delete', async () => {
    await plane.create(DAEMONS, aWorkload('history'));
    await plane.until(() => areReady('history', 3) && revisionsOf('history').length === 1);
    const [first] = revisionsOf('history');
    const path = `${REVISIONS}/${first?.metadata.name}`;
    const labels = { [String(first?.metadata.name)]: 'patched' };
    expect((await plane.patch(path, { metadata: { labels } })).metadata.labels).toMatchObject(labels);
    const { metadata, data } = await plane.get(path);
    const copy = { name: 'history-copy', labels: metadata.labels, ownerReferences: metadata.ownerReferences };
    await plane.create(REVISIONS, { metadata: copy, data, revision: 7 });
    await plane.remove(path);
    await plane.until(() => revisionsOf('history').length === 1);
    await setImage('history', 'hello:2');
    await plane.until(() => Math.max(...revisionsOf('history').map(({ revision }) => revision)) === 8);
    await remove('history');
  });
});

describe('a StatefulSet', () => {
  const names = (app: string) => podsOf(app).map(({ metadata }) => metadata.name);
  const remove = (app: string) => plane.remove(`${SETS}/${app}`);
  const setImage = (app: string, image: string) =>
    plane.patch(`${SETS}/${app}`, { spec: { template: template(app, image) } });
  const status = (name: string) => plane.cache.get('StatefulSet', { namespace: 'default', name })?.status;
  /** As its device sees it from now on. */
  const setReady = async (name: string, isReady: boolean) => {
    const pod = plane.cache.get('Pod', { namespace: 'default', name });
    if (pod === undefined) throw new Error(`no pod ${name}`);
    const conditions = (pod.status?.conditions ?? []).map(each =>
      each.type === 'Ready' ? { ...each, status: isReady ? 'True' : 'False' } : each,
    );
    await plane.kubelets.report(pod, { conditions });
  };

  it('grows and shrinks in order, and stops at a pod that is not ready', async () => {
    await plane.create(SETS, aWorkload('ordered', { replicas: 1, template: template('ordered') }));
    await plane.until(() => areReady('ordered', 1));
    await setReady('ordered-0', false);
    await plane.until(() => (status('ordered')?.readyReplicas ?? 0) === 0);
    await plane.patch(`${SETS}/ordered/scale`, { spec: { replicas: 3 } });
    await plane.until(() => status('ordered')?.observedGeneration === 2);
    expect(names('ordered')).toEqual(['ordered-0']);
    const made: string[] = [];
    const gone: string[] = [];
    const unsubscribe = plane.cache.onChange(({ kind, before, after }) => {
      const name = String((after ?? before)?.metadata.name);
      if (kind !== 'Pod' || !name.startsWith('ordered-')) return;
      if (before === undefined) made.push(name);
      if (after === undefined) gone.push(name);
    });
    await setReady('ordered-0', true);
    await plane.until(() => areReady('ordered', 3));
    expect(made).toEqual(['ordered-1', 'ordered-2']);
    await plane.patch(`${SETS}/ordered/scale`, { spec: { replicas: 0 } });
    await plane.until(() => podsOf('ordered').length === 0 && gone.length === 3);
    expect(gone).toEqual(['ordered-2', 'ordered-1', 'ordered-0']);
    unsubscribe();
    await remove('ordered');
  });

  it('with Parallel minds neither order nor health', async () => {
    const parallel = { replicas: 3, podManagementPolicy: 'Parallel', template: template('burst', 'sick') };
    await plane.create(SETS, aWorkload('burst', parallel));
    await plane.until(() => podsOf('burst').length === 3);
    await plane.patch(`${SETS}/burst/scale`, { spec: { replicas: 0 } });
    await plane.until(() => podsOf('burst').length === 0);
    await remove('burst');
  });

  it('rolls from the last to the first, says between which revisions, and knows the way back', async () => {
    await plane.create(SETS, aWorkload('revised', { replicas: 3 }));
    await plane.until(() => areReady('revised', 3) && status('revised')?.currentReplicas === 3);
    const first = status('revised')?.currentRevision;
    expect(status('revised')?.updateRevision).toBe(first);
    await setImage('revised', 'hello:2');
    await plane.until(() => haveImage('revised', ['hello:2', 'hello:2', 'hello:2']));
    await plane.until(() => status('revised')?.currentRevision === status('revised')?.updateRevision);
    expect(status('revised')?.currentRevision).not.toBe(first);
    await setImage('revised', 'hello');
    await plane.until(() => haveImage('revised', ['hello', 'hello', 'hello']));
    await plane.until(() => status('revised')?.currentRevision === first);
    expect(
      revisionsOf('revised')
        .map(({ revision }) => revision)
        .sort(),
    ).toEqual([2, 3]);
    await remove('revised');
  });

  it('with a partition updates only from there on, even pods that are made anew', async () => {
    const partitioned = (partition: number) => ({ type: 'RollingUpdate', rollingUpdate: { partition } });
    await plane.create(SETS, aWorkload('canary', { replicas: 3, updateStrategy: partitioned(3) }));
    await plane.until(() => areReady('canary', 3));
    await setImage('canary', 'hello:2');
    await plane.until(() => status('canary')?.updateRevision !== status('canary')?.currentRevision);
    expect(imagesOf('canary')).toEqual(['hello', 'hello', 'hello']);
    await plane.patch(`${SETS}/canary`, { spec: { updateStrategy: partitioned(2) } });
    await plane.until(() => haveImage('canary', ['hello', 'hello', 'hello:2']));
    const before = uidsOf('canary');
    for (const name of names('canary')) await plane.remove(`${CORE}/pods/${name}`);
    await plane.until(
      () =>
        haveImage('canary', ['hello', 'hello', 'hello:2']) &&
        !uidsOf('canary').some(uid => before.includes(uid)),
    );
    await plane.patch(`${SETS}/canary`, { spec: { updateStrategy: partitioned(0) } });
    await plane.until(() => haveImage('canary', ['hello:2', 'hello:2', 'hello:2']));
    await remove('canary');
  });

  it('makes a failed pod anew under its name', async () => {
    await plane.create(SETS, aWorkload('evicted', { replicas: 1 }));
    await plane.until(() => areReady('evicted', 1));
    const [pod] = podsOf('evicted');
    if (pod !== undefined) await plane.kubelets.report(pod, { phase: 'Failed', reason: 'Evicted' });
    await plane.until(() => areReady('evicted', 1) && uidsOf('evicted')[0] !== pod?.metadata.uid);
    expect(names('evicted')).toEqual(['evicted-0']);
    await remove('evicted');
  });
});

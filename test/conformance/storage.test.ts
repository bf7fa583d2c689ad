/** Persistent volumes and claims, and where pods go that mount them: what Kubernetes's conformance tests and scheduler say of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isPodReady } from '../../shared/kubernetes/pod-state.ts';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  for (const name of ['n1', 'n2', 'n3']) {
    await plane.addNode(name, { labels: { 'kubernetes.io/hostname': name } });
    await plane.patch(`/api/v1/nodes/${name}`, {
      metadata: { annotations: { 'pikelet.dev/volumes-folder': `/data/${name}` } },
    });
  }
});
afterAll(() => plane.stop());

const CORE = '/api/v1/namespaces/default';
const CLAIMS = `${CORE}/persistentvolumeclaims`;
const VOLUMES = '/api/v1/persistentvolumes';
const CLASSES = '/apis/storage.k8s.io/v1/storageclasses';

const aClaim = (name: string, spec: Json = {}) => ({
  metadata: { name },
  spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, ...spec },
});
const aVolume = (name: string, spec: Json = {}) => ({
  metadata: { name, labels: { volume: name } },
  spec: {
    capacity: { storage: '1Gi' },
    accessModes: ['ReadWriteOnce'],
    hostPath: { path: `/srv/${name}` },
    ...spec,
  },
});
const mounting = (...claims: string[]) => ({
  containers: [{ name: 'main', image: 'hello' }],
  volumes: claims.map((claimName, i) => ({ name: `v${i}`, persistentVolumeClaim: { claimName } })),
});
const aPod = (name: string, claim: string, spec: Json = {}) => ({
  metadata: { name },
  spec: { ...mounting(claim), ...spec },
});
const onNode = (node: string) => ({
  required: {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
    ],
  },
});

const claim = (name: string) => plane.cache.get('PersistentVolumeClaim', { namespace: 'default', name });
const volume = (name: string) => plane.cache.get('PersistentVolume', { name });
const pod = (name: string) => plane.cache.get('Pod', { namespace: 'default', name });
const isRunning = (name: string) => {
  const found = pod(name);
  return found !== undefined && isPodReady(found);
};
const isBound = (name: string) => claim(name)?.status?.phase === 'Bound';
const isPendingFor = (name: string, message: string) =>
  pod(name)?.status?.conditions?.some(each => each.type === 'PodScheduled' && each.message === message) ===
  true;

describe('the default class', () => {
  it('is local-path: volumes on the node of the first pod', async () => {
    expect(await plane.get(`${CLASSES}/local-path`)).toMatchObject({
      provisioner: 'pikelet.dev/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    });
    const made = await plane.create(CLAIMS, aClaim('data'));
    expect(made).toMatchObject({
      metadata: { finalizers: ['kubernetes.io/pvc-protection'] },
      spec: { storageClassName: 'local-path' },
      status: { phase: 'Pending' },
    });
    await plane.create(
      `${CORE}/pods`,
      aPod('first', 'data', { nodeSelector: { 'kubernetes.io/hostname': 'n2' } }),
    );
    await plane.until(() => isRunning('first'));
    expect(pod('first')?.spec.nodeName).toBe('n2');
    expect(isBound('data')).toBe(true);
    const name = `pvc-${made.metadata.uid}`;
    expect(volume(name)).toMatchObject({ spec: { local: { path: `/data/n2/${name}` } } });

    await plane.remove(`${CORE}/pods/first`);
    await plane.until(() => pod('first') === undefined);
    await plane.create(`${CORE}/pods`, aPod('second', 'data'));
    await plane.until(() => isRunning('second'));
    expect(pod('second')?.spec.nodeName).toBe('n2');

    await plane.create(
      `${CORE}/pods`,
      aPod('elsewhere', 'data', { nodeSelector: { 'kubernetes.io/hostname': 'n1' } }),
    );
    await plane.until(() =>
      isPendingFor(
        'elsewhere',
        "0/3 nodes are available: 1 node(s) had volume node affinity conflict, 2 node(s) didn't match Pod's node affinity/selector.",
      ),
    );
  });

  it('gives each pod of a StatefulSet a volume to which its successor comes back', async () => {
    const set = '/apis/apps/v1/namespaces/default/statefulsets';
    await plane.create(set, {
      metadata: { name: 'db' },
      spec: {
        replicas: 3,
        selector: { matchLabels: { app: 'db' } },
        template: {
          metadata: { labels: { app: 'db' } },
          spec: {
            containers: [
              { name: 'main', image: 'hello', volumeMounts: [{ name: 'data', mountPath: '/data' }] },
            ],
          },
        },
        volumeClaimTemplates: [aClaim('data')],
      },
    });
    const names = ['db-0', 'db-1', 'db-2'];
    await plane.until(() => names.every(isRunning));
    const homes = names.map(name => pod(name)?.spec.nodeName);
    const uids = names.map(name => pod(name)?.metadata.uid);
    for (const name of names) await plane.remove(`${CORE}/pods/${name}`);
    await plane.until(() => names.every((name, i) => isRunning(name) && pod(name)?.metadata.uid !== uids[i]));
    expect(names.map(name => pod(name)?.spec.nodeName)).toEqual(homes);
  });
});

describe('an ephemeral volume', () => {
  it('comes and goes with its pod', async () => {
    const { spec } = aClaim('');
    const volumes = [{ name: 'scratch', ephemeral: { volumeClaimTemplate: { spec } } }];
    const containers = [
      { name: 'main', image: 'hello', volumeMounts: [{ name: 'scratch', mountPath: '/s' }] },
    ];
    await plane.create(`${CORE}/pods`, { metadata: { name: 'passing' }, spec: { containers, volumes } });
    await plane.until(() => isRunning('passing'));
    expect(isBound('passing-scratch')).toBe(true);
    await plane.remove(`${CORE}/pods/passing`);
    await plane.until(() => claim('passing-scratch') === undefined);
  });
});

describe('a pod waits', () => {
  it('for a claim that is not there, and runs once it is', async () => {
    await plane.create(`${CORE}/pods`, aPod('early', 'late'));
    await plane.until(() =>
      isPendingFor('early', '0/3 nodes are available: persistentvolumeclaim "late" not found.'),
    );
    await plane.create(CLAIMS, aClaim('late'));
    await plane.until(() => isRunning('early'));
  });

  it('for a claim that must be bound first', async () => {
    await plane.create(CLAIMS, aClaim('immediate', { storageClassName: '' }));
    await plane.create(`${CORE}/pods`, aPod('immediate', 'immediate'));
    await plane.until(() =>
      isPendingFor('immediate', '0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.'),
    );
    await plane.create(VOLUMES, aVolume('immediate', { nodeAffinity: onNode('n3') }));
    await plane.until(() => isRunning('immediate'));
    expect(pod('immediate')?.spec.nodeName).toBe('n3');
  });

  it('for the only user of a claim with ReadWriteOncePod to end', async () => {
    await plane.create(CLAIMS, aClaim('single', { accessModes: ['ReadWriteOncePod'] }));
    await plane.create(`${CORE}/pods`, aPod('single-a', 'single'));
    await plane.until(() => isRunning('single-a'));
    await plane.create(`${CORE}/pods`, aPod('single-b', 'single'));
    await plane.until(() =>
      isPendingFor(
        'single-b',
        '0/3 nodes are available: node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode.',
      ),
    );
    await plane.remove(`${CORE}/pods/single-a`);
    await plane.until(() => isRunning('single-b'));
  });

  it('for a node whose volumes, made by people, are free', async () => {
    await plane.create(CLASSES, {
      metadata: { name: 'disks' },
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    await plane.create(CLAIMS, aClaim('disk', { storageClassName: 'disks' }));
    await plane.create(`${CORE}/pods`, aPod('disk', 'disk'));
    await plane.until(() =>
      isPendingFor(
        'disk',
        "0/3 nodes are available: 3 node(s) didn't find available persistent volumes to bind.",
      ),
    );
    const local = { hostPath: undefined, local: { path: '/mnt/disk' } };
    await plane.create(
      VOLUMES,
      aVolume('disk', { ...local, storageClassName: 'disks', nodeAffinity: onNode('n1') }),
    );
    await plane.until(() => isRunning('disk'));
    expect([pod('disk')?.spec.nodeName, claim('disk')?.spec?.volumeName]).toEqual(['n1', 'disk']);
  });
});

describe('volumes that people make', () => {
  it('are bound, released and kept', async () => {
    await plane.create(VOLUMES, aVolume('kept'));
    await plane.until(() => volume('kept')?.status?.phase === 'Available');
    const selector = { matchLabels: { volume: 'kept' } };
    await plane.create(CLAIMS, aClaim('kept', { storageClassName: '', selector }));
    await plane.until(() => isBound('kept') && volume('kept')?.status?.phase === 'Bound');
    await plane.remove(`${VOLUMES}/kept`);
    expect((await plane.get(`${VOLUMES}/kept`)).metadata.deletionTimestamp).toBeDefined();
    await plane.remove(`${CLAIMS}/kept`);
    await plane.until(() => volume('kept') === undefined && claim('kept') === undefined);
  });
});

describe('a claim in use', () => {
  it('outlives its deletion until its pods are gone', async () => {
    await plane.create(CLAIMS, aClaim('used'));
    await plane.create(`${CORE}/pods`, aPod('user', 'used'));
    await plane.until(() => isRunning('user'));
    await plane.remove(`${CLAIMS}/used`);
    await plane.create(`${CORE}/pods`, aPod('too-late', 'used'));
    await plane.until(() =>
      isPendingFor('too-late', '0/3 nodes are available: persistentvolumeclaim "used" is being deleted.'),
    );
    expect(isBound('used')).toBe(true);
    await plane.remove(`${CORE}/pods/user`);
    await plane.until(() => claim('used') === undefined);
  });
});

import { beforeEach, describe, expect, it } from 'vitest';
import { aCluster, converge } from '../../../test/support/converge.ts';
import type { FakeCluster } from '../../../test/support/fake-cluster.ts';
import { persistentVolumeClaimController } from './claim.ts';
import { persistentVolumeController } from './volume.ts';

const DELAYED = 'WaitForFirstConsumer';
const LOCAL_PATH = 'pikelet.dev/local-path';
const SELECTED = 'volume.kubernetes.io/selected-node';
const REMOVAL = 'pikelet.dev/volume-removal';

let cluster: FakeCluster;
let incarnation: number;
beforeEach(() => {
  cluster = aCluster();
  incarnation = 1;
  aClass('local-path', { volumeBindingMode: DELAYED, reclaimPolicy: 'Delete' });
  cluster.create('Node', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'pi-1',
      labels: { 'kubernetes.io/hostname': 'pi-1' },
      annotations: { 'pikelet.dev/volumes-folder': '/data/volumes' },
    },
  });
});

function aClass(name: string, more: object = {}) {
  return cluster.create('StorageClass', {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name },
    provisioner: LOCAL_PATH,
    ...more,
  });
}

function aClaim(name: string, spec: object = {}, metadata: object = {}) {
  return cluster.create('PersistentVolumeClaim', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { namespace: 'default', name, finalizers: ['kubernetes.io/pvc-protection'], ...metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      storageClassName: 'local-path',
      ...spec,
    },
    status: { phase: 'Pending' },
  });
}

function aVolume(name: string, spec: object = {}, metadata: object = {}) {
  return cluster.create('PersistentVolume', {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name, ...metadata },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '5Gi' },
      hostPath: { path: '/srv' },
      persistentVolumeReclaimPolicy: 'Retain',
      storageClassName: '',
      ...spec,
    },
    status: { phase: 'Pending' },
  });
}

/** Both controllers in turn until neither has anything to do; the events that were told. */
async function settle(): Promise<string[]> {
  const told: string[] = [];
  for (let before = -1; before !== cluster.writes.length; ) {
    before = cluster.writes.length;
    for (const { events } of [
      await converge(persistentVolumeClaimController, cluster),
      await converge(persistentVolumeController(incarnation), cluster),
    ])
      told.push(...events.map(({ reason, message }) => `${reason}: ${message}`));
  }
  return [...new Set(told)];
}

const claimOf = (name: string) => cluster.view.get('PersistentVolumeClaim', { namespace: 'default', name });
const volumeOf = (name: string) => cluster.view.get('PersistentVolume', { name });
const phases = (claim: string, volume: string) => [
  claimOf(claim)?.status?.phase,
  volumeOf(volume)?.status?.phase,
];

function annotate(kind: 'PersistentVolume' | 'PersistentVolumeClaim', name: string, annotations: object) {
  const object = cluster.view.get(
    kind,
    kind === 'PersistentVolume' ? { name } : { namespace: 'default', name },
  );
  if (object === undefined) throw new Error(`no ${name}`);
  const metadata = { ...object.metadata, annotations: { ...object.metadata.annotations, ...annotations } };
  cluster.update(kind, { ...object, metadata });
}

async function aProvisioned(name: string): Promise<string> {
  const { metadata } = aClaim(name, {}, { annotations: { [SELECTED]: 'pi-1' } });
  await settle();
  return `pvc-${metadata.uid}`;
}

describe('claims of local-path', () => {
  it('wait for a pod, and say so', async () => {
    aClaim('data');
    expect(await settle()).toEqual([
      'WaitForFirstConsumer: waiting for first consumer to be created before binding',
    ]);
    cluster.create('Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'default', name: 'web' },
      spec: { containers: [], volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] },
    });
    expect(await settle()).toEqual(['WaitForPodScheduled: waiting for pod web to be scheduled']);
    expect(claimOf('data')?.status?.phase).toBe('Pending');
  });

  it('get a volume on the node that was chosen, and are bound to it', async () => {
    const { metadata } = aClaim('data', {}, { annotations: { [SELECTED]: 'pi-1' } });
    const name = `pvc-${metadata.uid}`;
    expect(await settle()).toEqual([`ProvisioningSucceeded: Successfully provisioned volume ${name}`]);
    expect(volumeOf(name)).toMatchObject({
      metadata: {
        annotations: { 'pv.kubernetes.io/provisioned-by': LOCAL_PATH },
        finalizers: ['external-provisioner.volume.kubernetes.io/finalizer', 'kubernetes.io/pv-protection'],
      },
      spec: {
        local: { path: `/data/volumes/${name}` },
        claimRef: { namespace: 'default', name: 'data', uid: metadata.uid },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['pi-1'] }] },
            ],
          },
        },
      },
      status: { phase: 'Bound' },
    });
    expect(claimOf('data')).toMatchObject({
      spec: { volumeName: name },
      status: { phase: 'Bound', accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' } },
    });
  });

  it.each([
    [
      'a class that is not there',
      { storageClassName: 'none' },
      'storageclass.storage.k8s.io "none" not found',
    ],
    ['block volumes', { volumeMode: 'Block' }, 'a folder is no block device'],
    ['many writers', { accessModes: ['ReadWriteMany'] }, 'the volume lies on one node'],
  ])('%s: the event says why nothing is made', async (_, spec, message) => {
    aClaim('data', spec, { annotations: { [SELECTED]: 'pi-1' } });
    const told = await settle();
    expect(told).toHaveLength(1);
    expect(told[0]).toContain('ProvisioningFailed');
    expect(told[0]).toContain(message);
    expect(cluster.view.list('PersistentVolume')).toEqual([]);
  });

  it('a chosen node that is gone is chosen anew', async () => {
    aClaim('data', {}, { annotations: { [SELECTED]: 'pi-9' } });
    expect((await settle())[0]).toContain('node "pi-9" not found');
    expect(claimOf('data')?.metadata.annotations).toEqual({});
  });
});

describe('volumes that people make', () => {
  it('the smallest that fits is bound', async () => {
    aVolume('large', { capacity: { storage: '9Gi' } });
    aVolume('medium');
    aVolume('small', { capacity: { storage: '1Mi' } });
    aVolume('other', { capacity: { storage: '2Gi' }, accessModes: ['ReadOnlyMany'] });
    await settle();
    expect(volumeOf('medium')?.status?.phase).toBe('Available');
    aClaim('data', { storageClassName: '' });
    await settle();
    expect(phases('data', 'medium')).toEqual(['Bound', 'Bound']);
    expect(claimOf('data')?.status?.capacity).toEqual({ storage: '5Gi' });
  });

  it('a selector, a name and a claimRef choose one', async () => {
    for (const name of ['a', 'b', 'c', 'd']) aVolume(name, {}, { labels: { name } });
    aVolume('kept', { claimRef: { namespace: 'default', name: 'by-ref' } });
    aClaim('by-label', { storageClassName: '', selector: { matchLabels: { name: 'c' } } });
    aClaim('by-name', { storageClassName: '', volumeName: 'd' });
    aClaim('by-ref', { storageClassName: '' });
    await settle();
    const bound = (name: string) => claimOf(name)?.spec?.volumeName;
    expect([bound('by-label'), bound('by-name'), bound('by-ref')]).toEqual(['c', 'd', 'kept']);
  });

  it.each([
    ['FailedBinding: no persistent volumes available for this claim and no storage class is set', {}],
    ['VolumeMismatch: Cannot bind to requested volume "pv": requested PV is too small', { volumeName: 'pv' }],
    ['FailedBinding: volume "taken" already bound to a different claim.', { volumeName: 'taken' }],
  ])('%s', async (told, spec) => {
    aVolume('pv', { capacity: { storage: '1Mi' } });
    aVolume('taken', { claimRef: { namespace: 'default', name: 'other', uid: 'u' } });
    aClaim('data', { storageClassName: '', ...spec });
    expect(await settle()).toEqual([told]);
    expect(claimOf('data')?.status?.phase).toBe('Pending');
  });

  it('Retain keeps a released volume; Delete without somebody who can fails', async () => {
    aVolume('retain');
    await settle();
    aClaim('a', { storageClassName: '' });
    await settle();
    aVolume('delete', { persistentVolumeReclaimPolicy: 'Delete' });
    await settle();
    aClaim('b', { storageClassName: '' });
    await settle();
    for (const name of ['a', 'b']) cluster.delete('PersistentVolumeClaim', { namespace: 'default', name });
    const told = await settle();
    expect([volumeOf('retain')?.status?.phase, volumeOf('delete')?.status?.phase]).toEqual([
      'Released',
      'Failed',
    ]);
    expect(told).toEqual([
      'VolumeFailedDelete: error getting deleter volume plugin for volume "delete": no volume plugin matched',
    ]);
  });

  it('a claim whose volume is gone is lost', async () => {
    aVolume('pv');
    await settle();
    aClaim('data', { storageClassName: '' });
    await settle();
    const volume = volumeOf('pv');
    if (volume)
      cluster.update('PersistentVolume', { ...volume, metadata: { ...volume.metadata, finalizers: [] } });
    cluster.delete('PersistentVolume', { name: 'pv' });
    expect(await settle()).toEqual([
      'ClaimLost: Bound claim has lost its PersistentVolume. Data on the volume is lost!',
    ]);
    expect(claimOf('data')?.status?.phase).toBe('Lost');
  });
});

describe('protection', () => {
  it('a claim stays while a pod on a node uses it; a bound volume stays with its claim', async () => {
    const volume = await aProvisioned('data');
    const pod = cluster.create('Pod', {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'default', name: 'web' },
      spec: {
        nodeName: 'pi-1',
        containers: [],
        volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }],
      },
    });
    cluster.delete('PersistentVolumeClaim', { namespace: 'default', name: 'data' });
    cluster.delete('PersistentVolume', { name: volume });
    await settle();
    expect(phases('data', volume)).toEqual(['Bound', 'Bound']);
    cluster.delete('Pod', pod.metadata, { gracePeriodSeconds: 0 });
    await settle();
    expect(phases('data', volume)).toEqual([undefined, 'Released']);
  });
});

describe('Delete of a local-path volume', () => {
  const removalOf = (name: string) => volumeOf(name)?.metadata.annotations?.[REMOVAL];
  async function released(): Promise<string> {
    const name = await aProvisioned('data');
    cluster.delete('PersistentVolumeClaim', { namespace: 'default', name: 'data' });
    await settle();
    return name;
  }

  it('asks the node first; the object goes once the folder is gone', async () => {
    const name = await released();
    expect([volumeOf(name)?.status?.phase, removalOf(name)]).toEqual(['Released', 'wanted-in-1']);
    annotate('PersistentVolume', name, { [REMOVAL]: 'done' });
    await settle();
    expect(volumeOf(name)).toBeUndefined();
  });

  it('is taken back by Retain', async () => {
    const name = await released();
    const volume = volumeOf(name);
    if (volume)
      cluster.update('PersistentVolume', {
        ...volume,
        spec: { ...volume.spec, persistentVolumeReclaimPolicy: 'Retain' },
      });
    await settle();
    expect(removalOf(name)).toBeUndefined();
    cluster.delete('PersistentVolume', { name });
    await settle();
    expect(volumeOf(name)).toBeUndefined();
  });

  it('is void once the state was restored from a backup', async () => {
    const name = await released();
    incarnation = 2;
    const told = await settle();
    expect(told[0]).toContain('restored from a backup');
    expect([volumeOf(name)?.status?.phase, removalOf(name)]).toEqual(['Released', 'wanted-in-1']);
  });

  it('needs nobody when the node is no more', async () => {
    const name = await aProvisioned('data');
    cluster.delete('Node', { name: 'pi-1' });
    cluster.delete('PersistentVolumeClaim', { namespace: 'default', name: 'data' });
    await settle();
    expect(volumeOf(name)).toBeUndefined();
  });
});

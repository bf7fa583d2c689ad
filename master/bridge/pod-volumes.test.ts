import { expect, test } from 'vitest';
import { aCluster } from '../../test/support/converge.ts';
import { claimsOf, volumesToRemove } from './pod-volumes.ts';

const LOCAL_PATH = { 'pv.kubernetes.io/provisioned-by': 'pikelet.dev/local-path' };
const onNode = (node: string) => ({
  required: {
    nodeSelectorTerms: [
      { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
    ],
  },
});

function aWorld() {
  const cluster = aCluster();
  const labels = { 'kubernetes.io/hostname': 'pi-1' };
  cluster.create('Node', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'pi-1', labels } });
  const volume = (name: string, spec: object, annotations: Record<string, string> = {}) =>
    cluster.create('PersistentVolume', {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name, annotations },
      spec,
    });
  const claim = (name: string, volumeName?: string) =>
    cluster.create('PersistentVolumeClaim', {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: {
        namespace: 'default',
        name,
        annotations: volumeName ? { 'pv.kubernetes.io/bind-completed': 'yes' } : {},
      },
      spec: { volumeName },
    });
  const claims = (...names: string[]) =>
    claimsOf(
      cluster.view,
      cluster.create('Pod', {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { namespace: 'default', name: `p${names.join()}` },
        spec: {
          nodeName: 'pi-1',
          containers: [],
          volumes: names.map(name => ({ name, persistentVolumeClaim: { claimName: name } })),
        },
      }),
    );
  return { cluster, volume, claim, claims };
}

test('a pod without claims says nothing of them', () => {
  expect(aWorld().claims()).toBeUndefined();
});

test('each claim with its volume, or why there is none', () => {
  const { volume, claim, claims } = aWorld();
  volume('made', { local: { path: '/v/made' }, nodeAffinity: onNode('pi-1') }, LOCAL_PATH);
  volume('disk', { local: { path: '/mnt' }, nodeAffinity: onNode('pi-1') });
  volume('host', { hostPath: { path: '/srv', type: 'Directory' } });
  volume('far', { local: { path: '/mnt' }, nodeAffinity: onNode('pi-2') });
  volume('nfs', { nfs: { path: '/', server: 's' } });
  for (const name of ['made', 'disk', 'host', 'far', 'nfs']) claim(name, name);
  claim('waiting');
  expect(claims('made', 'disk', 'host', 'far', 'nfs', 'waiting', 'none')).toEqual({
    made: { volume: 'made', source: 'folder', path: '/v/made' },
    disk: { volume: 'disk', source: 'local', path: '/mnt' },
    host: { volume: 'host', source: 'hostPath', path: '/srv', hostType: 'Directory' },
    far: { error: 'volume "far" cannot be reached from node "pi-1"' },
    nfs: { error: 'volume "nfs" is neither local nor hostPath, which are all that this node supports' },
    waiting: { error: 'persistentvolumeclaim "waiting" is not bound' },
  });
});

test('only volumes of the node are to be removed, and by orders of this incarnation', () => {
  const { cluster, volume } = aWorld();
  const removal = (order: string) => ({ ...LOCAL_PATH, 'pikelet.dev/volume-removal': order });
  const [here, there] = [{ nodeAffinity: onNode('pi-1') }, { nodeAffinity: onNode('pi-2') }];
  volume('b', here, removal('wanted-in-2'));
  volume('a', here, removal('wanted-in-2'));
  volume('old', here, removal('wanted-in-1'));
  volume('done', here, removal('done'));
  volume('kept', here, LOCAL_PATH);
  volume('elsewhere', there, removal('wanted-in-2'));
  volume('foreign', here, { 'pikelet.dev/volume-removal': 'wanted-in-2' });
  expect(volumesToRemove(cluster.view, 'pi-1', 2)).toEqual(['a', 'b']);
});

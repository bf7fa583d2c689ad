/** The cluster's own identity and its first objects: what must be there before anything else can be. */
import { ApiError } from '../shared/kubernetes/api-error.ts';
import { LOCAL_PATH_PROVISIONER } from '../shared/kubernetes/volumes.ts';
import { SYSTEM_PRIORITY_CLASSES } from './registry/kinds/priority-class.ts';
import type { Registry } from './registry/registry.ts';
import type { ClusterView } from './watch/cluster-view.ts';

const SYSTEM_NAMESPACES = ['default', 'kube-system', 'kube-public', 'kube-node-lease'];

/** Raised by one when the store is restored from a backup, so that agents take the older revisions for newer ones. */
const INCARNATION = 'pikelet.dev/incarnation';

/** Volumes on the disk of the node where a claim's first pod runs; what a claim gets that names no class. */
const LOCAL_PATH_CLASS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: {
    name: 'local-path',
    annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
  },
  provisioner: LOCAL_PATH_PROVISIONER,
  reclaimPolicy: 'Delete',
  volumeBindingMode: 'WaitForFirstConsumer',
};

export type Cluster = { readonly uid: string; readonly incarnation: number };

/** Makes the namespaces and classes that every cluster has and reads who this cluster is: the uid of kube-system, as tools expect. */
export async function ensureCluster(view: ClusterView, registry: Registry): Promise<Cluster> {
  for (const name of SYSTEM_NAMESPACES) {
    if (view.get('Namespace', { name }) !== undefined) continue;
    await registry.create('Namespace', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
  for (const priorityClass of SYSTEM_PRIORITY_CLASSES)
    if (view.get('PriorityClass', { name: priorityClass.metadata.name }) === undefined)
      await registry.create('PriorityClass', priorityClass);
  if (view.get('StorageClass', { name: LOCAL_PATH_CLASS.metadata.name }) === undefined)
    await registry.create('StorageClass', LOCAL_PATH_CLASS);
  const system = view.get('Namespace', { name: 'kube-system' });
  if (system === undefined) throw new ApiError('InternalError', 'the namespace kube-system is not there');
  const incarnation = Number(system.metadata.annotations?.[INCARNATION] ?? '1');
  return { uid: system.metadata.uid, incarnation: Number.isSafeInteger(incarnation) ? incarnation : 1 };
}

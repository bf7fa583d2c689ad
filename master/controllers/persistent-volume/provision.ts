/** Makes the volume for a claim whose node is chosen: an object; its folder is made by the node's agent at the first mount. Pure. */
import type { KindMap, New, PersistentVolumeClaim } from '../../../shared/kubernetes/objects.ts';
import {
  affinityTo,
  claimRefTo,
  LOCAL_PATH_PROVISIONER,
  type PersistentVolume,
  PROVISIONER_FINALIZER,
  VOLUME_ANNOTATION,
} from '../../../shared/kubernetes/volumes.ts';
import { subjectOf } from '../../events/event.ts';
import type { ClusterView } from '../../watch/cluster-view.ts';
import type { Action } from '../controller.ts';

type Provisioning = {
  readonly claim: PersistentVolumeClaim;
  readonly className: string;
  /** Undefined when there is none of that name. */
  readonly storageClass: KindMap['StorageClass'] | undefined;
  /** The node that the scheduler chose. */
  readonly selected: string | undefined;
  readonly view: ClusterView;
};

export function provision({ claim, className, storageClass, selected, view }: Provisioning): Action[] {
  const fail = (why: string) => [event(claim, 'Warning', 'ProvisioningFailed', why)];
  if (storageClass === undefined) return fail(`storageclass.storage.k8s.io "${className}" not found`);
  const { provisioner } = storageClass;
  if (provisioner !== LOCAL_PATH_PROVISIONER)
    return [
      event(
        claim,
        'Normal',
        'ExternalProvisioning',
        `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`,
      ),
    ];
  const refuse = (why: string) => fail(`failed to provision volume with StorageClass "${className}": ${why}`);
  const fault = unservable(claim);
  if (fault !== undefined) return refuse(fault);
  if (selected === undefined)
    return refuse('no node is known: the class needs volumeBindingMode WaitForFirstConsumer');
  const node = view.get('Node', { name: selected });
  // The scheduler chooses anew.
  if (node === undefined) return [deselected(claim), ...refuse(`node "${selected}" not found`)];
  const folder = node.metadata.annotations?.[VOLUME_ANNOTATION.volumesFolder];
  if (folder === undefined)
    return refuse(
      `node "${selected}" does not say where its volumes lie; its agent is older than the master`,
    );
  const object = volumeFor({ claim, className, storageClass, node: selected, folder });
  const message = `Successfully provisioned volume ${object.metadata.name}`;
  return [
    { kind: 'create', of: 'PersistentVolume', object },
    event(claim, 'Normal', 'ProvisioningSucceeded', message),
  ];
}

/** What a folder on one node cannot give. */
function unservable({ spec }: PersistentVolumeClaim): string | undefined {
  if (spec?.volumeMode === 'Block') return 'a folder is no block device: volumeMode must be Filesystem';
  const isShared = spec?.accessModes?.some(mode => mode === 'ReadWriteMany' || mode === 'ReadOnlyMany');
  return isShared
    ? 'the volume lies on one node: accessModes must be ReadWriteOnce or ReadWriteOncePod'
    : undefined;
}

function deselected(claim: PersistentVolumeClaim): Action {
  const { [VOLUME_ANNOTATION.selectedNode]: _, ...annotations } = claim.metadata.annotations ?? {};
  const object = { ...claim, metadata: { ...claim.metadata, annotations } };
  return { kind: 'update', of: 'PersistentVolumeClaim', object };
}

function volumeFor(given: {
  readonly claim: PersistentVolumeClaim;
  readonly className: string;
  readonly storageClass: KindMap['StorageClass'];
  readonly node: string;
  readonly folder: string;
}): New<PersistentVolume> {
  const { claim, className, storageClass, node, folder } = given;
  const name = `pvc-${claim.metadata.uid}`;
  const reclaimPolicy = storageClass.reclaimPolicy ?? 'Delete';
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name,
      annotations: { [VOLUME_ANNOTATION.provisionedBy]: LOCAL_PATH_PROVISIONER },
      finalizers: reclaimPolicy === 'Delete' ? [PROVISIONER_FINALIZER] : [],
    },
    spec: {
      accessModes: claim.spec?.accessModes,
      capacity: { storage: claim.spec?.resources?.requests?.storage ?? '0' },
      claimRef: claimRefTo(claim),
      local: { path: `${folder}/${name}` },
      nodeAffinity: affinityTo(node),
      persistentVolumeReclaimPolicy: reclaimPolicy,
      storageClassName: className,
      volumeMode: 'Filesystem',
      ...(storageClass.mountOptions && { mountOptions: storageClass.mountOptions }),
    },
  };
}

function event(
  claim: PersistentVolumeClaim,
  type: 'Normal' | 'Warning',
  reason: string,
  message: string,
): Action {
  return { kind: 'event', about: subjectOf('PersistentVolumeClaim', claim), type, reason, message };
}

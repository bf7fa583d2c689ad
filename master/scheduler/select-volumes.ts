/** Writes what was chosen for a pod's claims: the control loop of volumes then makes and binds them. */
import { keptFor, VOLUME_ANNOTATION } from '../../shared/kubernetes/volumes.ts';
import type { Registry } from '../registry/registry.ts';
import type { Selection } from './pod-storage.ts';

/** Writes only what is not written yet. Throws ApiError Conflict when a claim or a volume was changed meanwhile. */
export async function selectVolumes(
  registry: Pick<Registry, 'update'>,
  selections: readonly Selection[],
  node: string,
): Promise<void> {
  for (const { claim, volume } of selections) {
    const { metadata } = claim;
    if (volume === undefined) {
      if (metadata.annotations?.[VOLUME_ANNOTATION.selectedNode] === node) continue;
      const annotations = { ...metadata.annotations, [VOLUME_ANNOTATION.selectedNode]: node };
      await registry.update('PersistentVolumeClaim', { ...claim, metadata: { ...metadata, annotations } });
    } else if (volume.spec?.claimRef?.uid !== metadata.uid) {
      await registry.update('PersistentVolume', keptFor(volume, claim));
    }
  }
}

/**
 * What must stand on the device before a container can mount a volume. Pure. Kinds of volume that are not here are a
 * CreateContainerConfigError that names the volume, never an empty folder in its place.
 */
import { join } from 'node:path';
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { configMapOf, secretOf } from '../sync/render-environment.ts';
import { RenderError } from '../sync/render-error.ts';

export type ProjectedFile = { readonly path: string; readonly bytes: Uint8Array; readonly mode: number };

export type PreparedVolume =
  | { readonly kind: 'directory'; readonly path: string }
  /** `hostType` as in `hostPath.type`; empty: nothing is checked. */
  | { readonly kind: 'host'; readonly path: string; readonly hostType: string }
  | { readonly kind: 'tmpfs'; readonly sizeBytes?: number }
  | { readonly kind: 'projected'; readonly path: string; readonly files: readonly ProjectedFile[] };

/** Kubernetes's default mode of projected files. */
const DEFAULT_MODE = 0o644;

/** The folder of one pod below the agent's own. */
export function podFolder(podsFolder: string, uid: string): string {
  return join(podsFolder, uid);
}

/** What the volume `name` of a pod is on this device. Throws RenderError when it is missing, refers to something missing, or is of an unknown kind. */
export function planVolume(document: PodDocument, name: string, podsFolder: string): PreparedVolume {
  const volume = document.spec.volumes?.find(each => each.name === name);
  if (!volume) throw new RenderError(`volume "${name}" not found`);
  const path = join(podFolder(podsFolder, document.uid), 'volumes', name);
  if (volume.emptyDir) return planEmptyDir(document, volume, path);
  if (volume.hostPath)
    return { kind: 'host', path: volume.hostPath.path, hostType: volume.hostPath.type ?? '' };
  if (volume.configMap) return { kind: 'projected', path, files: configMapFiles(document, volume.configMap) };
  if (volume.secret) return { kind: 'projected', path, files: secretFiles(document, volume.secret) };
  const kind = Object.keys(volume).find(key => key !== 'name') ?? 'unknown';
  throw new RenderError(
    `volume "${name}" is of kind ${kind}, which this node does not support; it supports emptyDir, hostPath, configMap and secret`,
  );
}

function planEmptyDir(document: PodDocument, volume: core.Volume, path: string): PreparedVolume {
  if (volume.emptyDir?.medium !== 'Memory') return { kind: 'directory', path };
  const { containers, initContainers = [] } = document.spec;
  const users = [...containers, ...initContainers].filter(each =>
    each.volumeMounts?.some(mount => mount.name === volume.name),
  );
  if (users.length > 1)
    throw new RenderError(
      `volume "${volume.name}" is an emptyDir with medium Memory that several containers mount, which this node does not support; leave out the medium`,
    );
  return { kind: 'tmpfs' };
}

function configMapFiles(document: PodDocument, source: core.ConfigMapVolumeSource): readonly ProjectedFile[] {
  const map = configMapOf(document, source.name ?? '', source.optional);
  const contents = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(map?.data ?? {})) contents.set(key, Buffer.from(value, 'utf8'));
  for (const [key, value] of Object.entries(map?.binaryData ?? {}))
    contents.set(key, Buffer.from(value, 'base64'));
  return chooseFiles(contents, source, `configmap references non-existent config key`, map === undefined);
}

function secretFiles(document: PodDocument, source: core.SecretVolumeSource): readonly ProjectedFile[] {
  const secret = secretOf(document, source.secretName ?? '', source.optional);
  const entries = Object.entries(secret?.data ?? {});
  const contents = new Map(entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return chooseFiles(contents, source, `references non-existent secret key`, secret === undefined);
}

function chooseFiles(
  contents: ReadonlyMap<string, Uint8Array>,
  source: { items?: core.KeyToPath[]; defaultMode?: number; optional?: boolean },
  complaint: string,
  isAbsent: boolean,
): readonly ProjectedFile[] {
  const mode = source.defaultMode ?? DEFAULT_MODE;
  if (!source.items || isAbsent) return [...contents].map(([path, bytes]) => ({ path, bytes, mode }));
  return source.items.flatMap(item => {
    const bytes = contents.get(item.key);
    if (bytes) return [{ path: checkedPath(item.path), bytes, mode: item.mode ?? mode }];
    if (source.optional) return [];
    throw new RenderError(`${complaint}: ${item.key}`);
  });
}

/** A relative path that stays inside its volume. Throws RenderError for any other. */
export function checkedPath(path: string): string {
  const parts = path.split('/');
  if (path.startsWith('/') || parts.includes('..')) throw new RenderError(`path "${path}" leaves its volume`);
  return path;
}

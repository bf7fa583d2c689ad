/** The files of volumes that are made of something: ConfigMaps, Secrets, fields of the pod, tokens. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { type FieldFacts, readField, readResourceField } from '../sync/read-field.ts';
import { configMapOf, secretOf } from '../sync/references.ts';
import { RenderError } from '../sync/render-error.ts';
import { checkedPath } from './inner-path.ts';
import { tokenRequestOf } from './token-requests.ts';

export type ProjectedFile = {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly mode: number;
  /** Whose it is; the agent's own without. */
  readonly userId?: number;
};

/** The token that was issued for a pod; undefined while there is none. */
export type TokenOf = (request: ReturnType<typeof tokenRequestOf>) => string | undefined;

type Facts = Omit<FieldFacts, 'podIp'> & { readonly tokenOf: TokenOf };

/** Kubernetes's default mode of projected files. */
const DEFAULT_MODE = 0o644;
/** Of tokens where an owner or a group is named who may read them. */
const OWNED_TOKEN_MODE = 0o600;

/** Each path once; undefined for a volume of another kind. Throws RenderError when something that is needed is missing. */
export function projectedFiles(
  document: PodDocument,
  volume: core.Volume,
  facts: Facts,
): readonly ProjectedFile[] | undefined {
  const { configMap, secret, downwardAPI, projected } = volume;
  if (configMap) return sourceFiles(document, { configMap }, modeOf(configMap), facts);
  if (secret)
    return sourceFiles(document, { secret: { ...secret, name: secret.secretName } }, modeOf(secret), facts);
  if (downwardAPI) return sourceFiles(document, { downwardAPI }, modeOf(downwardAPI), facts);
  if (!projected) return undefined;
  const files = (projected.sources ?? []).flatMap(source =>
    sourceFiles(document, source, modeOf(projected), facts),
  );
  return [...new Map(files.map(file => [file.path, file])).values()];
}

function modeOf({ defaultMode }: { readonly defaultMode?: number }): number {
  return defaultMode ?? DEFAULT_MODE;
}

function sourceFiles(
  document: PodDocument,
  source: core.VolumeProjection,
  mode: number,
  facts: Facts,
): readonly ProjectedFile[] {
  const { configMap, secret, downwardAPI, serviceAccountToken } = source;
  if (configMap) return configMapFiles(document, configMap, mode);
  if (secret) return secretFiles(document, secret, mode);
  if (downwardAPI)
    return (downwardAPI.items ?? []).map(item => ({
      path: checkedPath(item.path),
      bytes: Buffer.from(downwardText(document, item, facts)),
      mode: item.mode ?? mode,
    }));
  if (serviceAccountToken) return tokenFiles(document, serviceAccountToken, mode, facts);
  const [kind = 'unknown'] = Object.keys(source);
  throw new RenderError(`a projected volume has the source ${kind}, which this node does not support`);
}

function configMapFiles(
  document: PodDocument,
  source: core.ConfigMapProjection,
  mode: number,
): readonly ProjectedFile[] {
  const map = configMapOf(document, source.name ?? '', source.optional);
  const contents = new Map<string, Uint8Array>();
  for (const [key, value] of Object.entries(map?.data ?? {})) contents.set(key, Buffer.from(value, 'utf8'));
  for (const [key, value] of Object.entries(map?.binaryData ?? {}))
    contents.set(key, Buffer.from(value, 'base64'));
  return chooseFiles(contents, source, mode, 'configmap references non-existent config key');
}

function secretFiles(
  document: PodDocument,
  source: core.SecretProjection,
  mode: number,
): readonly ProjectedFile[] {
  const secret = secretOf(document, source.name ?? '', source.optional);
  const entries = Object.entries(secret?.data ?? {});
  const contents = new Map(entries.map(([key, value]) => [key, Buffer.from(value, 'base64')]));
  return chooseFiles(contents, source, mode, 'references non-existent secret key');
}

function chooseFiles(
  contents: ReadonlyMap<string, Uint8Array>,
  source: { items?: core.KeyToPath[]; optional?: boolean },
  mode: number,
  complaint: string,
): readonly ProjectedFile[] {
  if (!source.items?.length) return [...contents].map(([path, bytes]) => ({ path, bytes, mode }));
  return source.items.flatMap(item => {
    const bytes = contents.get(item.key);
    if (bytes) return [{ path: checkedPath(item.path), bytes, mode: item.mode ?? mode }];
    if (source.optional) return [];
    throw new RenderError(`${complaint}: ${item.key}`);
  });
}

function downwardText(document: PodDocument, item: core.DownwardAPIVolumeFile, facts: Facts): string {
  if (item.fieldRef) return readField(document, item.fieldRef.fieldPath, facts);
  const ref = item.resourceFieldRef;
  const own = [...document.spec.containers, ...(document.spec.initContainers ?? [])].find(
    ({ name }) => name === ref?.containerName,
  );
  if (ref && own) return readResourceField(document, own, ref, facts);
  throw new RenderError(`container "${ref?.containerName ?? ''}" of the file "${item.path}" not found`);
}

/** No file while there is no token: the pod of a device that starts without its master must run all the same. */
function tokenFiles(
  document: PodDocument,
  source: core.ServiceAccountTokenProjection,
  mode: number,
  facts: Facts,
): readonly ProjectedFile[] {
  const token = facts.tokenOf(tokenRequestOf(document.uid, source));
  if (token === undefined) return [];
  const userId = soleUser(document);
  const isOwned = userId !== undefined || document.spec.securityContext?.fsGroup !== undefined;
  const path = checkedPath(source.path);
  return [{ path, bytes: Buffer.from(token), mode: isOwned ? OWNED_TOKEN_MODE : mode, userId }];
}

/** The user that all containers run as; undefined when there is not one. Source: the kubelet's FsUserFrom. */
function soleUser({ spec }: PodDocument): number | undefined {
  const all = [...spec.containers, ...(spec.initContainers ?? [])];
  const users = new Set(
    all.map(({ securityContext }) => securityContext?.runAsUser ?? spec.securityContext?.runAsUser),
  );
  return users.size === 1 ? [...users][0] : undefined;
}

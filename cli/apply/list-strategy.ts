/**
 * How lists of the built-in kinds are merged: the patchStrategy and patchMergeKey of Kubernetes's own types
 * (k8s.io/api, struct tags). A list that is not named here is replaced as a whole.
 */

export type ListStrategy =
  | { readonly kind: 'merge'; readonly key: string }
  | { readonly kind: 'set' }
  | { readonly kind: 'replace' };

/** Field names that mean the same wherever they stand. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  ephemeralContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  volumeDevices: 'devicePath',
  imagePullSecrets: 'name',
  secrets: 'name',
  hostAliases: 'ip',
  topologySpreadConstraints: 'topologyKey',
  resourceClaims: 'name',
  schedulingGates: 'name',
  conditions: 'type',
  addresses: 'type',
  ownerReferences: 'uid',
};

/** `path` holds field names only, from the top of the object; items of lists add nothing to it. */
export function listStrategy(path: readonly string[]): ListStrategy {
  const [parent, field = ''] = [path.at(-2), path.at(-1)];
  if (field === 'finalizers' && parent === 'metadata') return { kind: 'set' };
  if (field === 'ports') return { kind: 'merge', key: parent === 'spec' ? 'port' : 'containerPort' };
  const key = MERGE_KEYS[field];
  return key === undefined ? { kind: 'replace' } : { kind: 'merge', key };
}

/** Everything is replaced: what a kind gets whose types nobody here knows. */
export function replaceLists(): ListStrategy {
  return { kind: 'replace' };
}

/**
 * True for an object of which exactly one member may be set, so that a new one must push out the old one that the server
 * filled in: a Deployment's strategy, and each volume (patchStrategy retainKeys).
 */
export function retainsKeys(path: readonly string[]): boolean {
  const field = path.at(-1);
  return field === 'volumes' || (field === 'strategy' && path.at(-2) === 'spec');
}

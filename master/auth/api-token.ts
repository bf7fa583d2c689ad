/**
 * Bearer tokens of the API: `<name>.<secret>`, where the Secret `api-token-<name>` keeps a hash of the whole token, the
 * user and the groups. Deleting the Secret revokes the token.
 */
import { randomBytes } from 'node:crypto';
import type { New, Secret } from '../../shared/kubernetes/objects.ts';
import { readIfThere, writePrivateFile } from '../../shared/private-file.ts';
import type { Registry } from '../registry/registry.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import type { Identity } from './identity.ts';
import { isSameText, SYSTEM_NAMESPACE, secretMembers, secretText, sha256Hex } from './secret-text.ts';

export const API_TOKEN_TYPE = 'pikelet.dev/api-token';
/** A longer one is none of ours and is not hashed. */
const TOKEN_MAX_LENGTH = 256;

/** Whose token this is; undefined when it is nobody's. */
export function verifyApiToken(view: ClusterView, token: string): Identity | undefined {
  const name = /^([a-z0-9-]+)\./.exec(token)?.[1];
  if (name === undefined || token.length > TOKEN_MAX_LENGTH) return undefined;
  const secret = view.get('Secret', { namespace: SYSTEM_NAMESPACE, name: `api-token-${name}` });
  if (secret?.type !== API_TOKEN_TYPE) return undefined;
  const [hash, user] = [secretText(secret, 'sha256'), secretText(secret, 'user')];
  if (hash === undefined || user === undefined || !isSameText(hash, sha256Hex(token))) return undefined;
  return { user, groups: (secretText(secret, 'groups') ?? '').split(',').filter(group => group !== '') };
}

/**
 * The dashboard's token, which may look at everything but secrets. It is in the clear only in the file `path` (mode
 * 0600); the store keeps its hash. Makes whichever of the two is missing. The namespace kube-system must exist.
 */
export async function ensureDashboardToken(options: {
  readonly view: ClusterView;
  readonly registry: Registry;
  readonly path: string;
}): Promise<string> {
  const { view, registry, path } = options;
  const kept = (await readIfThere(path))?.trim();
  if (kept !== undefined && verifyApiToken(view, kept) !== undefined) return kept;
  const token = kept?.startsWith('dashboard.') ? kept : `dashboard.${randomBytes(32).toString('base64url')}`;
  if (token !== kept) await writePrivateFile(path, `${token}\n`);
  const wanted = apiTokenSecret('dashboard', token, { user: 'dashboard', groups: ['pikelet:viewers'] });
  const stored = view.get('Secret', { namespace: SYSTEM_NAMESPACE, name: wanted.metadata.name ?? '' });
  if (stored === undefined) await registry.create('Secret', wanted);
  else await registry.update('Secret', { ...stored, data: wanted.data });
  return token;
}

function apiTokenSecret(name: string, token: string, identity: Identity): New<Secret> {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { namespace: SYSTEM_NAMESPACE, name: `api-token-${name}` },
    type: API_TOKEN_TYPE,
    data: secretMembers({
      sha256: sha256Hex(token),
      user: identity.user,
      groups: identity.groups.join(','),
    }),
  };
}

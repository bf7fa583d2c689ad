/**
 * What a device proves itself with after it joined: a password of its own node, of which the store keeps a hash. The
 * Secret is owned by the Node, and is good only for that very Node: deleting the Node revokes it at once.
 */
import { randomBytes } from 'node:crypto';
import type { New, Node, Secret } from '../../shared/kubernetes/objects.ts';
import type { ClusterView } from '../watch/cluster-view.ts';
import { isSameText, SYSTEM_NAMESPACE, secretMembers, secretText, sha256Hex } from './secret-text.ts';

export const NODE_CREDENTIAL_TYPE = 'pikelet.dev/node-credential';

/** A new password: 256 random bits in base64url. */
export function newNodePassword(): string {
  return randomBytes(32).toString('base64url');
}

export type NodeCredential = {
  /** The device that it was issued to, by its own word. */
  readonly deviceId: string;
  /** Milliseconds since 1970, by the master's clock. */
  readonly issuedAtMs: number;
};

/** The Secret that makes `password` the one of `node`. */
export function nodeCredentialSecret(node: Node, password: string, credential: NodeCredential): New<Secret> {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: SYSTEM_NAMESPACE,
      name: nodeCredentialName(node.metadata.name),
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: node.metadata.name, uid: node.metadata.uid }],
    },
    type: NODE_CREDENTIAL_TYPE,
    data: secretMembers({
      sha256: sha256Hex(password),
      'device-id': credential.deviceId,
      'issued-at': new Date(credential.issuedAtMs).toISOString(),
    }),
  };
}

export function nodeCredentialName(node: string): string {
  return `node-credential-${node}`;
}

/** To whom and when a node's credential was issued; undefined when it has none. */
export function nodeCredentialOf(view: ClusterView, node: string): NodeCredential | undefined {
  const secret = view.get('Secret', { namespace: SYSTEM_NAMESPACE, name: nodeCredentialName(node) });
  if (secret?.type !== NODE_CREDENTIAL_TYPE) return undefined;
  const issuedAtMs = Date.parse(secretText(secret, 'issued-at') ?? '');
  return {
    deviceId: secretText(secret, 'device-id') ?? '',
    issuedAtMs: Number.isNaN(issuedAtMs) ? 0 : issuedAtMs,
  };
}

/** True when `password` is the one of this node, and the node is the one that it was issued to. */
export function verifyNodePassword(view: ClusterView, node: string, password: string): boolean {
  const secret = view.get('Secret', { namespace: SYSTEM_NAMESPACE, name: nodeCredentialName(node) });
  const hash = secret?.type === NODE_CREDENTIAL_TYPE ? secretText(secret, 'sha256') : undefined;
  if (secret === undefined || hash === undefined) return false;
  const uid = view.get('Node', { name: node })?.metadata.uid;
  const isOfThisNode =
    uid !== undefined && secret.metadata.ownerReferences?.some(owner => owner.uid === uid) === true;
  return isOfThisNode && isSameText(hash, sha256Hex(password));
}

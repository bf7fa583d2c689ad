/** The key that signs service accounts' tokens: made at the first start, kept in the data folder beside the authority's. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { join } from 'node:path';
import { readIfThere, writePrivateFile } from '../../../shared/private-file.ts';

/** A P-256 key: small tokens, and made in no time on a small device. */
export type SigningKey = {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** Names the key in tokens and in the key set. */
  readonly keyId: string;
};

/** Opens `sa.key` in `directory` (mode 0600), making it at the first start. Throws when the file holds no private key. */
export async function openSigningKey(directory: string): Promise<SigningKey> {
  const path = join(directory, 'sa.key');
  const kept = await readIfThere(path);
  if (kept !== undefined) return signingKeyOf(createPrivateKey(kept));
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writePrivateFile(path, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return signingKeyOf(privateKey);
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return { privateKey, publicKey, keyId: createHash('sha256').update(der).digest('base64url') };
}

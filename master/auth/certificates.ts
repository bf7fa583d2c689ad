/**
 * Issues X.509 certificates. The library costs some 17 MB of memory, so that it is loaded only when something must be
 * issued: once in the life of most masters. Reading certificates needs node:crypto alone.
 */
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';

/** A certificate and its private key, both PEM. */
export type CertifiedKey = { readonly certPem: string; readonly keyPem: string };

export type Validity = { readonly notBeforeMs: number; readonly notAfterMs: number };

const KEY = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SIGNATURE = { name: 'ECDSA', hash: 'SHA-256' } as const;

async function loadX509() {
  // @peculiar/x509 throws at import unless the polyfill is there before it.
  await import('reflect-metadata');
  return await import('@peculiar/x509');
}

/** A new authority that signs itself. */
export async function issueAuthority(commonName: string, validity: Validity): Promise<CertifiedKey> {
  const x509 = await loadX509();
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: [{ CN: [commonName] }],
    notBefore: new Date(validity.notBeforeMs),
    notAfter: new Date(validity.notAfterMs),
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await pemOf(keys.privateKey) };
}

export type LeafRequest = {
  readonly authority: CertifiedKey;
  readonly validity: Validity;
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly use: 'server' | 'client';
  /** Names and addresses that a server answers to; empty for a client. */
  readonly hosts: readonly string[];
};

/** A new key, certified by `authority`. */
export async function issueLeaf(request: LeafRequest): Promise<CertifiedKey> {
  const x509 = await loadX509();
  const authority = new x509.X509Certificate(request.authority.certPem);
  const keys = await webcrypto.subtle.generateKey(KEY, true, ['sign', 'verify']);
  const use = request.use === 'server' ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth;
  const alternativeNames = request.hosts.map(host =>
    isIP(host) === 0 ? ({ type: 'dns', value: host } as const) : ({ type: 'ip', value: host } as const),
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: [{ CN: [request.commonName] }, ...request.organizations.map(name => ({ O: [name] }))],
    issuer: authority.subjectName.toJSON(),
    notBefore: new Date(request.validity.notBeforeMs),
    notAfter: new Date(request.validity.notAfterMs),
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey: await signingKeyOf(request.authority.keyPem),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([use]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
      ...(alternativeNames.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(alternativeNames)]),
    ],
  });
  return { certPem: certificate.toString('pem'), keyPem: await pemOf(keys.privateKey) };
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN PRIVATE KEY-----\n${lines.join('\n')}\n-----END PRIVATE KEY-----\n`;
}

async function signingKeyOf(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  return await webcrypto.subtle.importKey('pkcs8', der, KEY, false, ['sign']);
}

/** 127 random bits, positive: RFC 5280 allows up to 20 octets. */
function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01;
  return bytes.toString('hex');
}

/**
 * Issues X.509 certificates. The library costs some 17 MB of memory, so that it is loaded only when something must be
 * issued: once in the life of most masters. Reading certificates needs node:crypto alone.
 */
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import { MASTERS } from './identity.ts';

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

/** A signing request that is malformed, or that its key did not sign, or that asks for too much. */
export class SigningRequestError extends Error {
  override readonly name = 'SigningRequestError';
}

/** Certifies what a PKCS #10 request asks for: its key and its subject, for a client. Throws SigningRequestError. */
export async function signRequest(wanted: {
  readonly authority: CertifiedKey;
  readonly requestPem: string;
  readonly validity: Validity;
}): Promise<string> {
  const x509 = await loadX509();
  const request = await readRequest(x509, wanted.requestPem);
  // Whoever may approve requests would make administrators with it. [Kubernetes's CertificateSubjectRestriction]
  if (request.subjectName.getField('O').includes(MASTERS))
    throw new SigningRequestError(
      `use of kubernetes.io/kube-apiserver-client signer with ${MASTERS} group is not allowed`,
    );
  const authority = new x509.X509Certificate(wanted.authority.certPem);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: request.subjectName.toJSON(),
    issuer: authority.subjectName.toJSON(),
    notBefore: new Date(wanted.validity.notBeforeMs),
    notAfter: new Date(wanted.validity.notAfterMs),
    signingAlgorithm: SIGNATURE,
    publicKey: request.publicKey,
    signingKey: await signingKeyOf(wanted.authority.keyPem),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
      await x509.AuthorityKeyIdentifierExtension.create(authority.publicKey),
    ],
  });
  return `${certificate.toString('pem')}\n`;
}

type X509 = Awaited<ReturnType<typeof loadX509>>;

async function readRequest(x509: X509, requestPem: string) {
  try {
    const request = new x509.Pkcs10CertificateRequest(requestPem);
    if (await request.verify()) return request;
  } catch (error) {
    throw new SigningRequestError('unable to parse the certificate request', { cause: error });
  }
  throw new SigningRequestError('the certificate request is not signed by its own key');
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

/**
 * The cluster's own certificate authority: made at the first start, kept in the data folder, never replaced by itself,
 * for every kubeconfig trusts it. Rotation has its place here and is not built.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../../shared/clock.ts';
import { readIfThere, writePrivateFile } from '../../shared/private-file.ts';
import { type CertifiedKey, issueAuthority, issueLeaf, signRequest, type Validity } from './certificates.ts';

export interface ClusterCa {
  /** The authority's certificate, for kubeconfigs and `--cacert`. */
  readonly caPem: string;
  /** The API's certificate for these names and addresses; kept, and issued anew when it lacks one of them or nears its end. */
  serverCertificate(hosts: readonly string[]): Promise<CertifiedKey>;
  /** A client certificate as Kubernetes reads it: the user is the common name, groups are organizations. Not kept. */
  issueClient(client: { readonly user: string; readonly groups: readonly string[] }): Promise<CertifiedKey>;
  /** Certifies the key and the subject of a PKCS #10 request, for clients. Throws SigningRequestError. Answers PEM. */
  signClientRequest(request: { readonly requestPem: string; readonly validity: Validity }): Promise<string>;
}

const DAY_MS = 86_400_000;
/** Devices without a battery-backed clock start in the past; a certificate must be good there already. */
const NOT_BEFORE_MS = Date.UTC(2020, 0, 1);
/** The master itself may start with a clock of 1970: ends are counted from here at the earliest. */
const OLDEST_NOW_MS = Date.UTC(2026, 0, 1);
const CA_LIFETIME_MS = 3650 * DAY_MS;
/** As long as the authority: a fleet that was off for years must find its master again. Rotation shortens this. */
const LEAF_LIFETIME_MS = 3650 * DAY_MS;
const RENEW_BEFORE_MS = 30 * DAY_MS;

/**
 * Opens the authority in `directory`, making it at the first start. Throws when its certificate is there and its key is
 * not, or does not fit: a new authority would lock out every client, so that is for people to decide.
 */
export async function openClusterCa(options: {
  readonly directory: string;
  readonly clock: Clock;
}): Promise<ClusterCa> {
  const { directory, clock } = options;
  const authority = (await readPair(directory, 'ca')) ?? (await createAuthority(directory, clock));
  const authorityEndMs = endMsOf(new X509Certificate(authority.certPem));

  const leafValidity = (): Validity => ({
    notBeforeMs: NOT_BEFORE_MS,
    notAfterMs: Math.min(authorityEndMs, Math.max(clock.nowMs(), OLDEST_NOW_MS) + LEAF_LIFETIME_MS),
  });

  return {
    caPem: authority.certPem,
    async serverCertificate(hosts) {
      // Whatever is wrong with a server's certificate, the authority makes another.
      const kept = await readPair(directory, 'server').catch(() => undefined);
      if (kept !== undefined && isGoodServer(kept, { authority, hosts, nowMs: clock.nowMs() })) return kept;
      const issued = await issueLeaf({
        authority,
        validity: leafValidity(),
        commonName: 'pikelet-api',
        organizations: [],
        use: 'server',
        hosts,
      });
      await writePair(directory, 'server', issued);
      return issued;
    },
    issueClient({ user, groups }) {
      return issueLeaf({
        authority,
        validity: leafValidity(),
        commonName: user,
        organizations: groups,
        use: 'client',
        hosts: [],
      });
    },
    signClientRequest({ requestPem, validity }) {
      const notAfterMs = Math.min(authorityEndMs, validity.notAfterMs);
      return signRequest({ authority, requestPem, validity: { ...validity, notAfterMs } });
    },
  };
}

async function createAuthority(directory: string, clock: Clock): Promise<CertifiedKey> {
  const notAfterMs = Math.max(clock.nowMs(), OLDEST_NOW_MS) + CA_LIFETIME_MS;
  const authority = await issueAuthority('pikelet-ca', { notBeforeMs: NOT_BEFORE_MS, notAfterMs });
  await writePair(directory, 'ca', authority);
  return authority;
}

/** The key comes first: a certificate on disk promises that its key is there. */
async function writePair(directory: string, name: string, pair: CertifiedKey): Promise<void> {
  await writePrivateFile(join(directory, `${name}.key`), pair.keyPem);
  await writePrivateFile(join(directory, `${name}.crt`), pair.certPem);
}

async function readPair(directory: string, name: string): Promise<CertifiedKey | undefined> {
  const certPem = await readIfThere(join(directory, `${name}.crt`));
  if (certPem === undefined) return undefined;
  const keyPem = await readIfThere(join(directory, `${name}.key`));
  if (keyPem === undefined || !new X509Certificate(certPem).checkPrivateKey(createPrivateKey(keyPem))) {
    throw new Error(
      `${join(directory, `${name}.key`)} is missing or not the key of ${name}.crt: restore it from a backup, or remove ${directory} to start with a new authority (every kubeconfig must then be fetched again)`,
    );
  }
  return { certPem, keyPem };
}

function isGoodServer(
  pair: CertifiedKey,
  want: { readonly authority: CertifiedKey; readonly hosts: readonly string[]; readonly nowMs: number },
): boolean {
  const certificate = new X509Certificate(pair.certPem);
  const authority = new X509Certificate(want.authority.certPem);
  return (
    certificate.checkIssued(authority) &&
    certificate.verify(authority.publicKey) &&
    endMsOf(certificate) - want.nowMs > RENEW_BEFORE_MS &&
    want.hosts.every(host =>
      isIP(host) === 0 ? certificate.checkHost(host) !== undefined : certificate.checkIP(host) !== undefined,
    )
  );
}

function endMsOf(certificate: X509Certificate): number {
  return Date.parse(certificate.validTo);
}

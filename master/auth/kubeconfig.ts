/** admin.kubeconfig: what kubectl and pikelet need to reach the API as an administrator. */
import { X509Certificate } from 'node:crypto';
import { readIfThere, writePrivateFile } from '../../shared/private-file.ts';
import type { CertifiedKey } from './certificates.ts';
import type { ClusterCa } from './cluster-ca.ts';

const DAY_MS = 86_400_000;
const RENEW_BEFORE_MS = 30 * DAY_MS;

/** The text of a kubeconfig with one context, `pikelet`. `server` is a URL such as https://10.0.0.1:6443. */
export function adminKubeconfig(options: {
  readonly server: string;
  readonly caPem: string;
  readonly client: CertifiedKey;
}): string {
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  return `apiVersion: v1
kind: Config
clusters:
- name: pikelet
  cluster:
    server: ${JSON.stringify(options.server)}
    certificate-authority-data: ${base64(options.caPem)}
users:
- name: pikelet-admin
  user:
    client-certificate-data: ${base64(options.client.certPem)}
    client-key-data: ${base64(options.client.keyPem)}
contexts:
- name: pikelet
  context:
    cluster: pikelet
    user: pikelet-admin
current-context: pikelet
`;
}

/** Writes the file with mode 0600, and only when its text changes; true when it wrote. */
export async function writeAdminKubeconfig(path: string, text: string): Promise<boolean> {
  if ((await readIfThere(path)) === text) return false;
  await writePrivateFile(path, text);
  return true;
}

/**
 * Sees to it that `path` opens this API to user `admin` of group `system:masters`. Keeps the client certificate that the
 * file has while it is good, so that a restart neither loads the issuing library nor changes the file.
 */
export async function ensureAdminKubeconfig(options: {
  readonly path: string;
  readonly server: string;
  readonly ca: ClusterCa;
  readonly nowMs: number;
}): Promise<void> {
  const { path, server, ca, nowMs } = options;
  const kept = clientOf(await readIfThere(path));
  const client =
    kept !== undefined && isGoodClient(kept, ca.caPem, nowMs)
      ? kept
      : await ca.issueClient({ user: 'admin', groups: ['system:masters'] });
  await writeAdminKubeconfig(path, adminKubeconfig({ server, caPem: ca.caPem, client }));
}

/** Reads back only what adminKubeconfig wrote; undefined for any other text. */
function clientOf(text: string | undefined): CertifiedKey | undefined {
  const certificate = /^ {4}client-certificate-data: (\S+)$/m.exec(text ?? '')?.[1];
  const key = /^ {4}client-key-data: (\S+)$/m.exec(text ?? '')?.[1];
  if (certificate === undefined || key === undefined) return undefined;
  const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
  return { certPem: decode(certificate), keyPem: decode(key) };
}

function isGoodClient(client: CertifiedKey, caPem: string, nowMs: number): boolean {
  try {
    const certificate = new X509Certificate(client.certPem);
    const authority = new X509Certificate(caPem);
    return (
      certificate.checkIssued(authority) &&
      certificate.verify(authority.publicKey) &&
      Date.parse(certificate.validTo) - nowMs > RENEW_BEFORE_MS
    );
  } catch {
    return false; // What is in the file is no certificate: it is replaced.
  }
}

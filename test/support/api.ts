/** A real API server in this process, over a store in memory, and a client with admin rights. */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import type { OpenLogs } from '../../master/api-server/pod-log.ts';
import { startApiServer } from '../../master/api-server/server.ts';
import { StaticFiles } from '../../master/api-server/static-files.ts';
import type { OpenStream } from '../../master/api-server/streams/node-stream.ts';
import type { CertifiedKey } from '../../master/auth/certificates.ts';
import { type ClusterCa, openClusterCa } from '../../master/auth/cluster-ca.ts';
import { adminKubeconfig } from '../../master/auth/kubeconfig.ts';
import { ensureDefaultRoles } from '../../master/auth/rbac/ensure-defaults.ts';
import { openSigningKey } from '../../master/auth/service-account/signing-key.ts';
import { ServiceAccountTokens } from '../../master/auth/service-account/tokens.ts';
import { BUILTIN_KINDS } from '../../master/registry/kinds.ts';
import { systemClock } from '../../shared/clock.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import { type MemoryCluster, startMemoryCluster } from './memory-cluster.ts';

export type Answer = {
  readonly code: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly bytes: Buffer;
  json(): Json;
};
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every shape
export type Json = any;

export type ApiCall = {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Without any credential. */
  readonly anonymous?: boolean;
  /** Instead of the administrator's certificate. */
  readonly token?: string;
  /** Instead of the administrator's. */
  readonly client?: CertifiedKey;
};

export type TestApi = MemoryCluster & {
  readonly port: number;
  readonly ca: ClusterCa;
  readonly tokens: ServiceAccountTokens;
  /** The certificate that calls are made with. */
  readonly admin: CertifiedKey;
  /** A kubectl's configuration file, of an admin. */
  readonly kubeconfig: string;
  call(target: string, options?: ApiCall): Promise<Answer>;
};

const unconnected = () => {
  throw new ApiError('ServiceUnavailable', 'no node is connected');
};

export async function startTestApi({
  openStream = unconnected,
  openLogs = unconnected,
}: {
  openStream?: OpenStream;
  openLogs?: OpenLogs;
} = {}): Promise<TestApi> {
  const cluster = await startMemoryCluster();
  const folder = await mkdtemp(path.join(tmpdir(), 'pikelet-api-'));
  const ca = await openClusterCa({ directory: folder, clock: systemClock });
  const { certPem, keyPem } = await ca.serverCertificate(['127.0.0.1', 'localhost']);
  const admin = await ca.issueClient({ user: 'admin', groups: ['system:masters'] });
  const tokens = new ServiceAccountTokens(await openSigningKey(folder), systemClock, randomUUID);
  await ensureDefaultRoles(cluster.cache, cluster.registry, BUILTIN_KINDS);
  const stopped = new AbortController();
  const usage = { lastHeartbeatMs: () => undefined, usageOf: () => undefined, podUsage: () => undefined };
  const server = await startApiServer(
    {
      ...cluster,
      tokens,
      clock: systemClock,
      logger: pino({ level: 'silent' }),
      usage,
      openLogs,
      openStream,
      files: new StaticFiles({ folder, apiPort: 6443, mqttPort: 1883 }),
    },
    { host: '127.0.0.1', port: 0, certPem, keyPem, caPem: ca.caPem },
    stopped.signal,
  );
  const call = (
    target: string,
    { method = 'GET', body, headers = {}, anonymous = false, token, client = admin }: ApiCall = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
      const content = isRaw ? body : JSON.stringify(body);
      // Node sends the body of a DELETE only when its length is said.
      const length = content === undefined ? {} : { 'content-length': String(Buffer.byteLength(content)) };
      const credentials =
        anonymous || token !== undefined ? {} : { cert: client.certPem, key: client.keyPem };
      const bearer = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const sent = request(
        {
          host: '127.0.0.1',
          port: server.port,
          path: target,
          method,
          headers: { ...length, ...bearer, ...headers },
          ca: ca.caPem,
          agent: false,
          ...credentials,
        },
        response => {
          const chunks: Buffer[] = [];
          response.on('data', chunk => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const bytes = Buffer.concat(chunks);
            const text = bytes.toString('utf8');
            resolve({
              code: response.statusCode ?? 0,
              headers: response.headers,
              text,
              bytes,
              json: () => JSON.parse(text),
            });
          });
        },
      );
      sent.on('error', reject);
      sent.end(content);
    });
  const kubeconfig = path.join(folder, 'kubeconfig');
  const address = `https://127.0.0.1:${server.port}`;
  await writeFile(kubeconfig, adminKubeconfig({ server: address, caPem: ca.caPem, client: admin }));
  return {
    ...cluster,
    port: server.port,
    ca,
    tokens,
    admin,
    kubeconfig,
    call,
    async stop() {
      stopped.abort();
      await server.closed;
      await cluster.stop();
      await rm(folder, { recursive: true });
    },
  };
}

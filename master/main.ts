/** The master's composition root: builds the parts, wires them, and ends them in order. Nothing imports it. */
import { randomUUID } from 'node:crypto';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { customAlphabet } from 'nanoid';
import pino, { type Logger } from 'pino';
import { systemClock } from '../shared/clock.ts';
import { ApiError } from '../shared/kubernetes/api-error.ts';
import { startApiServer } from './api-server/server.ts';
import { StaticFiles } from './api-server/static-files.ts';
import { ensureDashboardToken } from './auth/api-token.ts';
import { openClusterCa } from './auth/cluster-ca.ts';
import { ensureAdminKubeconfig } from './auth/kubeconfig.ts';
import { ensureCluster } from './cluster.ts';
import { type MasterConfig, parseConfig, UsageError, usage } from './config.ts';
import { servedKinds } from './registry/kinds.ts';
import { ObjectRegistry } from './registry/object-registry.ts';
import { startCompaction } from './store/compaction.ts';
import { openEmbeddedStore } from './store/open-embedded-store.ts';
import { ObjectCache } from './watch/object-cache.ts';

// mqtt-packet keeps small buffers for ever, and each would pin a whole pool block. [mqttjs/mqtt-packet#163]
Buffer.poolSize = 0;

/** Kubernetes's alphabet for made names: no vowels, so that no word comes out. */
const newSuffix = customAlphabet('bcdfghjklmnpqrstvwxz2456789', 5);

async function run(config: MasterConfig, logger: Logger, stop: AbortController): Promise<void> {
  const { signal } = stop;
  const clock = systemClock;
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await chmod(config.dataDir, 0o700);
  const store = await openEmbeddedStore({
    path: path.join(config.dataDir, 'store.db'),
    workerFile: path.join(__dirname, 'store-worker.cjs'),
    signal,
  });
  const cache = new ObjectCache(store, servedKinds(), logger.child({ component: 'watch' }));
  const following = await cache.start(signal);
  const registry = new ObjectRegistry({ store, view: cache, clock, newUid: randomUUID, newSuffix });
  const cluster = await ensureCluster(cache, registry);

  const ca = await openClusterCa({ directory: path.join(config.dataDir, 'pki'), clock });
  const certificate = await ca.serverCertificate(config.hosts);
  await ensureDashboardToken({ view: cache, registry, path: config.dashboardTokenFile });
  const files = new StaticFiles({
    folder: config.staticDir,
    apiPort: config.apiPort,
    mqttPort: config.mqttPort,
  });
  const server = await startApiServer(
    {
      store,
      cache,
      registry,
      clock,
      logger: logger.child({ component: 'api-server' }),
      usage: { lastHeartbeatMs: () => undefined, usageOf: () => undefined, podUsage: () => undefined },
      openLogs: () => {
        throw new ApiError('ServiceUnavailable', 'no node is connected');
      },
      files,
    },
    { host: config.listenHost, port: config.apiPort, ...certificate, caPem: ca.caPem },
    signal,
  );
  const url = `https://${config.hosts[0]}:${server.port}`;
  await ensureAdminKubeconfig({ path: config.adminKubeconfig, server: url, ca, nowMs: clock.nowMs() });
  logger.info({ cluster: cluster.uid, url }, 'the master is ready');

  const parts = [
    following.ended,
    startCompaction(store, { log: logger.child({ component: 'store' }) }, signal),
  ];
  const failure = store.failed.then(error => {
    throw error;
  });
  try {
    await Promise.race([Promise.all(parts), failure]);
  } finally {
    stop.abort();
    await server.closed;
    await store.close();
  }
}

async function main(): Promise<void> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage());
    return;
  }
  const config = parseConfig(process.argv.slice(2), process.env, __dirname);
  const logger = pino({ level: config.logLevel, base: undefined }, pino.destination({ sync: true }));
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort());
  try {
    await run(config, logger, stop);
    logger.info('the master has stopped');
  } catch (error) {
    if (stop.signal.aborted && error === stop.signal.reason) return;
    logger.fatal({ err: error }, 'the master cannot go on');
    process.exitCode = 1;
  }
}

main().catch((error: unknown) => {
  const isUsage = error instanceof UsageError;
  process.stderr.write(
    isUsage ? `${error.message}\n` : `${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exitCode = isUsage ? 2 : 1;
});

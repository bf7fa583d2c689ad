/** The master's composition root: builds the parts, wires them, and ends them in order. Nothing imports it. */
import { randomInt, randomUUID } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { chmod, mkdir } from 'node:fs/promises';
import path from 'node:path';
import pino, { type Logger } from 'pino';
import { systemClock } from '../shared/clock.ts';
import { nameSuffix } from '../shared/kubernetes/name-suffix.ts';
import { startApiServer } from './api-server/server.ts';
import { StaticFiles } from './api-server/static-files.ts';
import { ensureApiService } from './api-service.ts';
import { ensureDashboardToken } from './auth/api-token.ts';
import { openClusterCa } from './auth/cluster-ca.ts';
import { verifyJoinToken } from './auth/join-token.ts';
import { ensureAdminKubeconfig } from './auth/kubeconfig.ts';
import { verifyNodePassword } from './auth/node-credential.ts';
import { ensureDefaultRoles } from './auth/rbac/ensure-defaults.ts';
import { openSigningKey } from './auth/service-account/signing-key.ts';
import { ServiceAccountTokens } from './auth/service-account/tokens.ts';
import { type SigningRequest, signClientRequest } from './auth/sign-request.ts';
import { startBridge } from './bridge/loop.ts';
import { startBroker } from './broker/broker.ts';
import { ensureCluster } from './cluster.ts';
import { type MasterConfig, parseConfig, UsageError, usage } from './config.ts';
import { startControllers } from './controllers/start.ts';
import { EventRecorder } from './events/recorder.ts';
import { serveCustomKinds } from './registry/custom/serve-custom-kinds.ts';
import { BUILTIN_KINDS, KindTable } from './registry/kinds.ts';
import { ObjectRegistry } from './registry/object-registry.ts';
import { registryAs } from './registry/registry-as.ts';
import { startScheduler } from './scheduler/loop.ts';
import { startCompaction } from './store/compaction.ts';
import { openEmbeddedStore } from './store/open-embedded-store.ts';
import { ObjectCache } from './watch/object-cache.ts';

// mqtt-packet keeps small buffers for ever, and each would pin a whole pool block. [mqttjs/mqtt-packet#163]
Buffer.poolSize = 0;

async function run(config: MasterConfig, logger: Logger, stop: AbortController): Promise<void> {
  const { signal } = stop;
  // Every loop and every watch listens to this one signal.
  setMaxListeners(0, signal);
  const clock = systemClock;
  const log = (component: string) => logger.child({ component });
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 });
  await chmod(config.dataDir, 0o700);
  const store = await openEmbeddedStore({
    path: path.join(config.dataDir, 'store.db'),
    workerFile: path.join(__dirname, 'store-worker.cjs'),
    signal,
  });
  const cache = new ObjectCache(store, BUILTIN_KINDS, log('watch'));
  const following = await cache.start(signal);
  const kinds = new KindTable();
  serveCustomKinds(cache, kinds, log('registry'));
  const registry = new ObjectRegistry({
    store,
    view: cache,
    kinds,
    clock,
    newUid: randomUUID,
    newSuffix: () => nameSuffix(randomInt),
  });
  const as = (manager: string) => ({ registry: registryAs(registry, manager) });
  const cluster = await ensureCluster(cache, as('pikelet-master').registry);

  const parts = { view: cache, clock, random: Math.random };
  // Events come often and are never applied: nobody owns their fields.
  const events = new EventRecorder({ ...parts, registry, logger: log('events') });
  const broker = await startBroker(
    {
      listen: [{ kind: 'tcp', host: config.listenHost, port: config.mqttPort }],
      verifyNode: (node, password) => verifyNodePassword(cache, node, password),
      verifyJoinToken: token => verifyJoinToken(cache, token, clock.nowMs()),
      clock,
      logger: log('broker'),
    },
    signal,
  );
  const pki = path.join(config.dataDir, 'pki');
  const ca = await openClusterCa({ directory: pki, clock });
  const tokens = new ServiceAccountTokens(await openSigningKey(pki), clock, randomUUID);
  const bridge = startBridge(
    {
      ...parts,
      ...as('pikelet-agent'),
      broker,
      tokens,
      cluster: cluster.uid,
      incarnation: cluster.incarnation,
      recordEvent: occurrence => events.record(occurrence),
      logger: log('bridge'),
    },
    signal,
  );

  const mqttPort = broker.addresses[0]?.port ?? config.mqttPort;
  const certificate = await ca.serverCertificate(config.hosts);
  await ensureDefaultRoles(cache, as('pikelet-master').registry, BUILTIN_KINDS);
  await ensureDashboardToken({ view: cache, ...as('pikelet-master'), path: config.dashboardTokenFile });
  const files = new StaticFiles({ folder: config.staticDir, apiPort: config.apiPort, mqttPort });
  const { liveness, openLogs, openStream } = bridge;
  const server = await startApiServer(
    {
      store,
      cache,
      registry,
      kinds,
      tokens,
      clock,
      logger: log('api-server'),
      usage: liveness,
      openLogs,
      openStream,
      files,
    },
    { host: config.listenHost, port: config.apiPort, ...certificate, caPem: ca.caPem },
    signal,
  );
  // A master that listens on the loopback alone is reached there, from this machine, and nowhere else.
  const apiHosts = isLoopback(config.listenHost) ? [config.listenHost] : config.hosts;
  await ensureApiService({ ...parts, ...as('pikelet-master') }, { hosts: apiHosts, port: server.port });
  const url = `https://${config.hosts[0]}:${server.port}`;
  await ensureAdminKubeconfig({ path: config.adminKubeconfig, server: url, ca, nowMs: clock.nowMs() });
  logger.info({ cluster: cluster.uid, url, mqttPort }, 'the master is ready');

  const keys = {
    tokens,
    caPem: ca.caPem,
    signRequest: (request: SigningRequest) => signClientRequest({ ca, clock }, request),
  };
  const loops = [
    following.ended,
    events.run(signal),
    startControllers(
      {
        ...parts,
        ...as('pikelet-controllers'),
        caPem: ca.caPem,
        keys,
        incarnation: cluster.incarnation,
        usage: liveness,
        logger: log('controllers'),
      },
      signal,
    ),
    startScheduler(
      { ...parts, ...as('pikelet-scheduler'), usage: liveness, logger: log('scheduler') },
      signal,
    ),
    startCompaction(store, { log: log('store') }, signal),
  ];
  const failure = store.failed.then(error => {
    throw error;
  });
  try {
    await Promise.race([Promise.all(loops), failure]);
  } finally {
    stop.abort();
    await Promise.all([server.closed, broker.closed, bridge.stopped]);
    await store.close();
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host.startsWith('127.');
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

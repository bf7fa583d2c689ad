/**
 * What a node-agent costs and how quick it is: memory, processor and disk with 0, 5 and 50 pods, its start, one pod against
 * a container of Docker's own, and fifty pods at once. `PIKELET_BENCH_MINUTES` is how long each number of pods is watched;
 * 1 without.
 */
import Docker from 'dockerode';
import { systemClock } from '../shared/clock.ts';
import { medianOf, report, reportTimes } from './measure/figures.ts';
import { type Figures, figuresOf, type Program, programsOf } from './measure/process-figures.ts';
import { readyNodes } from './measure/readiness.ts';
import { followStarts, type Start } from './measure/start-events.ts';
import { idlePodSpec } from './measure/workload.ts';
import { runOnCluster, until, type World } from './measure/world.ts';

const WINDOW_MS = Number(process.env.PIKELET_BENCH_MINUTES ?? 1) * 60_000;
const REST_MS = 20_000;
const PAUSE_MS = 300;
const STARTS = 5;
const ROUNDS = 20;
const WITHIN_MS = 15 * 60_000 + 3 * WINDOW_MS;
const MB = 1_000_000;
const NODE = 'pi-1';
const PODS_PATH = '/api/v1/namespaces/default/pods';

if (!(WINDOW_MS > 0)) throw new Error('PIKELET_BENCH_MINUTES is a number of minutes above 0');

runOnCluster({ nodes: 1, withinMs: WITHIN_MS }, async world => {
  await measureStart(world);
  await measureRest(world, 0);
  await measureOnePod(world);
  await startAtOnce(world, 5);
  await measureRest(world, 5);
  await removePods(world);
  await startAtOnce(world, 50);
  await measureRest(world, 50);
});

/** From the request to start its process until the API says that the node is Ready. */
async function measureStart({ cluster, api, signal }: World): Promise<void> {
  const device = cluster.device(NODE);
  const times: number[] = [];
  for (let round = 0; round < STARTS; round++) {
    await device.kill();
    await until(async () => (await readyNodes(api, signal)) === 0, signal);
    const startMs = systemClock.monotonicMs();
    await device.start();
    await until(async () => (await readyNodes(api, signal)) === 1, signal);
    times.push(systemClock.monotonicMs() - startMs);
  }
  reportTimes('agent.start-to-ready', times);
}

async function measureRest({ cluster, signal }: World, pods: number): Promise<void> {
  await systemClock.sleep(REST_MS, signal);
  const agent = agentOf(cluster.layout.dataDir);
  const before = figuresOf(agent);
  const rss: number[] = [];
  const endMs = systemClock.monotonicMs() + WINDOW_MS;
  while (systemClock.monotonicMs() < endMs) {
    await systemClock.sleep(1000, signal);
    rss.push(figuresOf(agent).rssBytes / MB);
  }
  const after = figuresOf(agent);
  const grown = (of: (figures: Figures) => number) => of(after) - of(before);
  const name = `agent.${pods}-pods`;
  report(`${name}.rss.median`, medianOf(rss), 'MB');
  report(`${name}.rss.worst`, Math.max(...rss), 'MB');
  report(`${name}.cpu`, (grown(({ cpuSeconds }) => cpuSeconds) * 100_000) / WINDOW_MS, '%-of-a-core');
  report(
    `${name}.written-in-an-hour`,
    (grown(({ writtenBytes }) => writtenBytes) * 3_600_000) / WINDOW_MS,
    'bytes',
  );
}

/** A pod of one container, and the same container made and started at Docker itself, in turns. */
async function measureOnePod(world: World): Promise<void> {
  const { cluster, signal } = world;
  const starts = await followStarts(cluster.id, signal);
  const docker = new Docker({ socketPath: '/var/run/docker.sock' });
  const [ofPods, ofDocker]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    await systemClock.sleep(PAUSE_MS, signal);
    starts.clear();
    const startMs = systemClock.monotonicMs();
    await createPod(world, 'one');
    const startedMs = await starts.until(([start]) => start?.atMs, signal);
    ofPods.push(startedMs - startMs);
    await removePods(world);
    await systemClock.sleep(PAUSE_MS, signal);
    ofDocker.push(await bareStartMs(docker));
  }
  reportTimes('agent.pod-to-container-running', ofPods);
  reportTimes('agent.docker-itself', ofDocker);
  report('agent.pod-beyond-docker', medianOf(ofPods) - medianOf(ofDocker), 'ms');
}

/** How long Docker takes to make and start the container that a pod is, asked over its socket. */
async function bareStartMs(docker: Docker): Promise<number> {
  const [spec] = idlePodSpec().containers;
  const startMs = systemClock.monotonicMs();
  const container = await docker.createContainer({ Image: spec?.image, Entrypoint: spec?.command });
  try {
    await container.start();
    return systemClock.monotonicMs() - startMs;
  } finally {
    await container.remove({ force: true });
  }
}

async function startAtOnce(world: World, count: number): Promise<void> {
  const starts = await followStarts(world.cluster.id, world.signal);
  const startMs = systemClock.monotonicMs();
  await Promise.all(Array.from({ length: count }, (_, i) => createPod(world, `pod-${i}`)));
  const isLast = (seen: readonly Start[]) => new Set(seen.map(({ podUid }) => podUid)).size === count;
  const lastMs = await starts.until(seen => (isLast(seen) ? seen.at(-1)?.atMs : undefined), world.signal);
  report(`agent.${count}-pods-at-once`, lastMs - startMs, 'ms');
}

async function createPod({ api, signal }: World, name: string): Promise<void> {
  const body = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName: NODE, ...idlePodSpec() },
  };
  await api.send({ method: 'POST', path: PODS_PATH, body }, signal);
}

/** Returns when their containers are gone, too. */
async function removePods({ cluster, api, signal }: World): Promise<void> {
  await api.send({ method: 'DELETE', path: PODS_PATH }, signal);
  await until(async () => (await cluster.containers()).length === 0, signal);
}

function agentOf(dataDir: string): Program {
  const agent = programsOf(dataDir).find(({ name }) => name === NODE);
  if (agent === undefined) throw new Error('the agent is not found');
  return agent;
}

/**
 * Unplugs virtual devices, and measures until what ran on them runs elsewhere. The clock starts before the cable is cut,
 * or the agent is killed; it stops at Docker's own `start` event of the last replacement. Detection is the moment at
 * which a watcher of the API is told that the node is not Ready.
 */
import { systemClock } from '../shared/clock.ts';
import { report, reportTimes } from './measure/figures.ts';
import { followReadiness, type Readiness, readyNodes } from './measure/readiness.ts';
import { followStarts, type Start } from './measure/start-events.ts';
import type { Timeline } from './measure/timeline.ts';
import { idleWorkload } from './measure/workload.ts';
import { runOnCluster, until, type World } from './measure/world.ts';

const ROUNDS = 20;
const NODES = 3;
const REPLICAS = 3;
/** A device that came back is judged as others are after five heartbeats; also time for the machine to calm down. */
const REST_MS = 6500;
/** The rounds are spread over the second between two heartbeats. */
const PHASE_MS = 50;
const WITHIN_MS = 30 * 60_000;

type Ways = 'cut' | 'kill';
const UNDO = { cut: 'join', kill: 'start' } as const;

type Seen = { readonly starts: Timeline<Start>; readonly readiness: Timeline<Readiness> };
type Round = { readonly detectedMs: number; readonly replacedMs: number; readonly cleanMs: number };

runOnCluster({ nodes: NODES, withinMs: WITHIN_MS }, async world => {
  const { cluster, api, signal } = world;
  const body = idleWorkload('unplug', REPLICAS);
  await api.send({ method: 'POST', path: '/apis/apps/v1/namespaces/default/deployments', body }, signal);
  const seen = {
    starts: await followStarts(cluster.id, signal),
    readiness: followReadiness(api, signal),
  };
  for (const [how, name] of [['cut', 'unplug.silent'] as const, ['kill', 'unplug.sigkill'] as const]) {
    const rounds: Round[] = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await unplugOnce(world, seen, how, i));
    reportTimes(
      `${name}.detected`,
      rounds.map(({ detectedMs }) => detectedMs),
    );
    reportTimes(
      `${name}.replacements-running`,
      rounds.map(({ replacedMs }) => replacedMs),
    );
    reportTimes(
      `${name}.clean-after-return`,
      rounds.map(({ cleanMs }) => cleanMs),
    );
    report(`${name}.rounds`, rounds.length, 'rounds');
  }
});

async function unplugOnce(world: World, seen: Seen, how: Ways, round: number): Promise<Round> {
  const { cluster, signal } = world;
  await until(() => isCalm(world), signal);
  await systemClock.sleep(REST_MS + round * PHASE_MS, signal);
  const before = await cluster.containers();
  const victim = busiest(before.map(({ node }) => node));
  const known = new Set(before.map(({ podUid }) => podUid));
  const lost = before.filter(({ node }) => node === victim).length;
  seen.starts.clear();
  seen.readiness.clear();
  const startMs = systemClock.monotonicMs();
  await cluster.device(victim)[how]();
  const replacedAtMs = await seen.starts.until(starts => {
    const fresh = starts.filter(({ node, podUid }) => node !== victim && !known.has(podUid));
    return fresh[lost - 1]?.atMs;
  }, signal);
  const detectedAtMs = await seen.readiness.until(
    told => told.find(({ node, isReady }) => node === victim && !isReady)?.atMs,
    signal,
  );
  const returnMs = systemClock.monotonicMs();
  await cluster.device(victim)[UNDO[how]]();
  await until(() => isCalm(world), signal);
  return {
    detectedMs: detectedAtMs - startMs,
    replacedMs: replacedAtMs - startMs,
    cleanMs: systemClock.monotonicMs() - returnMs,
  };
}

/** The name that is there most often; the first of several. */
function busiest(nodes: readonly string[]): string {
  const count = (node: string) => nodes.filter(other => other === node).length;
  return [...nodes].sort((a, b) => count(b) - count(a) || (a < b ? -1 : 1))[0] ?? '';
}

/** Every node is Ready, and there is nothing but one running container per replica. */
async function isCalm({ cluster, api, signal }: World): Promise<boolean> {
  const containers = await cluster.containers();
  if (containers.length !== REPLICAS || containers.some(({ state }) => state !== 'running')) return false;
  return (await readyNodes(api, signal)) === NODES;
}

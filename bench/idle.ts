/**
 * What a cluster costs that does nothing: memory, processor, link and disk, with five containers on each of three nodes,
 * over one minute that follows a minute of rest.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { medianOf, report } from './measure/figures.ts';
import {
  type Figures,
  figuresOf,
  type LinkFigures,
  linkOf,
  type Program,
  programsOf,
} from './measure/process-figures.ts';
import { idleWorkload } from './measure/workload.ts';
import { runOnCluster, until, type World } from './measure/world.ts';

const NODES = 3;
const CONTAINERS_PER_NODE = 5;
const REST_MS = 60_000;
const WINDOW_MS = 60_000;
const WITHIN_MS = 5 * 60_000;
const MB = 1_000_000;
/** IPv4 and TCP with timestamps, no Ethernet. */
const HEADER_BYTES = 52;

runOnCluster({ nodes: NODES, withinMs: WITHIN_MS }, async world => {
  const { cluster, signal } = world;
  await deploy(world);
  await systemClock.sleep(REST_MS, signal);
  const programs = programsOf(cluster.layout.dataDir);
  const agents = programs.filter(({ name }) => name !== 'master');
  if (agents.length !== NODES || programs.length !== NODES + 1) throw new Error('the programs are not found');
  const before = await look(programs, agents);
  const filesBefore = changeTimes(cluster.layout.dataDir);
  await systemClock.sleep(WINDOW_MS, signal);
  const after = await look(programs, agents);
  const changed = changedFiles(filesBefore, changeTimes(cluster.layout.dataDir));
  reportProcesses(programs, before.processes, after.processes);
  reportLinks(before.links, after.links);
  report('idle.files-changed-in-a-minute', changed.length, 'files');
  for (const path of changed) process.stderr.write(`changed: ${path}\n`);
});

async function deploy({ cluster, api, signal }: World): Promise<void> {
  const path = '/apis/apps/v1/namespaces/default/daemonsets';
  for (let i = 0; i < CONTAINERS_PER_NODE; i++) {
    await api.send({ method: 'POST', path, body: idleWorkload(`idle-${i}`) }, signal);
  }
  await until(async () => {
    const running = (await cluster.containers()).filter(({ state }) => state === 'running');
    return running.length === NODES * CONTAINERS_PER_NODE;
  }, signal);
}

async function look(programs: readonly Program[], agents: readonly Program[]) {
  const links = await Promise.all(agents.map(linkOf));
  return { processes: programs.map(figuresOf), links };
}

function reportProcesses(
  programs: readonly Program[],
  before: readonly Figures[],
  after: readonly Figures[],
): void {
  const isAgent = programs.map(({ name }) => name !== 'master');
  const grown = (of: (figures: Figures) => number) =>
    after.map((figures, i) => of(figures) - of(before[i] ?? figures));
  const cpuPercents = grown(({ cpuSeconds }) => (cpuSeconds * 100_000) / WINDOW_MS);
  const written = grown(({ writtenBytes }) => writtenBytes);
  const ofAgents = (values: readonly number[]) => values.filter((_, i) => isAgent[i]);
  const ofMaster = (values: readonly number[]) => medianOf(values.filter((_, i) => !isAgent[i]));
  const rss = after.map(({ rssBytes }) => rssBytes / MB);
  report('idle.agent-rss.median', medianOf(ofAgents(rss)), 'MB');
  report('idle.agent-rss.worst', Math.max(...ofAgents(rss)), 'MB');
  report('idle.master-rss', ofMaster(rss), 'MB');
  report('idle.agent-cpu.median', medianOf(ofAgents(cpuPercents)), '%-of-a-core');
  report('idle.master-cpu', ofMaster(cpuPercents), '%-of-a-core');
  report(
    'idle.agents-written-in-a-minute',
    ofAgents(written).reduce((sum, bytes) => sum + bytes, 0),
    'bytes',
  );
  report('idle.master-written-in-a-minute', ofMaster(written), 'bytes');
}

function reportLinks(before: readonly LinkFigures[], after: readonly LinkFigures[]): void {
  const perSecond = (of: (figures: LinkFigures) => number) =>
    medianOf(after.map((link, i) => ((of(link) - of(before[i] ?? link)) * 1000) / WINDOW_MS));
  const payload = perSecond(({ payloadBytes }) => payloadBytes);
  const segments = perSecond(({ segments }) => segments);
  report('idle.link-mqtt-per-node', payload, 'bytes/s');
  report('idle.link-segments-per-node', segments, 'segments/s');
  report('idle.link-with-ip-and-tcp-headers-per-node', payload + segments * HEADER_BYTES, 'bytes/s');
}

/** When each file below the folder was last changed, milliseconds. */
function changeTimes(folder: string): ReadonlyMap<string, number> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter(entry => !entry.isSocket())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(paths.map(path => [path, statSync(path).mtimeMs]));
}

function changedFiles(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): readonly string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter(path => before.get(path) !== after.get(path)).sort();
}

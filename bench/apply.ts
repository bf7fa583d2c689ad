/**
 * Measures what a person waits for: from the start of `pikelet apply`, the process itself included, to Docker's `start`
 * event of the pod's container, image present; and how long `pikelet get nodes` takes.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../shared/clock.ts';
import { runCommand } from '../test/support/command.ts';
import { reportTimes } from './measure/figures.ts';
import { followStarts } from './measure/start-events.ts';
import { idlePodSpec } from './measure/workload.ts';
import { runOnCluster, until, type World } from './measure/world.ts';

const ROUNDS = 20;
const REST_MS = 300;
const WITHIN_MS = 10 * 60_000;

runOnCluster({ nodes: 3, withinMs: WITHIN_MS }, async world => {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-bench-'));
  try {
    await measureApply(world, join(folder, 'pod.json'));
    await measureGet(world);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function measureApply({ cluster, signal }: World, path: string): Promise<void> {
  const metadata = { name: 'apply', namespace: 'default' };
  writeFileSync(path, JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec: idlePodSpec() }));
  const starts = await followStarts(cluster.id, signal);
  const [answered, running]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    await systemClock.sleep(REST_MS, signal);
    starts.clear();
    const startMs = systemClock.monotonicMs();
    const applied = pikelet(cluster, ['apply', '-f', path]).then(() => systemClock.monotonicMs());
    const [answeredAtMs, runsAtMs] = await Promise.all([
      applied,
      starts.until(([start]) => start?.atMs, signal),
    ]);
    answered.push(answeredAtMs - startMs);
    running.push(runsAtMs - startMs);
    await pikelet(cluster, ['delete', 'pod', 'apply']);
    await until(async () => (await cluster.containers()).length === 0, signal);
  }
  reportTimes('apply.answered', answered);
  reportTimes('apply.container-running', running);
}

async function measureGet({ cluster, signal }: World): Promise<void> {
  const [times, bare]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    await systemClock.sleep(REST_MS, signal);
    times.push(await timedMs(() => pikelet(cluster, ['get', 'nodes'])));
    bare.push(await timedMs(() => runCommand([process.execPath, '-e', '0'])));
  }
  reportTimes('get-nodes', times);
  reportTimes('get-nodes.of-which-node-itself', bare);
}

async function pikelet(cluster: World['cluster'], args: readonly string[]): Promise<void> {
  const { code, stderr } = await cluster.pikelet(args);
  if (code !== 0) throw new Error(`pikelet ${args.join(' ')} failed: ${stderr}`);
}

async function timedMs(action: () => Promise<unknown>): Promise<number> {
  const startMs = systemClock.monotonicMs();
  await action();
  return systemClock.monotonicMs() - startMs;
}

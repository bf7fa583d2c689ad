/** The drill itself: unplug a device, watch the cluster bear it, plug it in again whatever happens, and report. */
import { pause } from '../../shared/clock.ts';
import type { Cli } from '../cli.ts';
import { withinTime } from '../deadline.ts';
import { CliError } from '../errors.ts';
import { DRILL_POLL_MS } from '../limits.ts';
import type { Control } from './control.ts';
import { type Duplicate, leftBehind, type RunningContainer, runningTwice, tooMany } from './duplicates.ts';
import { isDropped, isReady, isReplaced, type Workload, workloadsOn } from './moved.ts';
import type { DrillMode, DrillReport } from './report.ts';
import { type LiveWorld, nodeNamed, type World } from './world.ts';

export type DrillDeps = {
  readonly cli: Pick<Cli, 'clock' | 'signal' | 'say'>;
  readonly world: LiveWorld;
  readonly control: Control;
  /** Undefined when the engine cannot be asked. */
  readonly containers: () => Promise<readonly RunningContainer[] | undefined>;
};

export type DrillOptions = { readonly node: string; readonly mode: DrillMode; readonly timeoutMs: number };

/** Throws CliError when the device is not there or not healthy to begin with. The device is restored before this ends. */
export async function drillUnplug(deps: DrillDeps, options: DrillOptions): Promise<DrillReport> {
  const { cli, world, control } = deps;
  const { node, mode, timeoutMs } = options;
  await expectHealthy(deps, node);
  const workloads = workloadsOn(node, world.now().pods, timeoutMs);
  const twice = new Map<string, Duplicate>();
  const sampling = new AbortController();
  const sampled = sampleContainers(deps, twice, AbortSignal.any([sampling.signal, cli.signal]));
  try {
    const outage = await rehearseOutage(deps, options, workloads);
    const back = await watchReturn(deps, options, workloads);
    const last = await deps.containers();
    const uids = new Set(workloads.flatMap(({ moving }) => moving));
    const duplicates = [
      ...twice.values(),
      ...leftBehind(last ?? [], uids),
      ...tooMany(workloads, world.now().pods),
    ];
    return { node, mode, ...outage, ...back, duplicates, containersChecked: last !== undefined };
  } finally {
    sampling.abort();
    await sampled;
    await ensureRestored(control, node);
  }
}

async function expectHealthy({ world, control }: DrillDeps, node: string): Promise<void> {
  const devices = await control.ask('list');
  const device = devices.find(each => each.node === node);
  if (device === undefined)
    throw new CliError(
      `"${node}" is no virtual device here (there are: ${devices.map(each => each.node).join(', ') || 'none'})`,
    );
  if (device.state !== 'up')
    throw new CliError(`device ${node} is ${device.state} already: restore it first`);
  if (!isReady(nodeNamed(world.now(), node)))
    throw new CliError(
      `node ${node} is not Ready: a drill begins with a healthy node (see pikelet describe node ${node})`,
    );
}

/** Unplugs, and measures until everything runs elsewhere. */
async function rehearseOutage(
  { cli, world, control }: DrillDeps,
  { node, mode, timeoutMs }: DrillOptions,
  workloads: readonly Workload[],
): Promise<Pick<DrillReport, 'detectedMs' | 'workloads'>> {
  cli.say(mode === 'cut' ? `cutting the network of ${node}` : `killing the agent of ${node}`);
  const startMs = cli.clock.monotonicMs();
  await control.ask(mode, node);
  const untilMs = async (isSo: (now: World) => boolean) => {
    const atMs = await withinTime(cli, timeoutMs, signal => world.until(isSo, signal));
    return atMs === undefined ? undefined : atMs - startMs;
  };
  const [detectedMs, ...replaced] = await Promise.all([
    untilMs(now => !isReady(nodeNamed(now, node))),
    ...workloads.map(workload => untilMs(now => isReplaced(workload, node, now.pods))),
  ]);
  return {
    detectedMs,
    workloads: workloads.map(({ name, moving }, index) => ({
      name,
      pods: moving.length,
      replacedMs: replaced[index],
    })),
  };
}

/** Plugs in again, and measures until the device has dropped what was moved. */
async function watchReturn(
  deps: DrillDeps,
  { node, mode, timeoutMs }: DrillOptions,
  workloads: readonly Workload[],
): Promise<Pick<DrillReport, 'returnedMs' | 'convergedMs'>> {
  const { cli, world, control } = deps;
  cli.say(mode === 'cut' ? `joining the network of ${node} again` : `starting the agent of ${node} again`);
  const startMs = cli.clock.monotonicMs();
  await control.ask(mode === 'cut' ? 'join' : 'start', node);
  const isBack = (now: World) => isReady(nodeNamed(now, node));
  const returnedAtMs = await withinTime(cli, timeoutMs, signal => world.until(isBack, signal));
  if (returnedAtMs === undefined) return { returnedMs: undefined, convergedMs: undefined };
  const convergedAtMs = await withinTime(cli, timeoutMs, async signal => {
    await world.until(now => isBack(now) && isDropped(workloads, now.pods), signal);
    await untilContainersGone(deps, workloads, signal);
    return cli.clock.monotonicMs();
  });
  return {
    returnedMs: returnedAtMs - startMs,
    convergedMs: convergedAtMs === undefined ? undefined : convergedAtMs - startMs,
  };
}

async function untilContainersGone(
  deps: DrillDeps,
  workloads: readonly Workload[],
  signal: AbortSignal,
): Promise<void> {
  const uids = new Set(workloads.flatMap(({ moving }) => moving));
  while (leftBehind((await deps.containers()) ?? [], uids).length > 0)
    await deps.cli.clock.sleep(DRILL_POLL_MS, signal);
}

/** Collects what ever ran twice at one moment, until aborted. */
async function sampleContainers(
  { cli, containers }: DrillDeps,
  twice: Map<string, Duplicate>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    for (const duplicate of runningTwice((await containers()) ?? [])) twice.set(duplicate.what, duplicate);
    await pause(cli.clock, DRILL_POLL_MS, signal);
  }
}

/** The device may be in any state when a drill breaks off. */
async function ensureRestored(control: Control, node: string): Promise<void> {
  const state = (await control.ask('list')).find(device => device.node === node)?.state;
  if (state === 'cut') await control.ask('join', node);
  if (state === 'down') await control.ask('start', node);
}

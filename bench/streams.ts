/**
 * Whether a node stays itself under load: its heartbeats while fifty pods start and while up to a hundred streams flow as
 * fast as they can, what that costs the agent, how a slow reader holds back its writer and nobody else, and what a thousand
 * changes of pods' statuses write to the disk. One agent with a broker of the benchmark's own.
 */
import { aContainer, aDocument } from '../node-agent/sync/pod-builders.ts';
import { systemClock } from '../shared/clock.ts';
import { STREAM_CREDIT_BYTES } from '../shared/protocol/limits.ts';
import type { AnyCall } from '../shared/protocol/messages.ts';
import { ensureTestImage } from '../test/support/image.ts';
import { medianOf, percentileOf, report } from './measure/figures.ts';
import { type LoneAgent, podsLike, type Reader, withLoneAgent } from './measure/lone-agent.ts';

const PODS = 50;
const STREAMS = [1, 10, 100];
const WINDOW_MS = 15_000;
const INTERVAL_MS = 1000;
const STATUS_CHANGES = 1000;
const POLL_MS = 20;
const MB = 1_000_000;
const STUCK_MS = 3 * 60_000;

async function main(): Promise<void> {
  const image = await ensureTestImage();
  const idle = aDocument({
    name: 'idle',
    spec: {
      containers: [aContainer({ image, command: ['sleep', '1000000'] })],
      terminationGracePeriodSeconds: 0,
    },
  });
  await withLoneAgent(async agent => {
    await until(agent, () => agent.beats.length >= 3);
    const fromMs = systemClock.monotonicMs();
    await agent.master.want({ generation: 1, pods: podsLike(idle, PODS) });
    await until(agent, () => agent.running(idle.name) === PODS);
    reportBeats(`streams.${PODS}-pods-start`, agent, fromMs);
    for (const count of STREAMS) await measureStreams(agent, count);
    await measureSlowReader(agent);
    await measureStatusChanges(agent, image);
  });
}

/** A command that prints without end, in the first pod. */
const endless: AnyCall = {
  ...{ kind: 'exec', podUid: 'idle-0', container: 'web', command: ['yes', 'a line of output'] },
  ...{ stdin: false, stdout: true, stderr: false, tty: false },
};
const reader = (isSlow = false): Reader => ({ creditBytes: STREAM_CREDIT_BYTES, isSlow, readBytes: 0 });

async function measureStreams(agent: LoneAgent, count: number): Promise<void> {
  const readers = await openStreams(agent, count);
  const [fromMs, fromBytes] = [systemClock.monotonicMs(), bytesOf(readers)];
  const rss: number[] = [];
  while (systemClock.monotonicMs() < fromMs + WINDOW_MS) {
    await systemClock.sleep(INTERVAL_MS, agent.signal);
    rss.push(agent.figures().rssBytes / MB);
  }
  const name = `streams.${count}`;
  const seconds = (systemClock.monotonicMs() - fromMs) / 1000;
  report(`${name}.throughput-in-sum`, (bytesOf(readers) - fromBytes) / MB / seconds, 'MB/s');
  report(
    `${name}.least-of-one`,
    Math.min(...readers.map(({ readBytes }) => readBytes)) / MB / seconds,
    'MB/s',
  );
  report(`${name}.agent-rss.worst`, Math.max(...rss), 'MB');
  reportBeats(name, agent, fromMs);
  await closeStreams(agent, count);
}

/** One that reads nothing after its first credit, beside one that does. */
async function measureSlowReader(agent: LoneAgent): Promise<void> {
  const [slow, fast] = [reader(true), reader()];
  await agent.open('slow', endless, slow);
  await until(agent, () => slow.readBytes > 0);
  await agent.open('fast', endless, fast);
  const fromMs = systemClock.monotonicMs();
  const before = agent.figures().rssBytes;
  await systemClock.sleep(WINDOW_MS, agent.signal);
  const seconds = (systemClock.monotonicMs() - fromMs) / 1000;
  report('streams.slow-reader.sent', slow.readBytes / 1024, 'KiB');
  report('streams.slow-reader.agent-rss-growth', (agent.figures().rssBytes - before) / MB, 'MB');
  report('streams.beside-a-slow-reader.throughput', fast.readBytes / MB / seconds, 'MB/s');
  for (const id of ['slow', 'fast']) await agent.master.call(id, { kind: 'close' });
}

/** Fifty pods whose readiness changes with each second. */
async function measureStatusChanges(agent: LoneAgent, image: string): Promise<void> {
  const exec = { command: ['sh', '-c', 'case $(date +%s) in *[02468]) exit 1 ;; esac'] };
  const readinessProbe = { exec, periodSeconds: 1, failureThreshold: 1, successThreshold: 1 };
  const own = aContainer({ image, command: ['sleep', '1000000'], readinessProbe });
  const restless = aDocument({
    name: 'restless',
    spec: { containers: [own], terminationGracePeriodSeconds: 0 },
  });
  await agent.master.want({ generation: 2, pods: podsLike(restless, PODS) });
  await until(agent, () => agent.running(restless.name) === PODS);
  // What was told last is in the checkpoint by then.
  await systemClock.sleep(WINDOW_MS, agent.signal);
  const [fromMs, fromChanges, fromBytes] = [
    systemClock.monotonicMs(),
    agent.statusChanges(),
    agent.figures().writtenBytes,
  ];
  await until(agent, () => agent.statusChanges() - fromChanges >= STATUS_CHANGES);
  report(`streams.${STATUS_CHANGES}-status-changes.took`, (systemClock.monotonicMs() - fromMs) / 1000, 's');
  report(
    `streams.${STATUS_CHANGES}-status-changes.written`,
    agent.figures().writtenBytes - fromBytes,
    'bytes',
  );
}

async function openStreams(agent: LoneAgent, count: number): Promise<readonly Reader[]> {
  const readers = Array.from({ length: count }, () => reader());
  await Promise.all(readers.map((each, i) => agent.open(`stream-${count}-${i}`, endless, each)));
  await until(agent, () => {
    const ended = readers.find(({ end }) => end !== undefined);
    if (ended) throw new Error(`a stream ended: ${ended.end}`);
    return readers.every(({ readBytes }) => readBytes > 0);
  });
  return readers;
}

async function closeStreams(agent: LoneAgent, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await agent.master.call(`stream-${count}-${i}`, { kind: 'close' });
}

function bytesOf(readers: readonly Reader[]): number {
  return readers.reduce((sum, { readBytes }) => sum + readBytes, 0);
}

/** How far the time between two heartbeats was from what it should be. */
function reportBeats(name: string, { beats }: LoneAgent, fromMs: number): void {
  const since = beats.filter(atMs => atMs >= fromMs - INTERVAL_MS);
  const late = since.slice(1).map((atMs, i) => Math.abs(atMs - (since[i] ?? atMs) - INTERVAL_MS));
  report(`${name}.heartbeat-jitter.median`, medianOf(late), 'ms');
  report(`${name}.heartbeat-jitter.p99`, percentileOf(late, 99), 'ms');
  report(`${name}.heartbeat-jitter.worst`, Math.max(...late), 'ms');
}

async function until({ signal }: LoneAgent, isSo: () => boolean): Promise<void> {
  const fromMs = systemClock.monotonicMs();
  while (!isSo()) {
    if (systemClock.monotonicMs() - fromMs > STUCK_MS) throw new Error('nothing more happens');
    await systemClock.sleep(POLL_MS, signal);
  }
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);

/** How fast `pikelet logs` reads what a container has said: Docker, agent, broker, master and HTTPS all on this machine. */
import { systemClock } from '../shared/clock.ts';
import { medianOf, report } from './measure/figures.ts';
import { idlePodSpec } from './measure/workload.ts';
import { runOnCluster, until } from './measure/world.ts';

/** Below where agents have Docker rotate logs. */
const LINES = 40_000;
const LINE = 'a line of eighty characters, which is about what programs write when they do log';
const ROUNDS = 5;
const WITHIN_MS = 3 * 60_000;

runOnCluster({ nodes: 1, withinMs: WITHIN_MS }, async ({ cluster, api, signal }) => {
  const spec = idlePodSpec();
  const command = ['sh', '-c', `yes '${LINE}' | head -n ${LINES}; sleep 3600`];
  const containers = spec.containers.map(container => ({ ...container, command }));
  const metadata = { name: 'chatty' };
  const body = { apiVersion: 'v1', kind: 'Pod', metadata, spec: { ...spec, containers } };
  await api.send({ method: 'POST', path: '/api/v1/namespaces/default/pods', body }, signal);
  const bytes = LINES * (LINE.length + 1);
  const read = async () => (await cluster.pikelet(['logs', 'chatty'], { signal })).stdout.length;
  await until(async () => (await read()) === bytes, signal);
  const rates: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const startMs = systemClock.monotonicMs();
    await read();
    rates.push(bytes / 1_000_000 / ((systemClock.monotonicMs() - startMs) / 1000));
  }
  report('logs.throughput.median', medianOf(rates), 'MB/s');
});

/**
 * How much the API takes: writes, lists and watches over HTTPS against a master alone, asked by one process on the same
 * machine, which has its own share of the processor.
 */
import { systemClock } from '../shared/clock.ts';
import { report, reportLatencies, reportTimes } from './measure/figures.ts';
import { LoadClient, requestBytes } from './measure/load-client.ts';
import { figuresOf, programsOf } from './measure/process-figures.ts';
import { Timeline } from './measure/timeline.ts';
import { idlePodSpec } from './measure/workload.ts';
import { runOnCluster, type World } from './measure/world.ts';

const SERIAL = 200;
const IN_FLIGHT = 64;
const SETTINGS = 6000;
const PODS = 1000;
const MANY_PODS = 10_000;
const PACED_PER_SECOND = 500;
const PACED = 5000;
const GETS = 5000;
const LISTS = 20;
const WATCHERS = 100;
const CHANGES = 50;
const WITHIN_MS = 10 * 60_000;

const PODS_PATH = '/api/v1/namespaces/default/pods';
const SETTINGS_PATH = '/api/v1/namespaces/default/configmaps';
/** Watched apart from the many that the other measurements leave behind. */
const WATCHED_PATH = '/api/v1/namespaces/kube-system/configmaps';

runOnCluster({ nodes: 0, withinMs: WITHIN_MS }, async world => {
  const one = await LoadClient.open(world.target, 1);
  const many = await LoadClient.open(world.target, IN_FLIGHT);
  reportLatencies('api.create-configmap.serial', await one.asFastAsPossible(settings('serial', SERIAL)));
  await measureRate(many, 'api.create-configmap', settings('parallel', SETTINGS));
  const paced = await many.atRate(settings('paced', PACED), PACED_PER_SECOND);
  reportLatencies(`api.create-configmap.${PACED_PER_SECOND}-per-s`, paced);
  await measureRate(many, 'api.create-pod', pods('few', PODS));
  await measureLists(one, world, PODS);
  await many.asFastAsPossible(pods('many', MANY_PODS - PODS));
  await measureLists(one, world, MANY_PODS);
  const gets = Array.from({ length: GETS }, (_, i) => requestBytes(`${PODS_PATH}/few-${i % PODS}`));
  await measureRate(many, 'api.get-pod', gets);
  one.close();
  many.close();
  await measureWatches(world);
});

function settings(prefix: string, count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    requestBytes(SETTINGS_PATH, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `${prefix}-${i}` },
      data: { i: `${i}` },
    }),
  );
}

function pods(prefix: string, count: number): readonly Buffer[] {
  return Array.from({ length: count }, (_, i) =>
    requestBytes(PODS_PATH, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `${prefix}-${i}` },
      spec: idlePodSpec(),
    }),
  );
}

async function measureRate(client: LoadClient, name: string, requests: readonly Buffer[]): Promise<void> {
  let times: readonly number[] = [];
  const ms = await timedMs(async () => {
    times = await client.asFastAsPossible(requests);
  });
  report(`${name}.${IN_FLIGHT}-in-flight`, (requests.length * 1000) / ms, 'requests/s');
  reportLatencies(`${name}.${IN_FLIGHT}-in-flight`, times);
}

async function measureLists(client: LoadClient, { cluster }: World, count: number): Promise<void> {
  const lists = Array.from({ length: LISTS }, () => requestBytes(PODS_PATH));
  reportTimes(`api.list-${count}-pods`, await client.asFastAsPossible(lists));
  const master = programsOf(cluster.layout.dataDir).find(({ name }) => name === 'master');
  if (master === undefined) throw new Error('no master runs');
  report(`api.master-rss-with-${count}-pods`, figuresOf(master).rssBytes / 1e6, 'MB');
}

/** From a write's start to the last watcher's receipt of it; then many writes at once. */
async function measureWatches({ api, signal }: World): Promise<void> {
  const received = new Timeline<number>();
  let count = 0;
  for (let i = 0; i < WATCHERS; i++) {
    const watch = async () => {
      for await (const _ of api.watch({ path: WATCHED_PATH }, signal)) received.note(++count);
    };
    watch().catch((error: unknown) => received.fail(error));
  }
  const put = async (i: number) => {
    const body = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `watched-${i}` },
      data: { i: `${i}` },
    };
    await api.send({ method: 'POST', path: WATCHED_PATH, body }, signal);
  };
  const untilAllHave = (changes: number) =>
    received.until(counts => (counts.length >= changes * WATCHERS ? true : undefined), signal);
  // The first change also waits for all the connections to be made.
  await put(0);
  await untilAllHave(1);
  const times: number[] = [];
  for (let i = 1; i <= CHANGES; i++) {
    times.push(await timedMs(() => Promise.all([put(i), untilAllHave(i + 1)])));
  }
  reportTimes(`api.change-seen-by-${WATCHERS}-watchers`, times);
  const burst = Array.from({ length: CHANGES }, (_, i) => CHANGES + 1 + i);
  const ms = await timedMs(() => Promise.all([...burst.map(put), untilAllHave(2 * CHANGES + 1)]));
  report(`api.events-to-${WATCHERS}-watchers`, (CHANGES * WATCHERS * 1000) / ms, 'events/s');
}

async function timedMs(action: () => Promise<unknown>): Promise<number> {
  const startMs = systemClock.monotonicMs();
  await action();
  return systemClock.monotonicMs() - startMs;
}

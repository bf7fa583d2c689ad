/**
 * How much the API takes: writes, lists and watches over HTTPS against a master alone, asked by one process on the same
 * machine, which has its own share of the processor.
 */
import { systemClock } from '../shared/clock.ts';
import { report, reportTimes } from './measure/figures.ts';
import { Timeline } from './measure/timeline.ts';
import { idlePodSpec } from './measure/workload.ts';
import { runOnCluster, type World } from './measure/world.ts';

const PODS = 1000;
const SERIAL_CREATES = 200;
const IN_FLIGHT = 16;
const LISTS = 20;
const WATCHERS = 100;
const CHANGES = 50;
const WITHIN_MS = 10 * 60_000;

const PODS_PATH = '/api/v1/namespaces/default/pods';
const SETTINGS_PATH = '/api/v1/namespaces/default/configmaps';

runOnCluster({ nodes: 0, withinMs: WITHIN_MS }, async world => {
  await measureCreates(world);
  await measureLists(world);
  await measureWatches(world);
});

async function measureCreates({ api, signal }: World): Promise<void> {
  const create = async (prefix: string, i: number) => {
    const metadata = { name: `${prefix}-${i}` };
    const body = { apiVersion: 'v1', kind: 'Pod', metadata, spec: idlePodSpec() };
    await api.send({ method: 'POST', path: PODS_PATH, body }, signal);
  };
  const serial: number[] = [];
  for (let i = 0; i < SERIAL_CREATES; i++) serial.push(await timedMs(() => create('serial', i)));
  reportTimes('api.create-pod', serial);
  let next = 0;
  const left = PODS - SERIAL_CREATES;
  const worker = async () => {
    while (next < left) await create('parallel', next++);
  };
  const ms = await timedMs(() => Promise.all(Array.from({ length: IN_FLIGHT }, worker)));
  report(`api.pods-created-${IN_FLIGHT}-in-flight`, (left * 1000) / ms, 'pods/s');
}

async function measureLists({ api, signal }: World): Promise<void> {
  const times: number[] = [];
  let bytes = 0;
  for (let i = 0; i < LISTS; i++) {
    bytes = 0;
    times.push(
      await timedMs(async () => {
        for await (const chunk of api.stream({ path: PODS_PATH }, signal)) bytes += chunk.length;
      }),
    );
  }
  reportTimes(`api.list-${PODS}-pods`, times);
  report(`api.list-${PODS}-pods.size`, bytes, 'bytes');
}

/** From a write's start to the last watcher's receipt of it; then many writes at once. */
async function measureWatches({ api, signal }: World): Promise<void> {
  const received = new Timeline<number>();
  let count = 0;
  const query = { fieldSelector: 'metadata.namespace=default' };
  for (let i = 0; i < WATCHERS; i++) {
    const watch = async () => {
      for await (const _ of api.watch({ path: SETTINGS_PATH, query }, signal)) received.note(++count);
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
    await api.send({ method: 'POST', path: SETTINGS_PATH, body }, signal);
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

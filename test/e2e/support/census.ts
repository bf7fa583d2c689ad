/** Counts a cluster's containers on the engine, again and again, beside whatever a test does: what must never be, and what is left. */
import { expect, onTestFinished } from 'vitest';
import { systemClock } from '../../../shared/clock.ts';
import type { TestCluster } from '../../support/cluster.ts';
import { type ClusterApi, isReady, uidOf } from './cluster-api.ts';
import { until } from './until.ts';

const EVERY_MS = 50;

export type Census = {
  /** The most containers of a Deployment's pods that ever ran at one moment. */
  most(deployment: string): number;
  /** Stops counting; throws when a container of one pod ever ran twice, or nothing was counted. */
  end(): Promise<void>;
};

/** Counts until it is ended, or the test is over. */
export function startCensus(cluster: TestCluster): Census {
  const stop = new AbortController();
  const twice = new Set<string>();
  const peaks = new Map<string, number>();
  let rounds = 0;
  const counted = count();
  onTestFinished(() => stop.abort());

  async function count(): Promise<void> {
    while (!stop.signal.aborted) {
      const running = (await cluster.containers()).filter(({ state }) => state === 'running');
      const names = running.map(({ podUid, pod, container }) => `${pod} (${podUid}) ${container}`);
      for (const name of names) if (names.indexOf(name) !== names.lastIndexOf(name)) twice.add(name);
      const workloads = running.map(({ pod }) => workloadOf(pod));
      for (const workload of workloads) {
        const count = workloads.filter(other => other === workload).length;
        peaks.set(workload, Math.max(peaks.get(workload) ?? 0, count));
      }
      rounds++;
      await systemClock.sleep(EVERY_MS, stop.signal).catch(() => {});
    }
  }

  return {
    most: deployment => peaks.get(deployment) ?? 0,
    async end() {
      stop.abort();
      await counted;
      expect([...twice], 'containers that ran twice').toEqual([]);
      expect(rounds, 'rounds of the census').toBeGreaterThan(0);
    },
  };
}

/** web-5d4f8c7b9-x2x9z → web: a Deployment's pod name without the hash and the suffix. */
function workloadOf(pod: string): string {
  return pod.replace(/-[a-z0-9]+-[a-z0-9]{5}$/, '');
}

/**
 * Waits until, for each pod of the API, the engine has one running container on its node, every pod is Ready and stays, and nothing
 * else is there but what ran before in a container that was restarted, of which the agent keeps the last for its logs.
 */
export async function untilSettled(cluster: TestCluster, api: ClusterApi): Promise<void> {
  await until(async () => {
    const pods = await api.pods();
    const name = (uid: string, node = '') => `${uid} on ${node}`;
    const wanted = pods.map(pod => name(uidOf(pod), pod.spec?.nodeName));
    const restarted = pods.filter(pod =>
      pod.status?.containerStatuses?.some(({ restartCount }) => restartCount),
    );
    const found = await cluster.containers();
    const isKept = (state: string, podUid: string) =>
      state === 'exited' && restarted.some(pod => uidOf(pod) === podUid);
    const alive = found.filter(({ state, podUid }) => !isKept(state, podUid));
    expect(alive.map(({ podUid, node, state }) => `${name(podUid, node)} is ${state}`).sort()).toEqual(
      wanted.map(each => `${each} is running`).sort(),
    );
    expect(found.length - alive.length, 'ended containers').toBeLessThanOrEqual(restarted.length);
    const unsettled = pods.filter(pod => !isReady(pod) || pod.metadata?.deletionTimestamp);
    expect(unsettled.map(uidOf)).toEqual([]);
  });
}

/** The device shuts down: what the agent does with its pods, and what it tells the master. */
import { describe, expect, it } from 'vitest';
import { aContainer, aDocument } from '../../node-agent/sync/pod-builders.ts';
import { until, useAgentBed } from '../support/agent-bed.ts';

const bed = useAgentBed();
const PERIODS = { graceSeconds: 15, criticalSeconds: 5 };
const always = aDocument({ uid: 'uid-always', name: 'always' });
const job = aDocument({ uid: 'uid-job', name: 'job', spec: { restartPolicy: 'OnFailure' } });

async function running(...documents: readonly ReturnType<typeof aDocument>[]) {
  const stop = bed().startAgent();
  await bed().master.want({ generation: 1, pods: documents.map(document => ({ document })) });
  await until(() =>
    expect(documents.map(({ uid }) => bed().phaseOf(uid))).toEqual(documents.map(() => 'Running')),
  );
  return { stop, shutDown: () => bed().agent.shutDown(PERIODS, new AbortController().signal) };
}

describe('the shutdown of a device', () => {
  it('tells the master, stops what runs, and runs again after the boot what always restarts', async () => {
    const { stop, shutDown } = await running(always, job);
    await shutDown();
    expect(bed().runningOf('uid-always')).toEqual([]);
    expect(bed().runningOf('uid-job')).toEqual([]);
    const ready = bed().master.reports.flatMap(({ node }) => node?.conditions ?? []);
    expect(ready.findLast(({ type }) => type === 'Ready')).toMatchObject({
      ...{ status: 'False', reason: 'KubeletNotReady', message: 'node is shutting down' },
    });
    const ended = bed().master.pods.get('uid-job')?.status;
    expect(ended).toMatchObject({
      ...{ phase: 'Failed', reason: 'Terminated' },
      message: 'Pod was terminated in response to imminent node shutdown.',
    });
    expect(ended?.conditions).toContainEqual(
      expect.objectContaining({ type: 'DisruptionTarget', reason: 'TerminationByKubelet' }),
    );
    expect(bed().master.pods.get('uid-always')?.status.containerStatuses).toMatchObject([
      { ready: false, state: { terminated: { exitCode: 143 } } },
    ]);
    await stop();
    bed().startAgent({ epoch: 'epoch-2' });
    await until(() => expect(bed().runningOf('uid-always')).toHaveLength(1));
  });

  it('runs preStop hooks, and stops critical pods after the others', async () => {
    const lifecycle = { preStop: { exec: { command: ['bye'] } } };
    const hooked = aDocument({ uid: 'uid-h', spec: { containers: [aContainer({ lifecycle })] } });
    const critical = aDocument({ uid: 'uid-c', name: 'critical', spec: { priority: 2_000_001_000 } });
    const { shutDown } = await running(hooked, critical);
    const [first, last] = [bed().runningOf('uid-h')[0]?.id, bed().runningOf('uid-c')[0]?.id];
    const from = bed().runtime.calls.length;
    const done = shutDown();
    await until(() => expect(bed().processes).toHaveLength(1));
    expect(bed().runningOf('uid-c')).toHaveLength(1);
    bed().processes[0]?.exit(0);
    await done;
    const calls = bed()
      .runtime.calls.slice(from)
      .filter(call => /^(exec|stop) /.test(call));
    expect(calls).toEqual([`exec ${first}`, `stop ${first}`, `stop ${last}`]);
  });

  it('takes no longer than it may', async () => {
    const { shutDown } = await running(always);
    for (const { id } of bed().runningOf('uid-always')) bed().runtime.ignoreTerm(id);
    const container = bed().runningOf('uid-always')[0];
    await bed().agent.shutDown({ graceSeconds: 1, criticalSeconds: 0 }, new AbortController().signal);
    // Its own grace period is 30 s; Docker ends it with the device.
    expect(bed().runtime.calls).toContain(`stop ${container?.id}`);
    await shutDown();
  });

  it('does not wait for an engine that is away', async () => {
    const { shutDown } = await running(always);
    bed().runtime.setReachable(false);
    await shutDown();
    expect(bed().runningOf('uid-always')).toHaveLength(1);
  });
});

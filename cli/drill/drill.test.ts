import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { FakeClock, systemClock } from '../../shared/clock.ts';
import type { JsonObject } from '../json.ts';
import { type Control, type Device, openControl } from './control.ts';
import { leftBehind, type RunningContainer, runningTwice, tooMany } from './duplicates.ts';
import { isReplaced, workloadsOn } from './moved.ts';
import { type DrillReport, hasPassed, replacedMs, reportText } from './report.ts';
import { drillUnplug } from './unplug.ts';
import type { LiveWorld, World } from './world.ts';

function aPod(
  uid: string,
  more: {
    node?: string;
    owner?: string;
    kind?: string;
    phase?: string;
    tolerations?: JsonObject[];
    deleted?: boolean;
  } = {},
): JsonObject {
  const {
    node = 'pi-1',
    owner = 'rs',
    kind = 'ReplicaSet',
    phase = 'Running',
    tolerations = [],
    deleted = false,
  } = more;
  return {
    metadata: {
      uid,
      name: `web-${uid}`,
      namespace: 'default',
      labels: { 'pod-template-hash': 'h1' },
      ownerReferences: owner === '' ? [] : [{ uid: owner, name: 'web-h1', kind, controller: true }],
      ...(deleted ? { deletionTimestamp: '2024-01-01T00:00:00Z' } : {}),
    },
    spec: { nodeName: node, tolerations },
    status: { phase },
  };
}
const aNode = (name: string, ready: boolean): JsonObject => ({
  metadata: { name },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'Unknown' }] },
});
const aContainer = (podUid: string, more: Partial<RunningContainer> = {}): RunningContainer => ({
  id: podUid,
  podUid,
  container: 'c',
  node: 'pi-1',
  ...more,
});

describe('what has to move', () => {
  const tolerates = (seconds?: number) => [
    {
      key: 'node.kubernetes.io/unreachable',
      operator: 'Exists',
      effect: 'NoExecute',
      tolerationSeconds: seconds,
    },
  ];
  test.each<[string, JsonObject, number]>([
    ['a pod of a Deployment', aPod('a'), 1],
    ['not a pod elsewhere', aPod('a', { node: 'pi-2' }), 0],
    ['not a pod of a DaemonSet', aPod('a', { kind: 'DaemonSet' }), 0],
    ['not a pod of its own', aPod('a', { owner: '' }), 0],
    ['not a pod on its way out', aPod('a', { deleted: true }), 0],
    ['not a pod that never ran', aPod('a', { phase: 'Pending' }), 0],
    ['not a pod that waits for its device', aPod('a', { tolerations: tolerates() }), 0],
    ['a pod that waits only a little', aPod('a', { tolerations: tolerates(5) }), 1],
  ])('%s', (_, pod, want) => expect(workloadsOn('pi-1', [pod], 60_000)).toHaveLength(want));

  test('a workload is replaced once as many of its pods run elsewhere as ran before', () => {
    const [workload] = workloadsOn('pi-1', [aPod('a'), aPod('b', { node: 'pi-2' })], 60_000);
    expect(workload).toEqual({ name: 'default/deployment/web', ownerUid: 'rs', wanted: 2, moving: ['a'] });
    if (workload === undefined) return;
    const stay = aPod('b', { node: 'pi-2' });
    expect(isReplaced(workload, 'pi-1', [aPod('a'), stay])).toBe(false);
    expect(isReplaced(workload, 'pi-1', [stay, aPod('n', { node: 'pi-3', phase: 'Pending' })])).toBe(false);
    expect(
      isReplaced(workload, 'pi-1', [aPod('a', { deleted: true }), stay, aPod('n', { node: 'pi-3' })]),
    ).toBe(true);
  });
});

describe('duplicates', () => {
  test('one container of one pod twice', () => {
    expect(runningTwice([aContainer('a'), aContainer('b'), aContainer('a', { container: 'd' })])).toEqual([]);
    expect(runningTwice([aContainer('a'), aContainer('a', { node: 'pi-2' })])).toMatchObject([
      { kind: 'runs-twice' },
    ]);
  });
  test('a moved pod’s container that still runs', () => {
    expect(leftBehind([aContainer('a'), aContainer('b')], new Set(['a']))).toMatchObject([
      { kind: 'left-behind', what: 'container c of pod a on pi-1' },
    ]);
  });
  test('more pods than before', () => {
    const workloads = workloadsOn('pi-1', [aPod('a')], 60_000);
    expect(tooMany(workloads, [aPod('b'), aPod('c', { deleted: true })])).toEqual([]);
    expect(tooMany(workloads, [aPod('b'), aPod('c')])).toMatchObject([{ kind: 'too-many' }]);
  });
});

const aReport = (more: Partial<DrillReport> = {}): DrillReport => ({
  node: 'pi-1',
  mode: 'cut',
  detectedMs: 1900,
  workloads: [{ name: 'default/deployment/web', pods: 1, replacedMs: 2345 }],
  returnedMs: 800,
  convergedMs: 1200,
  duplicates: [],
  containersChecked: true,
  ...more,
});

describe('the report', () => {
  test.each<[string, Partial<DrillReport>, boolean]>([
    ['all well', {}, true],
    ['nothing to move', { workloads: [] }, true],
    ['never detected', { detectedMs: undefined }, false],
    ['one not replaced', { workloads: [{ name: 'a', pods: 1, replacedMs: undefined }] }, false],
    ['never back', { returnedMs: undefined }, false],
    ['never clean', { convergedMs: undefined }, false],
    ['a duplicate', { duplicates: [{ kind: 'runs-twice', what: 'x' }] }, false],
  ])('%s', (_, more, want) => expect(hasPassed(aReport(more))).toBe(want));

  test('for people', () => {
    expect(replacedMs(aReport())).toBe(2345);
    expect(reportText(aReport())).toBe(
      [
        'WHAT                                    AFTER   NOTE',
        'node not Ready                          1.90s   network cut',
        'default/deployment/web runs elsewhere   2.35s   1 pod moved',
        'all replacements run                    2.35s',
        'node Ready again                        0.80s   from its return',
        'moved pods dropped                      1.20s   from its return',
        'duplicates                              0       API and containers',
        '',
      ].join('\n'),
    );
  });
});

/** A cluster of two nodes that does what the script says after each act of the control. */
function aCluster(
  onAct: (act: string, world: { nodes: JsonObject[]; pods: JsonObject[] }) => void,
  initially = 'up',
) {
  const clock = new FakeClock(0);
  const abort = new AbortController();
  const world = { nodes: [aNode('pi-1', true), aNode('pi-2', true)], pods: [aPod('a')] };
  const acts: string[] = [];
  let state = initially;
  const devices = (): Device[] => [{ node: 'pi-1', state }];
  const control: Control = {
    async ask(act) {
      if (act === 'list') return devices();
      acts.push(act);
      state = { cut: 'cut', kill: 'down', join: 'up', start: 'up' }[act];
      onAct(act, world);
      return devices();
    },
  };
  const live: LiveWorld = {
    now: (): World => world,
    async until(isSo, signal) {
      while (!isSo(world)) await clock.sleep(10, signal);
      return clock.monotonicMs();
    },
  };
  let containers: RunningContainer[] = [];
  const deps = {
    cli: { clock, signal: abort.signal, say: () => undefined },
    world: live,
    control,
    containers: async () => containers,
  };
  return {
    acts,
    abort,
    setContainers: (next: RunningContainer[]) => {
      containers = next;
    },
    run: async (mode: 'cut' | 'kill' = 'cut') => {
      let settled = false;
      const drill = drillUnplug(deps, { node: 'pi-1', mode, timeoutMs: 5000 }).finally(() => {
        settled = true;
      });
      drill.catch(() => undefined);
      for (let step = 0; step < 60 && !settled; step++) await clock.advance(500);
      return drill;
    },
  };
}

describe('the drill', () => {
  test.each(['cut', 'kill'] as const)('%s: measures, restores, and finds nothing amiss', async mode => {
    const cluster = aCluster((act, world) => {
      const back = act === 'join' || act === 'start';
      world.nodes = [aNode('pi-1', back), aNode('pi-2', true)];
      world.pods = [aPod('n', { node: 'pi-2' })];
    });
    const report = await cluster.run(mode);
    expect(hasPassed(report)).toBe(true);
    expect(report.workloads).toMatchObject([{ name: 'default/deployment/web', pods: 1 }]);
    expect(cluster.acts).toEqual(mode === 'cut' ? ['cut', 'join'] : ['kill', 'start']);
  });

  test('a container that the device keeps is a duplicate', async () => {
    const cluster = aCluster((act, world) => {
      world.nodes = [aNode('pi-1', act === 'join')];
      world.pods = [aPod('n', { node: 'pi-2' })];
      cluster.setContainers([aContainer('a'), aContainer('n', { node: 'pi-2' })]);
    });
    const report = await cluster.run();
    expect(report).toMatchObject({ convergedMs: undefined, duplicates: [{ kind: 'left-behind' }] });
  });

  test('replacements that never run are said so, and the device is restored', async () => {
    const cluster = aCluster((act, world) => {
      world.nodes = [aNode('pi-1', act === 'join')];
    });
    const report = await cluster.run();
    expect(report).toMatchObject({ workloads: [{ replacedMs: undefined }] });
    expect(cluster.acts).toEqual(['cut', 'join']);
  });

  test('Ctrl-C restores the device', async () => {
    const cluster = aCluster(act => {
      if (act === 'kill') cluster.abort.abort(new Error('interrupted'));
    });
    await expect(cluster.run('kill')).rejects.toThrow('interrupted');
    expect(cluster.acts).toEqual(['kill', 'start']);
  });

  test('a device that is down already is left alone', async () => {
    const cluster = aCluster(() => undefined, 'down');
    await expect(cluster.run()).rejects.toThrow('device pi-1 is down already');
    expect(cluster.acts).toEqual([]);
  });
});

test('the supervisor is asked in JSON lines', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'pikelet-drill-'));
  const asked: unknown[] = [];
  const server = createServer(socket => {
    socket.on('data', line => {
      asked.push(JSON.parse(line.toString()));
      socket.write('{"id":1,"ok":true,"dev');
      socket.write('ices":[{"node":"pi-1","state":"cut"}]}\n');
    });
  });
  await new Promise<void>(resolve => server.listen(join(dir, 'up.sock'), resolve));
  expect(await openControl(dir, systemClock).ask('cut', 'pi-1')).toEqual([{ node: 'pi-1', state: 'cut' }]);
  expect(asked).toEqual([{ id: 1, do: 'cut', node: 'pi-1' }]);
  server.close();
  rmSync(dir, { recursive: true });
  await expect(openControl(dir, systemClock).ask('list')).rejects.toThrow(/needs a running "npm run up"/);
  await expect(openControl(undefined, systemClock).ask('list')).rejects.toThrow(/--data-dir/);
});

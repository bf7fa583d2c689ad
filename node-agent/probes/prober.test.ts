import { setMaxListeners } from 'node:events';
import type * as core from 'kubernetes-types/core/v1';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import type { EventReport } from '../../shared/protocol/messages.ts';
import { aContainer, aDocument } from '../sync/pod-builders.ts';
import type { ProbeTarget } from './probe-targets.ts';
import { Prober } from './prober.ts';
import type { ProbeResult } from './run-probe.ts';
import type { ProbeKind, Verdicts } from './verdicts.ts';

const clock = new FakeClock();
let startMs: number;
let stopping: AbortController;
let verdicts: Map<string, Verdicts>;
let events: EventReport[];
/** What each run will say; the last one goes on. */
let script: ProbeResult[];
/** Seconds since the test began at which a probe was run. */
let runs: number[];
let prober: Prober;

beforeEach(() => {
  startMs = clock.monotonicMs();
  stopping = new AbortController();
  setMaxListeners(0, stopping.signal);
  verdicts = new Map();
  events = [];
  runs = [];
  script = [{ kind: 'success', output: '' }];
  prober = aProber();
});
afterEach(() => stopping.abort());

function aProber(run?: (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeResult>): Prober {
  return new Prober({
    clock,
    random: () => 0.5,
    verdicts,
    run:
      run ??
      (async () => {
        runs.push((clock.monotonicMs() - startMs) / 1000);
        return (script.length > 1 ? script.shift() : script[0]) ?? expect.unreachable();
      }),
    emit: event => events.push(event),
    onVerdict: () => {},
  });
}

function aTarget(
  probe: core.Probe,
  kind: ProbeKind = 'readiness',
  change: Partial<ProbeTarget> = {},
): ProbeTarget {
  const document = aDocument();
  return {
    kind,
    probe,
    container: aContainer(),
    containerId: 'c1',
    startedAtMs: clock.nowMs(),
    document,
    ...change,
  };
}

const failure = { kind: 'failure', output: 'down' } as const;

describe('beat', () => {
  it('begins after the initial delay and goes on by the period', async () => {
    prober.update([aTarget({ initialDelaySeconds: 4, periodSeconds: 3 })], stopping.signal);
    await clock.advance(11_000);
    expect(runs).toEqual([4, 7, 10]);
  });

  it('is spread over a period for containers that ran before the agent did', async () => {
    const startedAtMs = clock.nowMs() - 60_000;
    const target = aTarget({ initialDelaySeconds: 30, periodSeconds: 10 }, 'readiness', { startedAtMs });
    prober.update([target], stopping.signal);
    await clock.advance(20_000);
    expect(runs).toEqual([5, 15]);
  });

  it('ends when the probe is wanted no more', async () => {
    prober.update([aTarget({})], stopping.signal);
    await clock.advance(10_000);
    prober.update([], stopping.signal);
    await clock.advance(60_000);
    expect(runs).toEqual([0, 10]);
  });

  it('leaves no more than 16 under way', async () => {
    let underWay = 0;
    const ends: (() => void)[] = [];
    const crowded = aProber(async () => {
      underWay++;
      await new Promise<void>(resolve => ends.push(resolve));
      underWay--;
      return { kind: 'success', output: '' };
    });
    const targets = Array.from({ length: 20 }, (_, index) =>
      aTarget({}, 'readiness', { containerId: `c${index}` }),
    );
    crowded.update(targets, stopping.signal);
    await clock.advance(1000);
    expect(underWay).toBe(16);
    for (const end of ends.splice(0, 10)) end();
    await clock.advance(0);
    expect([underWay, verdicts.size]).toEqual([10, 10]);
    for (const end of ends.splice(0)) end();
  });
});

describe('verdicts', () => {
  it('are kept by container and probe, with the time since which it is ready', async () => {
    const spec = { periodSeconds: 1, failureThreshold: 2 };
    script = [{ kind: 'success', output: '' }, failure, failure];
    prober.update([aTarget(spec)], stopping.signal);
    await clock.advance(1500);
    expect(verdicts.get('c1')).toEqual({ readiness: 'success', readySinceMs: startMs });
    await clock.advance(1000);
    expect(verdicts.get('c1')).toEqual({ readiness: 'failure' });
  });

  it('of an earlier agent hold until a threshold is reached', async () => {
    verdicts.set('c1', { readiness: 'success', readySinceMs: 5 });
    script = [failure];
    prober.update([aTarget({ periodSeconds: 1 })], stopping.signal);
    await clock.advance(1500);
    expect(verdicts.get('c1')).toEqual({ readiness: 'success', readySinceMs: 5 });
    await clock.advance(1000);
    expect(verdicts.get('c1')).toEqual({ readiness: 'failure' });
  });

  it('come from no probe that could not be run', async () => {
    script = [{ kind: 'unknown', output: '' }];
    prober.update([aTarget({ failureThreshold: 1 }, 'liveness')], stopping.signal);
    await clock.advance(30_000);
    expect([verdicts.size, events]).toEqual([0, []]);
  });
});

describe('events', () => {
  it('tell of each failure, and of warnings', async () => {
    script = [failure, { kind: 'warning', output: 'led away' }, { kind: 'success', output: '' }];
    prober.update([aTarget({ periodSeconds: 1 }, 'liveness')], stopping.signal);
    await clock.advance(5000);
    const about = { podUid: 'uid-1', type: 'Warning', fieldPath: 'spec.containers{web}' };
    expect(events).toEqual([
      { ...about, reason: 'Unhealthy', message: 'Liveness probe failed: down' },
      { ...about, reason: 'ProbeWarning', message: 'Liveness probe warning: led away' },
    ]);
  });

  it('of a probe that goes on failing get seldom', async () => {
    script = [failure];
    prober.update([aTarget({ periodSeconds: 1 })], stopping.signal);
    await clock.advance(24 * 60_000);
    expect(events).toHaveLength(25 + 4);
  });
});

import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { type Outcome, WorkQueue } from './work-queue.ts';

const backoff = { baseMs: 100, capMs: 400, factor: 2, jitter: 0 };

function aQueue(work: (key: string) => Promise<Outcome>, concurrency = 2) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const queue = new WorkQueue({ clock, random: () => 0.5, concurrency, work });
  return { clock, stop, queue };
}

function aGate() {
  let open = () => {};
  const opened = new Promise<void>(resolve => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

describe('work queue', () => {
  it('works once on a key added many times, and again when added during the work', async () => {
    const seen: string[] = [];
    const gate = aGate();
    const { clock, queue, stop } = aQueue(async key => {
      seen.push(key);
      if (seen.length === 1) await gate.opened;
      return { kind: 'done' };
    });
    for (const key of ['a', 'a', 'a']) queue.add(key);
    const running = queue.run(stop.signal);
    await clock.advance(0);
    queue.add('a');
    queue.add('a');
    await clock.advance(0);
    expect(seen).toEqual(['a']);
    gate.open();
    await clock.advance(0);
    expect(seen).toEqual(['a', 'a']);
    stop.abort();
    await running;
  });

  it('works on no more keys at once than it may', async () => {
    let now = 0;
    let most = 0;
    const { clock, queue, stop } = aQueue(async () => {
      most = Math.max(most, ++now);
      await new Promise(resolve => setImmediate(resolve));
      now--;
      return { kind: 'done' };
    }, 3);
    for (let i = 0; i < 10; i++) queue.add(`k${i}`);
    const running = queue.run(stop.signal);
    await clock.advance(1);
    await clock.advance(1);
    expect(most).toBe(3);
    stop.abort();
    await running;
  });

  it('backs off up to the cap, forgets it after success, and comes back when asked', async () => {
    const startMs = 0;
    const at: number[] = [];
    const clock = new FakeClock(startMs);
    const outcomes: Outcome[] = [1, 2, 3, 4].map(() => ({ kind: 'retry', backoff }));
    outcomes.push({ kind: 'done', againInMs: 50 }, { kind: 'retry', backoff });
    const queue = new WorkQueue({
      clock,
      random: () => 0.5,
      concurrency: 1,
      work: async () => {
        at.push(clock.nowMs());
        return outcomes.shift() ?? { kind: 'done' };
      },
    });
    const stop = new AbortController();
    queue.add('a');
    const running = queue.run(stop.signal);
    await clock.advance(10_000);
    expect(at).toEqual([0, 100, 300, 700, 1100, 1150, 1250]);
    stop.abort();
    await running;
  });

  it('works at once on a key that is added while it backs off', async () => {
    let count = 0;
    const { clock, queue, stop } = aQueue(async () => {
      count++;
      return { kind: 'retry', backoff };
    });
    queue.add('a');
    const running = queue.run(stop.signal);
    await clock.advance(10);
    queue.add('a');
    await clock.advance(0);
    expect(count).toBe(2);
    stop.abort();
    await running;
  });

  it('ends only after the work under way, and takes nothing new', async () => {
    const gate = aGate();
    const seen: string[] = [];
    const { clock, queue, stop } = aQueue(async key => {
      seen.push(key);
      await gate.opened;
      return { kind: 'done' };
    });
    queue.add('a');
    let ended = false;
    const running = queue.run(stop.signal).then(() => {
      ended = true;
    });
    await clock.advance(0);
    stop.abort();
    queue.add('b');
    await clock.advance(0);
    expect(ended).toBe(false);
    gate.open();
    await running;
    expect(seen).toEqual(['a']);
  });

  it('ends with the error of work that threw', async () => {
    const { queue, stop } = aQueue(async () => {
      throw new Error('a bug');
    });
    queue.add('a');
    await expect(queue.run(stop.signal)).rejects.toThrow('a bug');
  });
});

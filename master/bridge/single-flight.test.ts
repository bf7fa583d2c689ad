import { expect, test } from 'vitest';
import { FakeClock } from '../../shared/clock.ts';
import { createSingleFlight } from './single-flight.ts';

function flightOf(run: (count: number) => Promise<void> | void) {
  const failures: unknown[] = [];
  const clock = new FakeClock();
  let runs = 0;
  const flight = createSingleFlight({
    clock,
    signal: new AbortController().signal,
    run: async () => run(++runs),
    onFailure: error => failures.push(error),
  });
  return { flight, clock, failures, runs: () => runs };
}

test('many wakes make one run', async () => {
  const { flight, runs } = flightOf(() => {});
  for (let i = 0; i < 5; i++) flight.wake();
  await flight.idle();
  expect(runs()).toBe(1);
});

test('a wake at any turn around the end of a run makes another', async () => {
  for (let turns = 0; turns < 12; turns++) {
    const { flight, runs } = flightOf(() => {});
    flight.wake();
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    const before = runs();
    flight.wake();
    await flight.idle();
    expect(runs()).toBe(before + 1);
  }
});

test('a failed run is told once and tried again until it succeeds', async () => {
  const { flight, clock, failures, runs } = flightOf(count => {
    if (count < 4) throw new Error('no');
  });
  flight.wake();
  await clock.advance(60_000);
  await flight.idle();
  expect([runs(), failures.length]).toEqual([4, 1]);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { latestTime, nextTime, parseSchedule } from './cron.ts';

function next(text: string, after: string, zone?: string): string | undefined {
  const parsed = parseSchedule(text);
  if (!parsed.ok) return parsed.reason;
  const atMs = nextTime(parsed.schedule, Date.parse(after), zone);
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

describe('a cron schedule', () => {
  it.each([
    ['*/15 * * * *', '2024-01-01T00:00:00Z', '2024-01-01T00:15:00.000Z'],
    ['@hourly', '2024-01-01T00:30:00Z', '2024-01-01T01:00:00.000Z'],
    ['0 9 * * mon-fri', '2024-01-05T10:00:00Z', '2024-01-08T09:00:00.000Z'],
    ['0 0 29 feb *', '2096-03-01T00:00:00Z', '2104-02-29T00:00:00.000Z'],
    ['0 0 13 * fri', '2024-01-01T00:00:00Z', '2024-01-05T00:00:00.000Z'],
    ['30 10-12/2 * * *', '2024-01-01T11:00:00Z', '2024-01-01T12:30:00.000Z'],
    ['0 0 31 2 *', '2024-01-01T00:00:00Z', undefined],
  ])('%s after %s is %s', (text, after, want) => {
    expect(next(text, after)).toBe(want);
  });

  it('keeps to the clocks of its zone: no time that they skip, once what they repeat', () => {
    expect(next('30 9 * * *', '2024-07-01T00:00:00Z', 'Europe/Berlin')).toBe('2024-07-01T07:30:00.000Z');
    expect(next('30 2 * * *', '2024-03-31T00:00:00Z', 'Europe/Berlin')).toBe('2024-04-01T00:30:00.000Z');
    expect(next('30 2 * * *', '2024-10-26T23:00:00Z', 'Europe/Berlin')).toBe('2024-10-27T00:30:00.000Z');
    expect(next('30 2 * * *', '2024-10-27T00:30:00Z', 'Europe/Berlin')).toBe('2024-10-28T01:30:00.000Z');
  });

  it.each([
    ['* * * *', 'expected exactly 5 fields, found 4: [* * * *]'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['@often', 'unrecognized descriptor: @often'],
    ['a * * * *', 'failed to parse int from a: invalid syntax'],
  ])('refuses %s', (text, reason) => {
    expect(parseSchedule(text)).toEqual({ ok: false, reason });
  });

  it('finds no time between the latest and now', () => {
    const schedules = ['*/7 3,15 * * *', '0 0 1 * *', '5 4 * * sun', '@hourly'];
    const zones = ['UTC', 'America/New_York', 'Asia/Kolkata'];
    fc.assert(
      fc.property(
        fc.constantFrom(...schedules),
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 4e12 }),
        (text, zone, nowMs) => {
          const parsed = parseSchedule(text);
          if (!parsed.ok) throw new Error(parsed.reason);
          const latest = latestTime(parsed.schedule, nowMs, zone) ?? Number.NaN;
          expect(latest).toBeLessThanOrEqual(nowMs);
          const following = nextTime(parsed.schedule, latest, zone) ?? Number.NaN;
          expect(following).toBeGreaterThan(nowMs);
          expect(following).toBe(nextTime(parsed.schedule, nowMs, zone));
        },
      ),
      { numRuns: 200 },
    );
  });
});

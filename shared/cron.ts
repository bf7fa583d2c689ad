/**
 * Cron schedules as Kubernetes reads them: five fields (minute, hour, day of month, month, day of week), or a name such as `@daily`.
 * Pure. Grammar: https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/#schedule-syntax
 */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** A day that no year of eight has, such as 30 February, never comes: 29 February may stay away for eight years. */
const MAX_DAYS = 366 * 8 + 3;

const NAMED: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const WEEKDAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

type Field = { readonly min: number; readonly max: number; readonly names?: readonly string[] };
const FIELDS: readonly Field[] = [
  { min: 0, max: 59 },
  { min: 0, max: 23 },
  { min: 1, max: 31 },
  { min: 1, max: 12, names: MONTHS },
  { min: 0, max: 6, names: WEEKDAYS },
];

export type Schedule = {
  readonly minutes: ReadonlySet<number>;
  readonly hours: ReadonlySet<number>;
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** With both given, a day that fits either will do. */
  readonly isEitherDay: boolean;
};

export type ParsedSchedule =
  | { readonly ok: true; readonly schedule: Schedule }
  | { readonly ok: false; readonly reason: string };

class ScheduleError extends Error {}

/** Parses a schedule; the reason of a refusal is worded as Kubernetes words it. */
export function parseSchedule(text: string): ParsedSchedule {
  try {
    return { ok: true, schedule: scheduleOf(text) };
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error;
    return { ok: false, reason: error.message };
  }
}

function scheduleOf(text: string): Schedule {
  if (text.trim() === '') throw new ScheduleError('empty spec string');
  if (text.startsWith('@') && NAMED[text] === undefined)
    throw new ScheduleError(`unrecognized descriptor: ${text}`);
  const fields = (NAMED[text] ?? text).trim().split(/\s+/);
  if (fields.length !== FIELDS.length)
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`);
  const [minutes, hours, days, months, weekdays] = FIELDS.map((field, i) => valuesOf(fields[i] ?? '', field));
  const isStar = (field: string | undefined) => /^[*?]/.test(field ?? '');
  return {
    minutes: minutes ?? new Set(),
    hours: hours ?? new Set(),
    days: days ?? new Set(),
    months: months ?? new Set(),
    weekdays: weekdays ?? new Set(),
    isEitherDay: !isStar(fields[2]) && !isStar(fields[4]),
  };
}

function valuesOf(text: string, field: Field): ReadonlySet<number> {
  return new Set(text.split(',').flatMap(part => rangeOf(part, field)));
}

/** The values of `*`, `5`, `mon-fri`, `10-40/5`, or `10/5` (from 10 to the end). */
function rangeOf(text: string, field: Field): readonly number[] {
  const [range = '', stepText, ...more] = text.split('/');
  const [lowText = '', highText, ...extra] = range.split('-');
  if (more.length > 0) throw new ScheduleError(`too many slashes: ${text}`);
  if (extra.length > 0) throw new ScheduleError(`too many hyphens: ${text}`);
  const isAll = lowText === '*' || lowText === '?';
  const low = isAll ? field.min : numberOf(lowText, field);
  const high = highText !== undefined ? numberOf(highText, field) : isAll || stepText ? field.max : low;
  const step = stepText === undefined ? 1 : numberOf(stepText, { min: 0, max: 0 });
  if (low < field.min)
    throw new ScheduleError(`beginning of range (${low}) below minimum (${field.min}): ${text}`);
  if (high > field.max)
    throw new ScheduleError(`end of range (${high}) above maximum (${field.max}): ${text}`);
  if (low > high)
    throw new ScheduleError(`beginning of range (${low}) beyond end of range (${high}): ${text}`);
  if (step === 0) throw new ScheduleError(`step of range should be a positive number: ${text}`);
  return Array.from({ length: Math.floor((high - low) / step) + 1 }, (_, i) => low + i * step);
}

function numberOf(text: string, { names, min }: Field): number {
  const named = names?.indexOf(text.toLowerCase()) ?? -1;
  if (named >= 0) return named + min;
  if (!/^\d{1,9}$/.test(text)) throw new ScheduleError(`failed to parse int from ${text}: invalid syntax`);
  return Number(text);
}

/** True when the runtime knows this IANA name, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/**
 * The first scheduled time after `afterMs`, milliseconds since 1970. Undefined when none comes. A local time that a clock change
 * skips is left out; one that it repeats comes once.
 */
export function nextTime(schedule: Schedule, afterMs: number, timeZone = 'UTC'): number | undefined {
  return scan(schedule, { fromMs: afterMs, step: 1, timeZone }).find(atMs => atMs > afterMs);
}

/** The last scheduled time at or before `untilMs`. Undefined when there was none for years. */
export function latestTime(schedule: Schedule, untilMs: number, timeZone = 'UTC'): number | undefined {
  return scan(schedule, { fromMs: untilMs, step: -1, timeZone }).find(atMs => atMs <= untilMs);
}

type Scan = { readonly fromMs: number; readonly step: 1 | -1; readonly timeZone: string };

/** Scheduled times from about `fromMs` on, in the order of `step`: local days first, then their minutes. */
function scan(schedule: Schedule, { fromMs, step, timeZone }: Scan) {
  const offsetMs = zoneOffset(timeZone);
  const firstDayMs = floorTo(fromMs + offsetMs(fromMs), DAY_MS);
  const inOrder = (values: ReadonlySet<number>) => [...values].sort((a, b) => (a - b) * step);
  const [hours, minutes] = [inOrder(schedule.hours), inOrder(schedule.minutes)];
  function* times() {
    for (let i = -1; i < MAX_DAYS; i++) {
      const dayMs = firstDayMs + i * step * DAY_MS;
      if (!isDayOf(schedule, new Date(dayMs))) continue;
      for (const hour of hours)
        for (const minute of minutes) {
          const atMs = fromLocal(dayMs + (hour * 60 + minute) * MINUTE_MS, offsetMs);
          if (atMs !== undefined) yield atMs;
        }
    }
  }
  return {
    find(isWanted: (atMs: number) => boolean): number | undefined {
      for (const atMs of times()) if (isWanted(atMs)) return atMs;
      return undefined;
    },
  };
}

function isDayOf({ months, days, weekdays, isEitherDay }: Schedule, day: Date): boolean {
  if (!months.has(day.getUTCMonth() + 1)) return false;
  const [isDay, isWeekday] = [days.has(day.getUTCDate()), weekdays.has(day.getUTCDay())];
  return isEitherDay ? isDay || isWeekday : isDay && isWeekday;
}

/** The moment at which clocks of the zone show `localMs`; undefined when they skip it. */
function fromLocal(localMs: number, offsetMs: (atMs: number) => number): number | undefined {
  // The two offsets that may hold around then: of a repeated time, the first occurrence counts.
  const guesses = [localMs - DAY_MS, localMs + DAY_MS].map(aroundMs => localMs - offsetMs(aroundMs));
  return guesses.sort((a, b) => a - b).find(atMs => atMs + offsetMs(atMs) === localMs);
}

/** How far clocks of a zone are ahead of UTC at a moment, milliseconds. */
function zoneOffset(timeZone: string): (atMs: number) => number {
  if (timeZone === 'UTC') return () => 0;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return atMs => {
    const wholeMs = floorTo(atMs, 1000);
    const parts = Object.fromEntries(
      format.formatToParts(wholeMs).map(({ type, value }) => [type, Number(value)]),
    );
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) - wholeMs;
  };
}

function floorTo(value: number, unit: number): number {
  return Math.floor(value / unit) * unit;
}

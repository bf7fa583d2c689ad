/** What a benchmark says: one line `name value unit` per result. */

/** Prints one result, with four significant digits. */
export function report(name: string, value: number, unit: string): void {
  process.stdout.write(`${name} ${Number(value.toPrecision(4))} ${unit}\n`);
}

/** Prints the median and the worst of several times. Throws RangeError when there are none. */
export function reportTimes(name: string, timesMs: readonly number[]): void {
  report(`${name}.median`, medianOf(timesMs), 'ms');
  report(`${name}.worst`, Math.max(...timesMs), 'ms');
}

/** Prints the median and the 99th percentile of many times. Throws RangeError when there are none. */
export function reportLatencies(name: string, timesMs: readonly number[]): void {
  report(`${name}.p50`, percentileOf(timesMs, 50), 'ms');
  report(`${name}.p99`, percentileOf(timesMs, 99), 'ms');
}

/** The smallest value that `percent` of them do not exceed. Throws RangeError when there are none. */
export function percentileOf(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
  if (value === undefined) throw new RangeError('there is nothing to report');
  return value;
}

/** The middle value, or the mean of the two in the middle. Throws RangeError when there are none. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  if (low === undefined || high === undefined) throw new RangeError('there is nothing to report');
  return (low + high) / 2;
}

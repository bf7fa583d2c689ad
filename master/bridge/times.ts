/** Times of a device's clock, told by the master's. Pure. */
import { formatTime } from '../../shared/kubernetes/time.ts';

/** The same instant by the master's clock, of a device whose clock is `shiftMs` behind it; unchanged when it is no time. */
export function shiftTime(time: string | undefined, shiftMs: number): string | undefined {
  const ms = Date.parse(time ?? '') + shiftMs;
  // Beyond year 9999 RFC 3339 ends, and with it any sense in the device's clock.
  return Math.abs(ms) < 253_402_300_800_000 ? formatTime(ms) : time;
}

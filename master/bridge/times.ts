/** Times as the Kubernetes API writes them: RFC 3339, UTC, whole seconds. Pure. */

export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** The same instant by the master's clock, of a device whose clock is `shiftMs` behind it; unchanged when it is no time. */
export function shiftTime(time: string | undefined, shiftMs: number): string | undefined {
  const ms = Date.parse(time ?? '') + shiftMs;
  return Number.isNaN(ms) ? time : rfc3339(ms);
}

/** Times as the API writes them. */

/** RFC 3339 in UTC with whole seconds, from milliseconds since 1970. */
export function formatTime(atMs: number): string {
  return new Date(Math.floor(atMs / 1000) * 1000).toISOString().replace('.000Z', 'Z');
}

/** Milliseconds since 1970. Undefined when the text is absent or no time. */
export function parseTime(text: string | undefined): number | undefined {
  const atMs = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

/** "5s", "3m20s", "2d4h": kubectl's way to say how long, from seconds. Source: k8s.io/apimachinery duration.HumanDuration. */
export function formatDuration(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < -1) return '<invalid>';
  if (s < 0) return '0s';
  if (s < 120) return `${s}s`;
  const minutes = Math.floor(s / 60);
  if (minutes < 10) return withRest(minutes, 'm', s % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return withRest(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return `${days}d`;
  const years = Math.floor(days / 365);
  return days < 365 * 8 ? withRest(years, 'y', days % 365, 'd') : `${years}y`;
}

function withRest(whole: number, unit: string, rest: number, restUnit: string): string {
  return rest === 0 ? `${whole}${unit}` : `${whole}${unit}${rest}${restUnit}`;
}

/** How long ago `time` (RFC 3339) was, as kubectl's AGE column says it; `<unknown>` when it is absent or no time. */
export function formatAge(time: string | undefined, nowMs: number): string {
  const atMs = parseTime(time);
  return atMs === undefined ? '<unknown>' : formatDuration((nowMs - atMs) / 1000);
}

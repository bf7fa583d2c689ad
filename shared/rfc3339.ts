/** Times as Kubernetes writes them: RFC 3339, UTC, whole seconds. Such texts sort as the times do. */

/** `2026-01-31T08:30:00Z` from milliseconds since 1970; fractions of a second are dropped. */
export function formatTime(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
}

/** Milliseconds since 1970. Undefined when the text is absent or no time. */
export function parseTime(text: string | undefined): number | undefined {
  const atMs = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs;
}

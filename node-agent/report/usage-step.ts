/** Whether usage moved enough to be worth its bytes. Pure. */
import type { Usage } from '../../shared/protocol/messages.ts';
import { USAGE_CPU_STEP_MILLI, USAGE_MEMORY_STEP_BYTES, USAGE_SENT_MS_MAX } from '../limits.ts';

export type SentUsage = { readonly usage: Usage; readonly atMs: number };

/** True for the first usage, after USAGE_SENT_MS_MAX, and when the device or one container moved by a step or more. */
export function isUsageNews(sent: SentUsage | undefined, usage: Usage, nowMs: number): boolean {
  if (!sent || nowMs - sent.atMs >= USAGE_SENT_MS_MAX) return true;
  if (hasMoved(sent.usage, usage)) return true;
  const before = flatten(sent.usage);
  const after = flatten(usage);
  if (before.size !== after.size) return true;
  return [...after].some(([key, now]) => {
    const then = before.get(key);
    return !then || hasMoved(then, now);
  });
}

type Amounts = { readonly cpuMilli: number; readonly memoryBytes: number };

function hasMoved(before: Amounts, after: Amounts): boolean {
  return (
    Math.abs(before.cpuMilli - after.cpuMilli) >= USAGE_CPU_STEP_MILLI ||
    Math.abs(before.memoryBytes - after.memoryBytes) >= USAGE_MEMORY_STEP_BYTES
  );
}

function flatten(usage: Usage): ReadonlyMap<string, Amounts> {
  const entries = (usage.pods ?? []).flatMap(({ uid, containers }) =>
    containers.map((each): [string, Amounts] => [`${uid}/${each.name}`, each]),
  );
  return new Map(entries);
}

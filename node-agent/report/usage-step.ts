/** Which usage moved enough to be worth its bytes. Pure. */
import type { Usage } from '../../shared/protocol/messages.ts';
import { USAGE_CPU_STEP_MILLI, USAGE_MEMORY_STEP_BYTES, USAGE_SENT_MS_MAX } from '../limits.ts';

/** `usage` is what the master knows; `allAtMs` is when all of it was said together. */
export type SentUsage = { readonly usage: Usage; readonly allAtMs: number };

/**
 * What to say now, and what the master knows once it was told: all of it at first, when a container moved by a step or
 * more, and after USAGE_SENT_MS_MAX; the device's alone when only that moved; undefined when nothing did.
 */
export function usageNews(
  sent: SentUsage | undefined,
  usage: Usage,
  nowMs: number,
): { readonly news: Usage; readonly sent: SentUsage } | undefined {
  const isAllDue = !sent || nowMs - sent.allAtMs >= USAGE_SENT_MS_MAX;
  if (isAllDue || haveContainersMoved(sent.usage, usage))
    return { news: usage, sent: { usage, allAtMs: nowMs } };
  if (!hasMoved(sent.usage, usage)) return undefined;
  const known = { ...usage, pods: sent.usage.pods };
  return { news: { ...usage, pods: undefined }, sent: { usage: known, allAtMs: sent.allAtMs } };
}

function haveContainersMoved(sent: Usage, now: Usage): boolean {
  const before = flatten(sent);
  const after = flatten(now);
  if (before.size !== after.size) return true;
  return [...after].some(([key, amounts]) => {
    const then = before.get(key);
    return !then || hasMoved(then, amounts);
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

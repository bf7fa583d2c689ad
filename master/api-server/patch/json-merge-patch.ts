/** JSON merge patch. Pure. [RFC 7386] */
import { isRecord } from '../../../shared/is-record.ts';

/** `target` as the patch wants it; null removes a member. Neither argument is changed. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const kept = Object.entries(isRecord(target) ? target : {}).filter(([key]) => !Object.hasOwn(patch, key));
  const current = new Map(Object.entries(isRecord(target) ? target : {}));
  const changed = Object.entries(patch)
    .filter(([, value]) => value !== null)
    .map(([key, value]): [string, unknown] => [key, applyMergePatch(current.get(key), value)]);
  return Object.fromEntries([...kept, ...changed]);
}

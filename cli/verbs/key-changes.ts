/** `KEY=VALUE` and `KEY-`, as label, annotate and taint take them. Pure. */
import { UsageError } from '../errors.ts';

export type KeyChanges = {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
};

/** True for a word that is a change and not the name of an object. */
export function isKeyChange(word: string): boolean {
  return /^[^=]+=/.test(word) || /^[^=]+-$/.test(word);
}

/** Throws UsageError for a key that is both set and removed. */
export function parseKeyChanges(words: readonly string[]): KeyChanges {
  const set: Record<string, string> = {};
  const remove: string[] = [];
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals > 0) set[word.slice(0, equals)] = word.slice(equals + 1);
    else remove.push(word.slice(0, -1));
  }
  const both = remove.find(key => key in set);
  if (both !== undefined) throw new UsageError(`cannot modify and remove the same key: ${both}`);
  return { set, remove };
}

export type ChangeVerdict =
  | {
      readonly ok: true;
      readonly patch: Readonly<Record<string, string | null>>;
      readonly onlyRemoves: boolean;
    }
  | { readonly ok: false; readonly reason: string };

/** The merge patch that makes the changes; empty when nothing would change. Refuses to overwrite unless told to. */
export function planKeyChanges(
  current: Readonly<Record<string, string>>,
  { set, remove }: KeyChanges,
  overwrite: boolean,
): ChangeVerdict {
  const clash = Object.entries(set).find(([key, value]) => key in current && current[key] !== value);
  if (clash !== undefined && !overwrite)
    return {
      ok: false,
      reason: `'${clash[0]}' already has a value (${current[clash[0]]}), and --overwrite is false`,
    };
  const patch: Record<string, string | null> = {};
  for (const [key, value] of Object.entries(set)) if (current[key] !== value) patch[key] = value;
  for (const key of remove) if (key in current) patch[key] = null;
  return { ok: true, patch, onlyRemoves: Object.keys(set).length === 0 };
}

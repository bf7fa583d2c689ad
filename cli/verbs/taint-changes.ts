/** `KEY=VALUE:EFFECT` and `KEY[:EFFECT]-`. Pure. */
import { CliError, UsageError } from '../errors.ts';

export type TaintEntry = { readonly key: string; readonly value?: string; readonly effect: string };
export type TaintChanges = {
  readonly set: readonly TaintEntry[];
  readonly remove: readonly { readonly key: string; readonly effect?: string }[];
};

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

/** True for a word that is a change and not the name of a node. */
export function isTaintChange(word: string): boolean {
  return word.includes(':') || word.endsWith('-') || word.includes('=');
}

/** Throws UsageError for what is no taint. */
export function parseTaintChanges(words: readonly string[]): TaintChanges {
  const set: TaintEntry[] = [];
  const remove: { key: string; effect?: string }[] = [];
  for (const word of words) {
    const match = /^([^=:]+?)(?:=([^:]*?))?(?::([A-Za-z]+))?(-)?$/.exec(word);
    const [, key = '', value, effect, minus] = match ?? [];
    if (
      !match ||
      (effect !== undefined && !EFFECTS.includes(effect)) ||
      (minus === undefined && effect === undefined)
    )
      throw new UsageError(
        `invalid taint spec: ${word}\nIt is KEY=VALUE:EFFECT, KEY:EFFECT, KEY:EFFECT- or KEY-; the effect is one of ${EFFECTS.join(', ')}`,
      );
    if (minus === undefined && effect !== undefined) set.push({ key, ...(value ? { value } : {}), effect });
    else remove.push({ key, ...(effect === undefined ? {} : { effect }) });
  }
  return { set, remove };
}

const sameTaint = (a: { key: string; effect: string }) => (b: { key: string; effect: string }) =>
  a.key === b.key && a.effect === b.effect;

/** The node's taints after the changes. Throws CliError when one is there already and may not be overwritten, or is to go and is not there. */
export function changedTaints(
  node: string,
  current: readonly TaintEntry[],
  { set, remove }: TaintChanges,
  overwrite: boolean,
): readonly TaintEntry[] {
  const clash = set.find(taint => current.some(sameTaint(taint)));
  if (clash !== undefined && !overwrite)
    throw new CliError(
      `node ${node} already has ${clash.key} taint(s) with same effect(s) and --overwrite is false`,
    );
  const gone = (taint: TaintEntry) =>
    remove.some(({ key, effect }) => taint.key === key && (effect === undefined || taint.effect === effect));
  const missing = remove.find(
    ({ key, effect }) =>
      !current.some(taint => taint.key === key && (effect === undefined || taint.effect === effect)),
  );
  if (missing !== undefined)
    throw new CliError(
      `taint "${missing.key}${missing.effect === undefined ? '' : `:${missing.effect}`}" not found`,
    );
  return [...current.filter(taint => !gone(taint) && !set.some(sameTaint(taint))), ...set];
}

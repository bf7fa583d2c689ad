/**
 * Objects made alike have the same sets of owned fields, deep trees that weigh more than the objects themselves: they are held
 * once. Objects of the watch cache are never changed, so that sharing shows nowhere.
 */

/** Sets that are remembered; beyond these all are forgotten, and shared anew from then on. */
const MAX_SETS = 4096;

const known = new Map<string, unknown>();

/** The same set, in one copy. */
export function sharedFields(fields: unknown): unknown {
  if (fields === undefined) return undefined;
  const text = JSON.stringify(fields);
  const found = known.get(text);
  if (found !== undefined) return found;
  if (known.size >= MAX_SETS) known.clear();
  known.set(text, fields);
  return fields;
}

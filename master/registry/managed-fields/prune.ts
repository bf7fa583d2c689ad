/** Takes back what an applier once wanted and now leaves out, unless somebody else owns it. Pure. Source: structured-merge-diff, merge.prune. */
import { difference, EMPTY, type FieldSet, intersection, isEmpty, union } from './field-set.ts';
import { fieldsOf, withNamedFields } from './fields-of.ts';
import { withoutFields } from './merge.ts';
import type { Owner } from './owners.ts';
import type { Shape } from './shape.ts';

/** `merged` without the fields of `last` that none of the owners, the applier's new configuration among them, has. */
export function prune(
  shape: Shape,
  merged: unknown,
  last: FieldSet | undefined,
  owners: Iterable<Owner>,
): unknown {
  if (last === undefined || isEmpty(last)) return merged;
  const named = (set: FieldSet) => withNamedFields(shape, set);
  const namedFieldsOf = (value: unknown) => named(fieldsOf(shape, value));
  const lastNamed = named(last);
  const mergedFields = namedFieldsOf(merged);
  const owned = named([...owners].reduce((all, owner) => union(all, owner.fields), EMPTY));
  const without = (set: FieldSet) => withoutFields(shape, merged, set) ?? {};
  // Everything of the last configuration goes; what anybody owns comes back.
  const bare = namedFieldsOf(without(lastNamed));
  const kept = namedFieldsOf(without(difference(mergedFields, union(bare, owned))));
  // What nobody owns and stood below a removed item, but was never in the last configuration, stays.
  return without(intersection(difference(mergedFields, kept), lastNamed));
}

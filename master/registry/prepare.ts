/** What an object becomes before it is written: pure. */
import type { KindMap, KindName, KubeObject } from '../../shared/kubernetes/objects.ts';
import type { Kind } from './kind.ts';
import { typeSchema } from './schema.ts';
import { memberOf, stored } from './stored-object.ts';

/** The version that a client wrote in rules, unless it is only another view of what is stored. */
export function rulesOf<K extends KindName>(declared: Kind<K>, as: Kind<K> | undefined): Kind<K> {
  return as === undefined || as.conversion !== undefined ? declared : as;
}

/** A spec that was left out is an empty one, as it is to Kubernetes's own structs. */
export function withSpec(rules: Pick<Kind, 'type'>, object: object): object {
  const isMissing =
    typeSchema(rules.type)?.fields.spec !== undefined && memberOf(object, 'spec') === undefined;
  return isMissing ? { ...object, spec: {} } : object;
}

/** What the object starts with, whatever the client says of its status. */
export function withInitialStatus<K extends KindName>(rules: Kind<K>, object: KindMap[K]): KindMap[K] {
  if (!rules.subresources.includes('status')) return object;
  const status = rules.initialStatus === undefined ? {} : rules.initialStatus(object);
  return stored<K>(withMember(object, 'status', status));
}

/** The status is its observer's; an update of the rest leaves it as it stands. */
export function withStatusOf<K extends KindName>(
  rules: Kind<K>,
  current: KindMap[K],
  next: KindMap[K],
): KindMap[K] {
  const status = memberOf(current, 'status');
  const isOwn = rules.subresources.includes('status') || (rules.custom === undefined && status !== undefined);
  return isOwn ? stored<K>(withMember(next, 'status', status)) : next;
}

/** What of an object says what its owner wants: a change of it counts as a new generation. */
export function wantedOf(rules: Kind, object: KubeObject): unknown {
  if (rules.custom === undefined) return memberOf(object, 'spec');
  const observed = rules.subresources.includes('status') ? ['status'] : [];
  const apart = ['apiVersion', 'metadata', ...observed];
  return Object.fromEntries(Object.entries(object).filter(([name]) => !apart.includes(name)));
}

/** With this value as a member; without the member for undefined. */
function withMember(object: object, name: string, value: unknown): object {
  const others = Object.entries(object).filter(([key]) => key !== name);
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
}

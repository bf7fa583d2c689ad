/**
 * Sets of fields in their wire form, FieldsV1, and the algebra on them. Pure. A set is a tree whose edges are path elements:
 * `f:<name>` a field, `k:<keys>` an element of an associative list, `v:<value>` an element of a set, `i:<n>` an index.
 * A node is a member when it is empty or has an edge ".". The root is no member: an empty root is the empty set.
 * Source: FieldsV1 in Kubernetes's API reference.
 */
import { isRecord } from '../../../shared/is-record.ts';

export type FieldSet = { readonly [element: string]: FieldSet };

export const EMPTY: FieldSet = {};
/** A node that is a member and has none below it. */
export const MEMBER: FieldSet = {};
const SELF = '.';
const ELEMENT = /^[fkvi]:/;
/** Depth at which an answer to a hostile document is no. */
const MAX_DEPTH = 64;

/** True for a set as a client or the store may say it. Cost: one look at each edge. */
export function isFieldSet(value: unknown, depth = 0): value is FieldSet {
  if (!isRecord(value) || depth > MAX_DEPTH) return false;
  for (const element in value) {
    if (!(element === SELF || ELEMENT.test(element)) || !isFieldSet(value[element], depth + 1)) return false;
    if (element.startsWith('k:') && !isRecord(parsedJson(element.slice(2)))) return false;
  }
  return true;
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isEmpty(set: FieldSet): boolean {
  for (const _ in set) return false;
  return true;
}

function isMember(node: FieldSet): boolean {
  return isEmpty(node) || SELF in node;
}

/** The node with these edges; undefined for one that is neither a member nor leads to any. */
export function nodeOf(member: boolean, edges: FieldSet): FieldSet | undefined {
  if (isEmpty(edges)) return member ? MEMBER : undefined;
  return member ? { [SELF]: MEMBER, ...edges } : edges;
}

/** True when the field itself, and not only fields below it, is in the set. */
export function has(set: FieldSet, element: string): boolean {
  const node = set[element];
  return node !== undefined && isMember(node);
}

/** The set of what lies below a field, relative to it. */
export function below(set: FieldSet, element: string): FieldSet {
  const { [SELF]: _self, ...edges } = set[element] ?? EMPTY;
  return edges;
}

type Combine = (a: FieldSet | undefined, b: FieldSet | undefined) => FieldSet | undefined;

function combined(a: FieldSet, b: FieldSet, elements: Iterable<string>, combine: Combine): FieldSet {
  const edges: Record<string, FieldSet> = {};
  for (const element of elements) {
    if (element === SELF) continue;
    const node = combine(a[element], b[element]);
    if (node !== undefined) edges[element] = node;
  }
  return edges;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (isEmpty(a)) return b;
  if (isEmpty(b)) return a;
  return combined(a, b, new Set([...Object.keys(a), ...Object.keys(b)]), unitedNode);
}

function unitedNode(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return nodeOf(isMember(a) || isMember(b), union(withoutSelf(a), withoutSelf(b)));
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  return combined(a, b, Object.keys(a), (x, y) =>
    x === undefined || y === undefined
      ? undefined
      : nodeOf(isMember(x) && isMember(y), intersection(withoutSelf(x), withoutSelf(y))),
  );
}

/** The members of `a` that are none of `b`; `a` itself where they share no edge. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  if (!sharesEdge(a, b)) return a;
  return combined(a, b, Object.keys(a), (x, y) =>
    x === undefined || y === undefined
      ? x
      : nodeOf(isMember(x) && !isMember(y), difference(withoutSelf(x), withoutSelf(y))),
  );
}

function sharesEdge(a: FieldSet, b: FieldSet): boolean {
  for (const element in b) if (element in a) return true;
  return false;
}

function withoutSelf(node: FieldSet): FieldSet {
  if (!(SELF in node)) return node;
  const { [SELF]: _self, ...edges } = node;
  return edges;
}

/** Paths of all members, each as the list of its elements. */
export function membersOf(set: FieldSet, path: readonly string[] = []): (readonly string[])[] {
  return Object.keys(sorted(set)).flatMap(element => {
    const node = set[element];
    if (element === SELF || node === undefined) return [];
    const here = [...path, element];
    return [...(isMember(node) ? [here] : []), ...membersOf(node, here)];
  });
}

/** The same set with its edges in order, as Kubernetes writes it. */
export function sorted(set: FieldSet): FieldSet {
  return Object.fromEntries(
    Object.entries(set)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([element, node]) => [element, sorted(node)]),
  );
}

/** A path as Kubernetes prints it: `.spec.containers[name="main"].image`. */
export function pathText(path: readonly string[]): string {
  return path.map(elementText).join('');
}

function elementText(element: string): string {
  const rest = element.slice(2);
  switch (element.slice(0, 2)) {
    case 'f:':
      return `.${rest}`;
    case 'k:': {
      const keys = Object.entries(parsedJson(rest) ?? {});
      return `[${keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(',')}]`;
    }
    case 'v:':
      return `[=${rest}]`;
    default:
      return `[${rest}]`;
  }
}

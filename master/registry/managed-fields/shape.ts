/**
 * What stands at a place of an object, as far as ownership asks: which parts are owned one by one, and which only whole.
 * The field tables answer for built-in kinds (built-in-shape.ts); anything else that can answer is as good.
 * Source: sigs.k8s.io/structured-merge-diff, schema.
 */
import { isRecord } from '../../../shared/is-record.ts';

/** A member of an associative list's elements that tells them apart, and what it is when an element leaves it out. */
export type ListKey = { readonly name: string; readonly default?: string };

/** A struct, a map, or both: declared fields by name, everything else by `element`. */
export type MapShape = {
  readonly kind: 'map';
  /** The shape of a declared field; undefined for a key that is an item of the map. */
  field(name: string): Shape | undefined;
  readonly element: Shape;
  /** An empty struct says something by standing there; an empty map is as good as none. */
  readonly isStruct: boolean;
  /** Declared fields of which absent and empty are the same. */
  readonly embedded: ReadonlySet<string>;
};

export type Shape =
  /** Owned whole: scalars, and atomic lists, maps and structs. */
  | { readonly kind: 'leaf' }
  /** No schema: a map is taken as granular, a list as atomic. */
  | { readonly kind: 'any' }
  | MapShape
  /** A list of scalars, each owned for itself. */
  | { readonly kind: 'set' }
  /** A list whose elements are told apart by their keys. */
  | { readonly kind: 'list'; readonly keys: readonly ListKey[]; readonly item: Shape };

export const LEAF: Shape = { kind: 'leaf' };
export const ANY: Shape = { kind: 'any' };
export const SET: Shape = { kind: 'set' };

const NO_FIELDS: ReadonlySet<string> = new Set();

/** A map whose keys are owned one by one. */
export function mapOf(element: Shape): Shape {
  return { kind: 'map', field: () => undefined, element, isStruct: false, embedded: NO_FIELDS };
}

const ANY_MAP: Shape = {
  kind: 'map',
  field: () => undefined,
  element: ANY,
  isStruct: true,
  embedded: NO_FIELDS,
};

/** The shape to follow where the schema says nothing, by the values that stand there; `undefined` fits any. */
export function settled(shape: Shape, ...values: readonly unknown[]): Exclude<Shape, { kind: 'any' }> {
  if (shape.kind === 'any')
    return settled(values.every(value => value === undefined || isRecord(value)) ? ANY_MAP : LEAF);
  return shape;
}

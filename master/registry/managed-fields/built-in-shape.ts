/** The shapes of built-in types: the field tables, with what markers.ts knows beyond them. */
import { embeddedFields, fieldMapType, isAtomicStruct, listType } from '../markers.ts';
import { elementType, typeSchema } from '../schema.ts';
import { ANY, LEAF, mapOf, SET, type Shape } from './shape.ts';

const shapes = new Map<string, Shape>();

/** The shape of a type expression of the field tables; without a table for it, values say it themselves. */
export function builtInShape(expression: string): Shape {
  const known = shapes.get(expression);
  if (known !== undefined) return known;
  const shape = isAtomicStruct(expression) ? LEAF : newShape(expression);
  shapes.set(expression, shape);
  return shape;
}

function newShape(expression: string): Shape {
  const element = elementType(expression);
  if (element !== undefined) return expression.startsWith('[]') ? LEAF : mapOf(builtInShape(element));
  if (/^[A-Z]/.test(expression)) return structShape(expression);
  return expression === 'any' ? ANY : LEAF;
}

/** A struct type field by field; types may contain themselves, so a field's shape is found only when it is asked for. */
function structShape(type: string): Shape {
  const fields = typeSchema(type)?.fields;
  if (fields === undefined) return ANY;
  const known = new Map<string, Shape>();
  return {
    kind: 'map',
    element: ANY,
    isStruct: true,
    embedded: embeddedFields(type),
    field(name) {
      const seen = known.get(name);
      if (seen !== undefined) return seen;
      const expression = Object.hasOwn(fields, name) ? fields[name] : undefined;
      if (expression === undefined) return undefined;
      const shape = fieldShape(type, name, expression);
      known.set(name, shape);
      return shape;
    },
  };
}

function fieldShape(type: string, name: string, expression: string): Shape {
  if (expression.startsWith('[]')) {
    const list = listType(type, name);
    if (list.kind === 'map')
      return { kind: 'list', keys: list.keys, item: builtInShape(expression.slice(2)) };
    return list.kind === 'set' ? SET : LEAF;
  }
  switch (fieldMapType(type, name)) {
    case 'atomic':
      return LEAF;
    case 'granular':
      return newShape(expression);
    case undefined:
      return builtInShape(expression);
  }
}

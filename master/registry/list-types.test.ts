import { describe, expect, it } from 'vitest';
import { BUILTIN_KINDS } from './kinds.ts';
import { listType, namedListFields } from './list-types.ts';
import { typeSchema } from './schema.ts';

const served = namedListFields().filter(({ type }) => typeSchema(type) !== undefined);

describe('what is known of lists', () => {
  it.each(served)('$type.$field is a list, and its elements have the keys', ({ type, field, keys }) => {
    const expression = typeSchema(type)?.fields[field] ?? '';
    expect(expression).toMatch(/^\[\]/);
    for (const key of keys) expect(typeSchema(expression.slice(2))?.fields).toHaveProperty([key]);
  });

  it('holds for the kinds that are served', () => {
    expect(BUILTIN_KINDS.filter(({ type }) => typeSchema(type) === undefined)).toEqual([]);
    expect(served.length).toBeGreaterThan(40);
  });

  it('tells ports apart by number and protocol, of which TCP may be left out', () => {
    expect(listType('V1Container', 'ports')).toEqual({
      kind: 'map',
      keys: [{ name: 'containerPort' }, { name: 'protocol', default: 'TCP' }],
    });
    expect(listType('V1PodSpec', 'tolerations')).toEqual({ kind: 'atomic' });
  });
});

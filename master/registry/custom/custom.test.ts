import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import type { JSONSchemaProps } from '../../../shared/kubernetes/custom-resources.ts';
import { CRONTAB_SCHEMA } from '../../../test/support/crontab.ts';
import { applyDefaults } from './apply-defaults.ts';
import { hasFormat } from './formats.ts';
import { patternFault } from './pattern.ts';
import { printerColumns } from './printer-columns.ts';
import { prune } from './prune.ts';
import { brokenRules } from './rules.ts';
import { checkStructural } from './structural.ts';
import { validateValue } from './validate-value.ts';
import { byPriority } from './version-priority.ts';

const NAMES = ['a', 'b', 'constructor', '__proto__'];

/** Structural schemas whose defaults fit. */
const { schema: aSchema } = fc.letrec<{ schema: JSONSchemaProps }>(tie => ({
  schema: fc.oneof(
    { maxDepth: 4 },
    fc.constant({ type: 'string', default: 'x' }),
    fc.constant({ type: 'integer' }),
    fc.constant({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }),
    tie('schema').map(items => ({ type: 'array', items })),
    tie('schema').map(additionalProperties => ({ type: 'object', additionalProperties })),
    fc
      .dictionary(fc.constantFrom(...NAMES), tie('schema'))
      .map(properties => ({ type: 'object', properties })),
  ),
}));
const aRoot = fc
  .dictionary(fc.constantFrom('spec', ...NAMES), aSchema)
  .map((properties): JSONSchemaProps => ({ type: 'object', properties }));
const { value: aValue } = fc.letrec<{ value: unknown }>(tie => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 'text', 3, true),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('spec', 'unknown', ...NAMES), tie('value')),
  ),
}));
const anObject = fc.dictionary(fc.constantFrom('spec', 'unknown', ...NAMES), aValue);

/** A value that the schema has made: each member there is, of its type. */
function aValueOf(schema: JSONSchemaProps): unknown {
  switch (schema.type) {
    case 'string':
      return 'text';
    case 'integer':
      return 1;
    case 'array':
      return [aValueOf(schema.items ?? {})];
    default:
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, each]) => [name, aValueOf(each)]),
      );
  }
}

describe('for every schema and value', () => {
  it('pruning twice is pruning once', () =>
    fc.assert(
      fc.property(aRoot, anObject, (schema, value) => {
        const once = prune(schema, value);
        const twice = prune(schema, once.value);
        expect(twice.value).toEqual(once.value);
        expect(twice.unknown).toEqual([]);
      }),
    ));

  it('defaulting twice is defaulting once', () =>
    fc.assert(
      fc.property(aRoot, anObject, (schema, value) => {
        const once = applyDefaults(schema, value);
        expect(applyDefaults(schema, once)).toEqual(once);
      }),
    ));

  it('what the schema made loses nothing and is valid', () =>
    fc.assert(
      fc.property(aRoot, schema => {
        const value = aValueOf(schema);
        expect(prune(schema, value)).toEqual({ value, unknown: [] });
        expect(validateValue(schema, applyDefaults(schema, value))).toEqual([]);
        expect(checkStructural(schema, 'schema')).toEqual([]);
      }),
    ));

  it('faults are the same before and after what is unknown is gone', () =>
    fc.assert(
      fc.property(aRoot, anObject, (schema, value) => {
        expect(validateValue(schema, prune(schema, value).value)).toEqual(validateValue(schema, value));
      }),
    ));
});

test('an embedded resource keeps its own members', () => {
  const schema = {
    type: 'object',
    properties: {
      of: {
        type: 'object',
        'x-kubernetes-embedded-resource': true,
        properties: { spec: { type: 'object' } },
      },
    },
  };
  const of = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: {}, more: 1 };
  expect(prune(schema, { of })).toEqual({
    value: { of: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: {} } },
    unknown: ['of.more'],
  });
  expect(validateValue(schema, { of: { kind: 'Pod' } }).map(({ field }) => field)).toEqual(['of.apiVersion']);
});

describe('a value is refused in Kubernetes’s words', () => {
  test.each<[JSONSchemaProps, unknown, string]>([
    [{ type: 'integer' }, 1.5, 'Invalid value: "number": x in body must be of type integer: "number"'],
    [{ type: 'string' }, null, 'Invalid value: "null": x in body must be of type string: "null"'],
    [{ type: 'integer', minimum: 2 }, 1, 'Invalid value: 1: x in body should be greater than or equal to 2'],
    [
      { type: 'number', exclusiveMaximum: true, maximum: 2 },
      2,
      'Invalid value: 2: x in body should be less than 2',
    ],
    [{ type: 'number', multipleOf: 0.1 }, 0.25, 'Invalid value: 0.25: x in body should be a multiple of 0.1'],
    [{ type: 'string', minLength: 2 }, 'ä', 'Invalid value: "ä": x in body should be at least 2 chars long'],
    [{ type: 'string', maxLength: 1 }, 'ab', 'Too long: may not be more than 1 bytes'],
    [
      { type: 'string', format: 'ipv4' },
      '::1',
      'Invalid value: "::1": x in body must be of type ipv4: "::1"',
    ],
    [{ type: 'array', items: {}, maxItems: 1 }, [1, 2], 'Too many: 2: must have at most 1 items'],
    [{ type: 'array', items: {}, 'x-kubernetes-list-type': 'set' }, [1, 1], 'Duplicate value: 1'],
    [
      { 'x-kubernetes-int-or-string': true },
      true,
      'Invalid value: "boolean": x in body must be of type integer,string: "boolean"',
    ],
    [
      { type: 'integer', oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      3,
      'Invalid value: "": "x" must validate one and only one schema (oneOf). Found 2 valid alternatives',
    ],
    [{ type: 'integer', not: { enum: [3] } }, 3, 'Invalid value: "": "x" must not validate the schema (not)'],
  ])('%j %j', (schema, value, want) => {
    expect(validateValue(schema, value, { path: 'x' })).toMatchObject([{ message: want }]);
  });

  test('and not at all when it is nullable or fits', () => {
    expect(validateValue({ type: 'string', nullable: true }, null, { path: 'x' })).toEqual([]);
    expect(validateValue({ type: 'number', multipleOf: 0.1 }, 0.3, { path: 'x' })).toEqual([]);
  });
});

test.each([
  ['date-time', '2024-02-29T12:00:00Z', '2024-02-30'],
  ['email', 'a.b@example.com', 'a@b@'],
  ['uuid', 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'f81d'],
  ['cidr', '10.0.0.0/8', '10.0.0.0/33'],
  ['ipv6', 'fe80::1', '1.2.3.4'],
  ['duration', '1h30m', '1 hour'],
  ['byte', 'YQ==', 'a'],
  ['isbn13', '978-3-16-148410-0', '978-3-16-148410-1'],
  ['creditcard', '4111 1111 1111 1111', '4111 1111 1111 1112'],
  ['rgbcolor', 'rgb(1,2,255)', 'rgb(1,2,256)'],
])('format %s', (format, good, bad) => {
  expect([hasFormat(format, good), hasFormat(format, bad)]).toEqual([true, false]);
});

test('a hostile pattern costs no more than its text', () => {
  const schema = { type: 'string', pattern: '^(a+)+$' };
  expect(validateValue(schema, `${'a'.repeat(50_000)}b`, { path: 'x' })).toHaveLength(1);
  expect(patternFault('(?!a)')).toContain('(?!');
});

describe('rules', () => {
  const ruled = (rule: object): JSONSchemaProps => ({
    type: 'object',
    properties: {
      n: { type: 'integer' },
      'a-b': { type: 'string' },
      list: { type: 'array', items: { type: 'integer' } },
    },
    'x-kubernetes-validations': [{ rule: 'true', ...rule }],
  });

  test.each([
    [{ rule: 'self.n + 1 == 3' }, []],
    [{ rule: "self.a__dash__b == 'x'" }, []],
    [{ rule: 'self.list.all(x, x > 0) && self.list.isSorted()' }, []],
    [{ rule: 'self.n > oldSelf.n' }, []],
    [{ rule: 'self.n > 5' }, ['Invalid value: "object": failed rule: self.n > 5']],
    [
      { rule: 'self.n > 5', messageExpression: "'not ' + string(self.n)" },
      ['Invalid value: "object": not 2'],
    ],
    [{ rule: 'self.n > 5', reason: 'FieldValueForbidden', message: 'no' }, ['Forbidden: no']],
    [
      { rule: 'self.missing > 5' },
      ['Invalid value: "object": No such key: missing evaluating rule: self.missing > 5'],
    ],
    [{ rule: 'oldSelf.hasValue()', optionalOldSelf: true, message: 'new' }, ['Invalid value: "object": new']],
  ])('%j', (rule, want) => {
    const faults = brokenRules(ruled(rule), { n: 2, 'a-b': 'x', list: [1, 2] }, undefined);
    expect(faults.map(({ message }) => message)).toEqual(want);
  });

  test('that take for ever are cut off', () => {
    const list = Array.from({ length: 2000 }, () => 1);
    const rule = 'self.list.all(a, self.list.all(b, self.list.all(c, a + b + c > 0)))';
    expect(brokenRules(ruled({ rule }), { list }, undefined)[0]?.message).toContain(
      'running out of cost budget',
    );
  });

  test('compare elements of a map with what they were', () => {
    const schema: JSONSchemaProps = {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['k'],
      items: {
        type: 'object',
        properties: { k: { type: 'string' }, v: { type: 'integer' } },
        'x-kubernetes-validations': [{ rule: 'self.v >= oldSelf.v', message: 'only up' }],
      },
    };
    const root = { type: 'object', properties: { of: schema } };
    const before = {
      of: [
        { k: 'a', v: 1 },
        { k: 'b', v: 5 },
      ],
    };
    const after = {
      of: [
        { k: 'b', v: 4 },
        { k: 'a', v: 2 },
        { k: 'c', v: 0 },
      ],
    };
    expect(brokenRules(root, after, before).map(({ field }) => field)).toEqual(['of[0]']);
  });
});

describe('a schema is structural', () => {
  test('the CronTab of the documentation is', () => expect(checkStructural(CRONTAB_SCHEMA, 's')).toEqual([]));

  test.each<[JSONSchemaProps, string, string]>([
    [{}, 's.type', 'Required value: must not be empty at the root'],
    [
      { properties: { a: {} } },
      's.properties[a].type',
      'Required value: must not be empty for specified object fields',
    ],
    [{ properties: { a: { type: 'array' } } }, 's.properties[a].items', 'Required value: must be specified'],
    [
      { properties: { a: { type: 'string', pattern: '(' } } },
      's.properties[a].pattern',
      'must be a valid regular expression',
    ],
    [
      { properties: { a: { type: 'string', default: 1 } } },
      's.properties[a].default',
      'must be of type string: "integer"',
    ],
    [
      { properties: { a: { type: 'string', $ref: '#' } } },
      's.properties[a].$ref',
      'Forbidden: $ref is not supported',
    ],
    [
      { properties: { a: { type: 'object', anyOf: [{ type: 'object' }] } } },
      's.properties[a].anyOf[0].type',
      'must be empty to be structural',
    ],
    [
      { properties: { a: { type: 'object', anyOf: [{ properties: { b: {} } }] } } },
      's.properties[a].properties[b]',
      'because it is defined in s.properties[a].anyOf[0].properties[b]',
    ],
    [
      { properties: { a: { type: 'string', 'x-kubernetes-validations': [{ rule: '1 +' }] } } },
      's.properties[a].x-kubernetes-validations[0].rule',
      'compilation failed',
    ],
    [
      { properties: { a: { type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' } } },
      's.properties[a].x-kubernetes-list-map-keys',
      'must not be empty if x-kubernetes-list-type is map',
    ],
    [{ additionalProperties: false }, 's.additionalProperties', 'cannot be set to false'],
  ])('%j is not', (schema, field, message) => {
    const root = field === 's.type' ? schema : { type: 'object', ...schema };
    expect(checkStructural(root, 's')).toContainEqual(
      expect.objectContaining({ field, message: expect.stringContaining(message) }),
    );
  });
});

test('versions in order of preference', () => {
  const names = [
    'foo10',
    'v1beta2',
    'v1',
    'v11alpha2',
    'v10',
    'v2',
    'v3beta1',
    'foo1',
    'v12alpha1',
    'v11beta2',
  ];
  expect([...names].sort(byPriority)).toEqual([
    'v10',
    'v2',
    'v1',
    'v11beta2',
    'v3beta1',
    'v1beta2',
    'v12alpha1',
    'v11alpha2',
    'foo1',
    'foo10',
  ]);
});

test('columns show what their paths lead to', () => {
  const columns = printerColumns([
    { name: 'S', type: 'string', jsonPath: '.spec.s' },
    { name: 'I', type: 'integer', jsonPath: '.spec.n' },
    { name: 'None', type: 'integer', jsonPath: '.spec.missing' },
    { name: 'Since', type: 'date', jsonPath: '.spec.at' },
    { name: 'Ready', type: 'string', jsonPath: ".status.conditions[?(@.type=='Ready')].status" },
  ]);
  const object = {
    apiVersion: 'a/v1',
    kind: 'A',
    metadata: { name: 'a', uid: '', resourceVersion: '', creationTimestamp: '' },
    spec: { s: { a: 1 }, n: 3.7, at: '1970-01-01T00:00:00Z' },
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  };
  expect(columns.map(column => column.cell(object, 5000))).toEqual(['{"a":1}', 3, null, '5s', 'True']);
});

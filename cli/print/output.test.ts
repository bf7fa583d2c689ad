import { describe, expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { DEPLOYMENT, POD } from '../kinds/builtin.ts';
import { parseOutput, printObjects, toJson, withoutManagedFields } from './output.ts';

const pod = { kind: 'Pod', metadata: { name: 'a', managedFields: [] }, spec: { b: 1, a: '<' } };
const both = [
  { kind: POD, object: pod },
  { kind: DEPLOYMENT, object: { metadata: { name: 'web' } } },
];

describe('forms', () => {
  test.each([
    [undefined, { kind: 'table', wide: false }],
    ['wide', { kind: 'table', wide: true }],
    ['json', { kind: 'json' }],
    ['jsonpath={.a=="b"}', { kind: 'jsonpath', template: '{.a=="b"}' }],
    ['custom-columns=A:.a', { kind: 'custom-columns', columns: 'A:.a' }],
  ])('%s', (text, want) => expect(parseOutput(text)).toEqual(want));
  test.each(['yml', 'jsonpath', 'jsonpath=', 'go-template=x'])('%s is refused', text =>
    expect(() => parseOutput(text)).toThrow(UsageError),
  );
});

describe('objects', () => {
  test('as names', async () => {
    expect(await printObjects({ kind: 'name' }, both, { single: false })).toBe(
      'pod/a\ndeployment.apps/web\n',
    );
  });
  test('one alone, and many in a list', async () => {
    const json = { kind: 'json' } as const;
    expect(JSON.parse(await printObjects(json, both.slice(0, 1), { single: true }))).toEqual(pod);
    expect(JSON.parse(await printObjects(json, both.slice(0, 1), { single: false }))).toMatchObject({
      kind: 'List',
      items: [pod],
    });
  });
  test('in columns, with <none> for what is not there', async () => {
    const columns = { kind: 'custom-columns', columns: 'NAME:.metadata.name,B:spec.b' } as const;
    expect(await printObjects(columns, both, { single: false })).toBe('NAME   B\na      1\nweb    <none>\n');
    expect(await printObjects(columns, both, { single: false, noHeaders: true })).toBe(
      'a     1\nweb   <none>\n',
    );
  });
  test('as kubectl writes JSON: four spaces, sorted, safe for HTML', () => {
    expect(toJson(pod.spec)).toBe('{\n    "a": "\\u003c",\n    "b": 1\n}\n');
  });
  test('without the fields that nobody reads', () => {
    expect(withoutManagedFields(pod)).not.toHaveProperty('metadata.managedFields');
    expect(withoutManagedFields('text')).toBe('text');
  });
});

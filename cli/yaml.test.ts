import { expect, test } from 'vitest';
import { CliError } from './errors.ts';
import { dumpYaml, loadAllYaml, loadYaml } from './yaml.ts';

test.each([
  ['mode: 0644', { mode: 420 }],
  ['on: yes', { true: true }],
  ['at: 2024-01-01T00:00:00Z', { at: '2024-01-01T00:00:00Z' }],
  ['day: 2024-01-01', { day: '2024-01-01' }],
  ['time: 12:30:45', { time: '12:30:45' }],
  ['port: 8080\nratio: 1.5\nname: "1"', { port: 8080, ratio: 1.5, name: '1' }],
  ['a: [0o17, 1e3, 08, 0x1F, 1_000, y, n, ~, 1.5]', { a: [15, 1000, 8, 31, 1000, true, false, null, 1.5] }],
  ['{"json": true}', { json: true }],
  ['a: &x {b: 1}\nc: {<<: *x}', { a: { b: 1 }, c: { b: 1 } }],
])('%j', (text, want) => expect(loadYaml(text, 'test')).toEqual(want));

test('empty documents are left out', () => {
  expect(loadAllYaml('---\na: 1\n---\n# nothing\n---\nb: 2\n', 'test')).toEqual([{ a: 1 }, { b: 2 }]);
});

test('a fault names its source', () => {
  expect(() => loadYaml('a: [', 'web.yaml')).toThrow(CliError);
  expect(() => loadYaml('a: [', 'web.yaml')).toThrow(/^error parsing web\.yaml: /);
});

test('what is written is read back the same, sorted, lists not indented', () => {
  const value = { b: ['yes', '1', '012', null, true], a: { c: 'x: y' } };
  const text = dumpYaml(value);
  expect(text.startsWith('a:\n  c: "x: y"\nb:\n- "yes"\n')).toBe(true);
  expect(loadYaml(text, 'test')).toEqual(value);
});

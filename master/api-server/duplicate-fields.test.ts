import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duplicateFields } from './duplicate-fields.ts';

describe('fields that stand twice', () => {
  it.each([
    ['{}', []],
    ['{"a":1,"b":{"a":1}}', []],
    ['{"a":1,"a":2}', ['a']],
    [String.raw`{"a":"},{\"a\":1","\u0061":2}`, ['a']],
    ['{"spec":{"ports":[{"name":"x"},{"name":"y","port":[{},[]],"name":"z"}]}}', ['spec.ports[1].name']],
    ['[{"a":1},{"a":1}]', []],
    ['{"a":["a","a"],"b":"a"}', []],
  ])('%s: %j', (text, paths) => {
    expect(duplicateFields(text)).toEqual(paths);
  });

  it('are none in what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.json(), text => {
        expect(duplicateFields(JSON.stringify(JSON.parse(text)))).toEqual([]);
      }),
    );
  });
});

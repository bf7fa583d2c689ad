import { describe, expect, test } from 'vitest';
import { UsageError } from '../errors.ts';
import { evaluatePath, parseRelaxedPath, parseTemplate, renderTemplate } from './json-path.ts';

const root = {
  kind: 'List',
  items: [
    {
      metadata: { name: 'a', labels: { 'app.kubernetes.io/name': 'x' } },
      n: 1,
      conditions: [{ type: 'Ready', status: 'True' }],
    },
    {
      metadata: { name: 'b' },
      n: 2,
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'Disk', status: 'True' },
      ],
    },
  ],
};

describe('templates', () => {
  test.each([
    ['{.kind}', 'List'],
    ['kind is {.kind}!', 'kind is List!'],
    ['{.items[*].metadata.name}', 'a b'],
    ['{.items[0].metadata.name}', 'a'],
    ['{.items[-1].metadata.name}', 'b'],
    ['{.items[0:1].metadata.name}', 'a'],
    ['{.items[0,1].n}', '1 2'],
    ['{range .items[*]}{.metadata.name}={.n}{"\\n"}{end}', 'a=1\nb=2\n'],
    ['{range .items[*]}{$.kind}:{@.n};{end}', 'List:1;List:2;'],
    ['{.items[?(@.n>1)].metadata.name}', 'b'],
    ['{.items[?(@.metadata.name=="a")].n}', '1'],
    ['{.items[1].conditions[?(@.type=="Ready")].status}', 'False'],
    ['{.items[?(@.metadata.labels)].metadata.name}', 'a'],
    ["{.items[0].metadata.labels['app.kubernetes.io/name']}", 'x'],
    ['{.items[0].metadata.labels.app\\.kubernetes\\.io/name}', 'x'],
    ['{..name}', 'a b'],
    ['{.items[0].conditions}', '[{"status":"True","type":"Ready"}]'],
    ['{.nothing.here}', ''],
    ["{.items[0]['n']}{'}'}", '1}'],
  ])('%s', (template, want) => expect(renderTemplate(parseTemplate(template), root)).toBe(want));

  test.each(['{.a', '{range .items}', '{end}', '{.items[}', '{.items[a b]}', '{.items[?(@.n==1]}'])(
    '%s is refused',
    template => expect(() => parseTemplate(template)).toThrow(UsageError),
  );
});

test.each(['.kind', 'kind', '{.kind}', '$.kind'])('the relaxed path %s', text =>
  expect(evaluatePath(parseRelaxedPath(text), root)).toEqual(['List']),
);

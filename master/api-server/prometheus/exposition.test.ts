import { expect, it } from 'vitest';
import { expositionText, type Sample } from './exposition.ts';

it('writes help, type and a line for each sample, with labels escaped', () => {
  const samples: Sample[] = [
    { labels: {}, value: 1.5 },
    { labels: { a: 'x', b: '\\"\n' }, value: 2 },
  ];
  expect(expositionText([{ name: 'n', help: 'What it is.', type: 'gauge', samples }])).toBe(
    '# HELP n What it is.\n# TYPE n gauge\nn 1.5\nn{a="x",b="\\\\\\"\\n"} 2\n',
  );
});

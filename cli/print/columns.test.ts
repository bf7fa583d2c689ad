import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alignRows, alignTabs, columnWidths } from './columns.ts';

describe('rows of a table', () => {
  test('columns are three wider than their longest cell, and at least six wide', () => {
    const rows = [
      ['NAME', 'A', 'AGE'],
      ['web-1', '1', '5s'],
    ];
    expect(alignRows(rows, columnWidths(rows))).toBe('NAME    A     AGE\nweb-1   1     5s\n');
  });

  test('widths only grow from one print to the next', () => {
    const first = columnWidths([['a-very-long-name', 'x']]);
    expect(columnWidths([['b', 'x']], first)).toEqual(first);
  });

  test('every cell starts at the same place in every row, and no row ends in a space', () => {
    const cell = fc.stringMatching(/^[a-z0-9]{1,12}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell, cell), { minLength: 1 }), rows => {
        const widths = columnWidths(rows);
        for (const [index, line] of alignRows(rows, widths).split('\n').slice(0, -1).entries()) {
          const row = rows[index] ?? [];
          expect(line.slice(widths[0], (widths[0] ?? 0) + (row[1] ?? '').length)).toBe(row[1]);
          expect(line).toBe(line.trimEnd());
        }
      }),
    );
  });
});

describe('tabs of a description', () => {
  test('a column is as wide as its run of neighbouring lines needs', () => {
    const lines = ['Name:\tweb', 'Service Account:\tdefault', 'Events:', 'a\tb\tc', 'long-cell\tb\tc'];
    expect(alignTabs(lines)).toBe(
      [
        'Name:             web',
        'Service Account:  default',
        'Events:',
        'a          b  c',
        'long-cell  b  c',
        '',
      ].join('\n'),
    );
  });

  test('an inner column is aligned only among the lines that have it', () => {
    expect(alignTabs(['a\tlonger\tx', 'b\ty', 'c\tz\tx'])).toBe('a  longer  x\nb  y\nc  z  x\n');
  });
});

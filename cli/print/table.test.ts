import { describe, expect, test } from 'vitest';
import { cellsOf, headerOf, readTable, type TableOptions } from './table.ts';

const answer = {
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata: { resourceVersion: '7', continue: 'next' },
  columnDefinitions: [
    { name: 'Name', type: 'string', priority: 0 },
    { name: 'Status', type: 'string', priority: 0 },
    { name: 'IP', type: 'string', priority: 1 },
  ],
  rows: [
    {
      cells: ['web-1', 'Running\nand more', '10.0.0.1'],
      object: { metadata: { name: 'web-1', namespace: 'default', labels: { tier: 'front', app: 'web' } } },
    },
  ],
};

const plain: TableOptions = {
  wide: false,
  withNamespace: false,
  showLabels: false,
  labelColumns: [],
  namePrefix: '',
};
const print = (options: Partial<TableOptions>) => {
  const table = readTable(answer);
  const all = { ...plain, ...options };
  return [headerOf(table.columns, all), ...table.rows.map(row => cellsOf(table.columns, row, all))];
};

describe('printing a Table', () => {
  test.each<[string, Partial<TableOptions>, string[][]]>([
    [
      'plain',
      {},
      [
        ['NAME', 'STATUS'],
        ['web-1', 'Running...'],
      ],
    ],
    [
      'wide',
      { wide: true },
      [
        ['NAME', 'STATUS', 'IP'],
        ['web-1', 'Running...', '10.0.0.1'],
      ],
    ],
    [
      'with namespace',
      { withNamespace: true },
      [
        ['NAMESPACE', 'NAME', 'STATUS'],
        ['default', 'web-1', 'Running...'],
      ],
    ],
    [
      'with labels',
      { showLabels: true },
      [
        ['NAME', 'STATUS', 'LABELS'],
        ['web-1', 'Running...', 'app=web,tier=front'],
      ],
    ],
    [
      'with label columns',
      { labelColumns: ['example.com/x', 'app'] },
      [
        ['NAME', 'STATUS', 'X', 'APP'],
        ['web-1', 'Running...', '', 'web'],
      ],
    ],
    [
      'with kinds',
      { namePrefix: 'pod/' },
      [
        ['NAME', 'STATUS'],
        ['pod/web-1', 'Running...'],
      ],
    ],
  ])('%s', (_, options, want) => expect(print(options)).toEqual(want));

  test('keeps what the next request needs', () => {
    expect(readTable(answer)).toMatchObject({ resourceVersion: '7', continueToken: 'next' });
  });

  test('no terminal is commanded by a cell', () => {
    const columns = [{ name: 'Name', wide: false }];
    expect(cellsOf(columns, { cells: ['a\u001b[31mb'], object: {} }, plain)).toEqual(['a?[31mb']);
  });

  test('a server without tables still gives names', () => {
    const table = readTable({
      kind: 'PodList',
      items: [{ metadata: { name: 'a', creationTimestamp: 't' } }],
    });
    expect(table.rows.map(row => row.cells)).toEqual([['a', 't']]);
  });
});

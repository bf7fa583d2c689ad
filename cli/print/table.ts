/** The server's Table, read and printed as kubectl does. Pure. */
import { isRecord } from '../../shared/is-record.ts';
import { type JsonObject, listAt, objectAt, stringsAt, textAt } from '../json.ts';

export type TableColumn = { readonly name: string; readonly wide: boolean };
export type TableRow = { readonly cells: readonly unknown[]; readonly object: JsonObject };
export type Table = {
  readonly columns: readonly TableColumn[];
  readonly rows: readonly TableRow[];
  readonly resourceVersion: string;
  /** Asks for the next page; absent on the last. */
  readonly continueToken?: string;
};

/** What a client asks for to be answered with a Table; a server that makes none answers with the objects. */
export const TABLE_ACCEPT = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** Reads a Table; of anything else (one object or a list) it makes a table of names and creation times. */
export function readTable(answer: unknown): Table {
  const resourceVersion = textAt(answer, 'metadata', 'resourceVersion') ?? '';
  const continueToken = textAt(answer, 'metadata', 'continue') || undefined;
  if (textAt(answer, 'kind') === 'Table') {
    const columns = listAt(answer, 'columnDefinitions').map(column => ({
      name: textAt(column, 'name') ?? '',
      wide: textAt(column, 'priority') !== '0',
    }));
    const rows = listAt(answer, 'rows').map(row => ({
      cells: listAt(row, 'cells'),
      object: objectAt(row, 'object'),
    }));
    return { columns, rows, resourceVersion, continueToken };
  }
  const items = Array.isArray(objectAt(answer).items) ? listAt(answer, 'items') : [answer];
  const rows = items.filter(isRecord).map(object => ({
    cells: [textAt(object, 'metadata', 'name'), textAt(object, 'metadata', 'creationTimestamp')],
    object,
  }));
  return {
    columns: [
      { name: 'Name', wide: false },
      { name: 'Created At', wide: false },
    ],
    rows,
    resourceVersion,
    continueToken,
  };
}

export type TableOptions = {
  readonly wide: boolean;
  readonly withNamespace: boolean;
  readonly showLabels: boolean;
  /** Labels that get a column each. */
  readonly labelColumns: readonly string[];
  /** Put before each name, such as `deployment.apps/`. */
  readonly namePrefix: string;
};

/** The column titles, in capitals. */
export function headerOf(columns: readonly TableColumn[], options: TableOptions): string[] {
  return [
    ...(options.withNamespace ? ['NAMESPACE'] : []),
    ...columns.filter(column => options.wide || !column.wide).map(column => column.name.toUpperCase()),
    ...options.labelColumns.map(label => (label.split('/').at(-1) ?? label).toUpperCase()),
    ...(options.showLabels ? ['LABELS'] : []),
  ];
}

/** The cells of one row as text. */
export function cellsOf(columns: readonly TableColumn[], row: TableRow, options: TableOptions): string[] {
  const labels = stringsAt(row.object, 'metadata', 'labels');
  const shown = row.cells.flatMap((cell, index) => {
    if (columns[index]?.wide && !options.wide) return [];
    const text = cellText(cell);
    return [index === 0 ? `${options.namePrefix}${text}` : text];
  });
  return [
    ...(options.withNamespace ? [textAt(row.object, 'metadata', 'namespace') ?? ''] : []),
    ...shown,
    ...options.labelColumns.map(label => labels[label] ?? ''),
    ...(options.showLabels ? [labelsText(labels)] : []),
  ];
}

/** `a=1,b=2` in the order of the keys, `<none>` without any. */
export function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',');
}

/** One line, without anything that a terminal would act on. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return '';
  const text = typeof cell === 'object' ? JSON.stringify(cell) : String(cell);
  const [first = '', ...more] = text.split(/[\f\n\r]/);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a terminal
  return `${first.replace(/[\u0000-\u001f\u007f]/g, '?')}${more.length > 0 ? '...' : ''}`;
}

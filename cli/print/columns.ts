/** Columns of text, as Go's text/tabwriter makes them, which kubectl prints with. Pure. */

export type ColumnStyle = {
  /** Least width of a column, its padding included. */
  readonly minWidth: number;
  /** Spaces after the longest cell. */
  readonly padding: number;
};

/** What `kubectl get` uses. */
export const TABLE_STYLE: ColumnStyle = { minWidth: 6, padding: 3 };
/** What `kubectl describe` uses. */
export const DESCRIBE_STYLE: ColumnStyle = { minWidth: 0, padding: 2 };

const widthOf = (text: string) => [...text].length;
const padTo = (text: string, width: number) => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** Widths that fit every row and are no smaller than `widths`; a row's last cell needs none. */
export function columnWidths(
  rows: readonly (readonly string[])[],
  widths: readonly number[] = [],
  { minWidth, padding }: ColumnStyle = TABLE_STYLE,
): readonly number[] {
  const grown = [...widths];
  for (const row of rows) {
    for (const [column, cell] of row.slice(0, -1).entries())
      grown[column] = Math.max(grown[column] ?? minWidth, widthOf(cell) + padding);
  }
  return grown;
}

/** Rows under those widths, each with a line end; nothing follows a row's last cell. */
export function alignRows(rows: readonly (readonly string[])[], widths: readonly number[]): string {
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column === row.length - 1 ? cell : padTo(cell, widths[column] ?? 0))).join('');
  return rows.map(row => `${line(row)}\n`).join('');
}

/**
 * Lines whose cells are parted by tabs, aligned as elastic tab stops do: a column is as wide as needed within each run of
 * neighbouring lines that have a further cell after it. The last cell of a line is never padded.
 */
export function alignTabs(lines: readonly string[], style: ColumnStyle = DESCRIBE_STYLE): string {
  const cells = lines.map(line => line.split('\t'));
  const out: string[] = [];
  const write = (from: number, to: number, widths: readonly number[]) => {
    for (const line of cells.slice(from, to))
      out.push(line.map((cell, j) => (j < widths.length ? padTo(cell, widths[j] ?? 0) : cell)).join(''));
  };
  const format = (from: number, to: number, widths: readonly number[]) => {
    const column = widths.length;
    const continues = (index: number) => column < (cells[index]?.length ?? 0) - 1;
    let printed = from;
    for (let start = from; start < to; start++) {
      if (!continues(start)) continue;
      write(printed, start, widths);
      let end = start;
      let width = style.minWidth;
      for (; end < to && continues(end); end++)
        width = Math.max(width, widthOf(cells[end]?.[column] ?? '') + style.padding);
      format(start, end, [...widths, width]);
      printed = end;
      start = end - 1;
    }
    write(printed, to, widths);
  };
  format(0, cells.length, []);
  return out.map(line => `${line}\n`).join('');
}

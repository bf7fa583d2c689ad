/** Sets of completion indexes as an Indexed Job's status writes them: "1,3-5,7". */

/** The set, at most `below` members. Undefined when the text is malformed, out of order, or names an index from `below` on. */
export function parseIndexes(text: string, below: number): ReadonlySet<number> | undefined {
  const indexes = new Set<number>();
  if (text === '') return indexes;
  let last = -1;
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (match === null) return undefined;
    const from = Number(match[1]);
    const to = Number(match[2] ?? match[1]);
    if (from <= last || to < from || to >= below) return undefined;
    for (let index = from; index <= to; index++) indexes.add(index);
    last = to;
  }
  return indexes;
}

/** The set in its one normal form; three neighbours or more make a range, as upstream writes them. */
export function formatIndexes(indexes: ReadonlySet<number>): string {
  const sorted = [...indexes].sort((a, b) => a - b);
  const runs: [number, number][] = [];
  for (const index of sorted) {
    const run = runs.at(-1);
    if (run !== undefined && run[1] === index - 1) run[1] = index;
    else runs.push([index, index]);
  }
  return runs
    .map(([from, to]) => (from === to ? String(from) : `${from}${to === from + 1 ? ',' : '-'}${to}`))
    .join(',');
}

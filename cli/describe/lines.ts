/** What descriptions of all kinds are made of: lines with tabs, that print/columns.ts aligns. Pure. */
import { isRecord } from '../../shared/is-record.ts';
import { at, type JsonObject, listAt, stringsAt, textAt } from '../json.ts';

/** Lines of one description, each indented by its level of two spaces. */
export type Lines = readonly string[];

/** Indents lines by `levels` of two spaces. */
export function indent(levels: number, lines: Lines): Lines {
  return lines.map(line => `${'  '.repeat(levels)}${line}`);
}

/** `Title:  first`, and each further value below the first; `<none>` without any. */
export function many(title: string, values: readonly string[]): Lines {
  const [first = '<none>', ...rest] = values;
  return [`${title}:\t${first}`, ...rest.map(value => `\t${value}`)];
}

/** `Labels:` in the order of their keys. */
export function labelLines(labels: Readonly<Record<string, string>>, title = 'Labels'): Lines {
  return many(
    title,
    Object.entries(labels)
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
  );
}

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
/** kubectl's width, above which a value gets a line of its own. */
const ANNOTATION_WIDTH = 140;

/** `Annotations:` without the one that apply keeps. */
export function annotationLines(object: unknown, ...path: readonly string[]): Lines {
  const shown = Object.entries(stringsAt(object, ...path, 'annotations')).filter(
    ([key]) => key !== LAST_APPLIED,
  );
  const values = shown
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, value]) => {
      const lines = value.trimEnd().split('\n');
      const short = lines.length === 1 && key.length + value.length + 2 <= ANNOTATION_WIDTH;
      return short
        ? [`${key}: ${value}`]
        : [`${key}:`, ...lines.map(line => `  ${line.slice(0, ANNOTATION_WIDTH - 2)}`)];
    });
  return many('Annotations', values);
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Mon, 02 Jan 2006 15:04:05 +0000`, in UTC wherever this runs; `<unset>` for no time. */
export function timeText(time: string | undefined): string {
  const date = new Date(time ?? '');
  if (Number.isNaN(date.getTime())) return '<unset>';
  const two = (value: number) => String(value).padStart(2, '0');
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${DAYS[date.getUTCDay()]}, ${two(date.getUTCDate())} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()} ${clock} +0000`;
}

/** `ReplicaSet/web-abc` of the controlling owner. */
export function controlledBy(object: unknown): string | undefined {
  const owner = listAt(object, 'metadata', 'ownerReferences').find(each => at(each, 'controller') === true);
  return owner === undefined ? undefined : `${textAt(owner, 'kind')}/${textAt(owner, 'name')}`;
}

/** `Conditions:` as rows of some of their fields; kubectl sets a space after the first `spaced` of them. */
export function conditionTable(
  object: unknown,
  columns: readonly (readonly [title: string, field: string])[],
  spaced: number,
): Lines {
  const conditions = listAt(object, 'status', 'conditions');
  if (conditions.length === 0) return [];
  const value = (condition: unknown, field: string) => {
    const text = textAt(condition, field) ?? '';
    return field.endsWith('Time') ? timeText(text) : text;
  };
  return [
    'Conditions:',
    ...indent(1, [
      columns.map(([title]) => title).join('\t'),
      columns.map(([title]) => '-'.repeat(title.length)).join('\t'),
      ...conditions.map(condition =>
        columns
          .map(([, field], index) => `${value(condition, field)}${index < spaced ? ' ' : ''}`)
          .join('\t'),
      ),
    ]),
  ];
}

/** Words that titles hold in capitals, as kubectl's. */
const ACRONYMS = new Set(['API', 'URL', 'UID', 'OSB', 'GUID']);

/** `creationTimestamp` as `Creation Timestamp`. */
export function titleOf(key: string): string {
  return key
    .split(/(?<=[a-z0-9])(?=[A-Z])/)
    .map(word =>
      ACRONYMS.has(word.toUpperCase())
        ? word.toUpperCase()
        : word.replace(/^./, first => first.toUpperCase()),
    )
    .join(' ');
}

/** Anything at all, with titles made of its keys, for kinds that have no description of their own. */
export function anyLines(value: JsonObject): Lines {
  return Object.entries(value)
    .filter(([key]) => key !== 'managedFields')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([key, member]) => {
      const title = titleOf(key);
      if (isRecord(member)) return [`${title}:`, ...indent(1, anyLines(member))];
      if (!Array.isArray(member)) return [`${title}:\t${member}`];
      return [
        `${title}:`,
        ...indent(
          1,
          member.flatMap(item => (isRecord(item) ? anyLines(item) : [JSON.stringify(item)])),
        ),
      ];
    });
}

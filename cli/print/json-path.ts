/** kubectl's JSONPath templates: text with `{…}` in it, and `{range …}…{end}`. */
import {
  closingQuote,
  evaluatePath as evaluate,
  JsonPathError,
  type Path,
  parsePath,
  parseRelaxedPath as parseRelaxed,
  unquote,
} from '../../shared/kubernetes/json-path.ts';
import { UsageError } from '../errors.ts';
import { goJson } from './go-json.ts';

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'range'; readonly path: Path; readonly parts: readonly Part[] };

export type Template = readonly Part[];

/** Throws UsageError that shows where the template is wrong. */
export function parseTemplate(text: string): Template {
  const stack: { path?: Path; parts: Part[] }[] = [{ parts: [] }];
  const put = (part: Part) => stack.at(-1)?.parts.push(part);
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf('{', position);
    if (open < 0 || open > position)
      put({ kind: 'text', text: text.slice(position, open < 0 ? undefined : open) });
    if (open < 0) break;
    const close = closingBrace(text, open);
    const inside = text.slice(open + 1, close).trim();
    position = close + 1;
    const range = /^range\s+(.*)$/s.exec(inside);
    if (range) stack.push({ path: readPath(range[1] ?? ''), parts: [] });
    else if (inside === 'end') {
      const done = stack.pop();
      if (done?.path === undefined) throw new UsageError('jsonpath: {end} without {range}');
      put({ kind: 'range', path: done.path, parts: done.parts });
    } else if (/^["']/.test(inside)) put({ kind: 'text', text: unquote(inside) });
    else put({ kind: 'path', path: readPath(inside) });
  }
  const [whole] = stack;
  if (stack.length !== 1 || whole === undefined) throw new UsageError('jsonpath: {range} without {end}');
  return whole.parts;
}

/** What a template prints for `root`. Several results of one path are parted by spaces. */
export function renderTemplate(template: Template, root: unknown, current: unknown = root): string {
  return template
    .map(part => {
      if (part.kind === 'text') return part.text;
      const found = evaluatePath(part.path, root, current);
      if (part.kind === 'path') return found.map(resultText).join(' ');
      return found.map(each => renderTemplate(part.parts, root, each)).join('');
    })
    .join('');
}

/** Strings as they are, objects and arrays as JSON. */
export function resultText(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : goJson(value);
}

/** Every value that the path leads to; none where it breaks off. Throws UsageError for too many. */
export function evaluatePath(path: Path, root: unknown, current: unknown = root): readonly unknown[] {
  return asUsage(() => evaluate(path, root, current));
}

/** A path alone, in braces or not, with or without the first dot, as `--sort-by` and custom columns take it. */
export function parseRelaxedPath(text: string): Path {
  return asUsage(() => parseRelaxed(text));
}

function readPath(text: string): Path {
  return asUsage(() => parsePath(text));
}

/** A wrong path is a wrong command. */
function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof JsonPathError ? new UsageError(error.message) : error;
  }
}

function closingBrace(text: string, open: number): number {
  for (let index = open + 1; index < text.length; index++) {
    if (text[index] === '"' || text[index] === "'") index = closingQuote(text, index);
    else if (text[index] === '}') return index;
  }
  throw new UsageError(`jsonpath: unclosed { in ${text}`);
}

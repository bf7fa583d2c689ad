/** Finds members that a JSON text says twice: JSON.parse keeps the last one and tells nobody. Pure, linear. */

/** The objects and lists that are open at one place of the text. */
type Open = { readonly names: Set<string>; name: string } | { index: number };

/** Of how many duplicates at most a client is told. */
const MAX_TOLD = 10;

/** Paths of the members that stand twice in an object, such as `spec.ports[0].name`. `text` must be JSON. */
export function duplicateFields(text: string): readonly string[] {
  const found: string[] = [];
  const open: Open[] = [];
  let isName = false;
  for (let at = 0; at < text.length && found.length < MAX_TOLD; at++) {
    const inner = open.at(-1);
    switch (text[at]) {
      case '{':
        open.push({ names: new Set(), name: '' });
        isName = true;
        break;
      case '[':
        open.push({ index: 0 });
        isName = false;
        break;
      case '}':
      case ']':
        open.pop();
        isName = false;
        break;
      case ',':
        if (inner !== undefined && 'index' in inner) inner.index++;
        isName = inner !== undefined && 'names' in inner;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (isName && inner !== undefined && 'names' in inner) {
          inner.name = nameOf(text.slice(at, end + 1));
          if (inner.names.has(inner.name)) found.push(pathOf(open));
          inner.names.add(inner.name);
          isName = false;
        }
        at = end;
        break;
      }
    }
  }
  return found;
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function nameOf(literal: string): string {
  return literal.includes('\\') ? JSON.parse(literal) : literal.slice(1, -1);
}

function pathOf(open: readonly Open[]): string {
  return open.reduce((path, each) => {
    if ('index' in each) return `${path}[${each.index}]`;
    return path === '' ? each.name : `${path}.${each.name}`;
  }, '');
}

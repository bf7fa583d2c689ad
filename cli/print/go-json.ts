/** JSON as Go's encoding/json writes it, which kubectl prints and stores with. Pure. */
import { isRecord } from '../../shared/is-record.ts';

/** Keys sorted, and the characters escaped that HTML would mind; indented by `indent` spaces when it is given. */
export function goJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(
    value,
    (_key, member: unknown) =>
      isRecord(member)
        ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
        : member,
    indent,
  );
  return text.replace(/[<>&\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** The table of messages: which field of a built-in kind stands under which number. Made by deploy/generate-protobuf.mjs. */
import table from './messages.json' with { type: 'json' };

export type MessageField = {
  readonly number: number;
  /** The member's JSON name; empty: the message's own members stand here; "*": the value stands for the whole message. */
  readonly name: string;
  /** A type expression of the field tables, messages as `core.v1.Pod`. */
  readonly type: string;
  /** JSON leaves out a zero value, for Go tells it apart from none only behind a pointer. */
  readonly omitsZero: boolean;
};

const MESSAGES: ReadonlyMap<string, string> = new Map(Object.entries(table.messages));
const PACKAGES = Object.entries(table.packages);

const parsed = new Map<string, ReadonlyMap<number, MessageField>>();

/** The fields of a message by number, parsed at first use; undefined for a scalar. */
export function messageFields(message: string): ReadonlyMap<number, MessageField> | undefined {
  const known = parsed.get(message);
  if (known !== undefined) return known;
  const text = MESSAGES.get(message);
  if (text === undefined) return undefined;
  const fields = new Map(
    text
      .split(' ')
      .filter(field => field !== '')
      .map(parseField)
      .map(field => [field.number, field]),
  );
  parsed.set(message, fields);
  return fields;
}

function parseField(text: string): MessageField {
  const [number, name = '', type = ''] = text.split(':');
  return { number: Number(number), name, type: type.replace('?', ''), omitsZero: type.endsWith('?') };
}

/** Every message's name, such as `core.v1.Pod`. */
export function messageNames(): readonly string[] {
  return [...MESSAGES.keys()];
}

/** The message of a kind; undefined when it is not built in. */
export function messageOfKind(apiVersion: string, kind: string): string | undefined {
  // Every group and version has these options, and all are the same.
  if (kind === 'DeleteOptions') return 'meta.v1.DeleteOptions';
  const slash = apiVersion.lastIndexOf('/');
  const group = apiVersion.slice(0, Math.max(slash, 0));
  const version = apiVersion.slice(slash + 1);
  const found = PACKAGES.find(([name, { group: own }]) => own === group && name.endsWith(`.${version}`));
  const message = `${found?.[0]}.${kind}`;
  return MESSAGES.has(message) ? message : undefined;
}

/** Types of the field tables by the parts of their name: `CoreV1Event` is core, v1, Event; most name no group. */
const TYPE_NAME = /^([A-Z][a-z]+)?V(\d[a-z\d]*)([A-Z].*)$/;

/** The message of a type of the field tables; undefined when there is none or the type's name fits several. */
export function messageOfType(type: string): string | undefined {
  const [, group, version, name] = TYPE_NAME.exec(type) ?? [];
  if (name === undefined) return undefined;
  const ending = `.v${version}.${name}`;
  const wanted = group === undefined ? undefined : `${group.toLowerCase()}${ending}`;
  const found = messageNames().filter(message => (wanted ? message === wanted : message.endsWith(ending)));
  return found.length === 1 ? found[0] : undefined;
}

/** What a message is called in OpenAPI: `io.k8s.api.core.v1.Pod`. */
export function definitionOfMessage(message: string): string {
  const dot = message.lastIndexOf('.');
  const found = PACKAGES.find(([name]) => name === message.slice(0, dot));
  return `${found?.[1].definitions}${message.slice(dot)}`;
}

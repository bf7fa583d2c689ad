/** YAML as kubectl reads and writes it: 1.1, where `0644` is 420 and `yes` is true, but times and `12:30` stay text. */
import {
  binaryTag,
  boolYaml11Tag,
  dump,
  FAILSAFE_SCHEMA,
  floatCoreTag,
  floatYaml11Tag,
  intCoreTag,
  intYaml11Tag,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  Schema,
  YAMLException,
} from 'js-yaml';
import { CliError } from './errors.ts';

type Resolve = typeof intYaml11Tag.resolve;

/** What either version of YAML takes for a number, as kubectl does; but 12:30 (base 60 in YAML 1.1) is text. */
function either(first: Resolve, second: Resolve): Resolve {
  return (source, explicit, tag) => {
    if (source.includes(':')) return NOT_RESOLVED;
    const found = first(source, explicit, tag);
    return found === NOT_RESOLVED ? second(source, explicit, tag) : found;
  };
}

const KUBERNETES_SCHEMA = new Schema([
  ...FAILSAFE_SCHEMA.tags,
  nullYaml11Tag,
  boolYaml11Tag,
  { ...intYaml11Tag, resolve: either(intYaml11Tag.resolve, intCoreTag.resolve) },
  {
    ...floatYaml11Tag,
    implicitFirstChars: null,
    resolve: either(floatYaml11Tag.resolve, floatCoreTag.resolve),
  },
  mergeTag,
  binaryTag,
]);

/** Every document of `text` that is not empty. JSON is YAML too. Throws CliError that names `source` and the line. */
export function loadAllYaml(text: string, source: string): unknown[] {
  try {
    return loadAll(text, { schema: KUBERNETES_SCHEMA }).filter(
      document => document !== null && document !== undefined,
    );
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    throw new CliError(`error parsing ${source}: ${cause.message}`, { cause });
  }
}

/** The first document, undefined when there is none. Throws as loadAllYaml does. */
export function loadYaml(text: string, source: string): unknown {
  return loadAllYaml(text, source)[0];
}

/** One document, keys sorted, as kubectl prints it. */
export function dumpYaml(value: unknown): string {
  return dump(value, {
    sortKeys: true,
    seqNoIndent: true,
    lineWidth: -1,
    noRefs: true,
    quoteStyle: 'double',
  });
}

/** YAML as kubectl reads and writes it: 1.1, where `0644` is 420 and `yes` is true, but times and `12:30` stay text. */
import {
  binaryTag,
  boolYaml11Tag,
  dump,
  FAILSAFE_SCHEMA,
  floatYaml11Tag,
  intYaml11Tag,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullYaml11Tag,
  Schema,
  YAMLException,
} from 'js-yaml';
import { CliError } from './errors.ts';

/** YAML 1.1 has base-60 numbers; no Kubernetes client knows them. */
const isBase60 = (source: string) => source.includes(':');

const KUBERNETES_SCHEMA = new Schema([
  ...FAILSAFE_SCHEMA.tags,
  nullYaml11Tag,
  boolYaml11Tag,
  {
    ...intYaml11Tag,
    resolve: (source, explicit, tag) =>
      isBase60(source) ? NOT_RESOLVED : intYaml11Tag.resolve(source, explicit, tag),
  },
  {
    ...floatYaml11Tag,
    resolve: (source, explicit, tag) =>
      isBase60(source) ? NOT_RESOLVED : floatYaml11Tag.resolve(source, explicit, tag),
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

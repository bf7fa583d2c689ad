/** `-f`: objects from files, folders and stdin. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { isRecord } from '../shared/is-record.ts';
import type { Cli } from './cli.ts';
import { CliError, UsageError } from './errors.ts';
import { type JsonObject, listAt, textAt } from './json.ts';
import { apiVersionOf, type Kind } from './kinds/kind.ts';
import type { Session } from './session.ts';
import { loadAllYaml } from './yaml.ts';

/** One object of a file; `metadata.namespace` is filled in where its kind has namespaces. */
export type Manifest = {
  readonly kind: Kind;
  readonly name: string;
  readonly namespace: string | undefined;
  readonly object: JsonObject;
  /** For messages. */
  readonly source: string;
};

const MANIFEST_FILE = /\.(ya?ml|json)$/;

/** Every object of the files, in order; the items of a List count as objects. Throws CliError that names the file. */
export async function readManifests(
  session: Session,
  filenames: readonly string[],
  options: { readonly recursive?: boolean } = {},
): Promise<readonly Manifest[]> {
  if (filenames.length === 0) throw new UsageError('must specify -f FILENAME');
  const manifests: Manifest[] = [];
  for (const { text, source } of await readTexts(session.cli, filenames, options.recursive ?? false)) {
    const objects = loadAllYaml(text, source).flatMap(flattenList);
    for (const object of objects) manifests.push(await toManifest(session, object, source));
  }
  if (manifests.length === 0)
    throw new CliError(`no objects passed to apply: ${filenames.join(', ')} holds none`);
  return manifests;
}

async function readTexts(cli: Cli, filenames: readonly string[], recursive: boolean) {
  const texts: { text: string; source: string }[] = [];
  for (const filename of filenames) {
    if (filename === '-') texts.push({ text: await cli.readStdin(), source: 'stdin' });
    else if (/^https?:\/\//.test(filename))
      throw new UsageError(
        `${filename}: pikelet reads files only; fetch it first: curl -fsS ${filename} | pikelet apply -f -`,
      );
    else
      for (const path of filesOf(resolve(cli.cwd, filename), filename, recursive))
        texts.push({ text: readFileSync(path, 'utf8'), source: path });
  }
  return texts;
}

function filesOf(path: string, asGiven: string, recursive: boolean): readonly string[] {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new CliError(`the path "${asGiven}" does not exist`);
  if (!found.isDirectory()) return [path];
  const files = manifestFiles(path, recursive);
  if (files.length === 0)
    throw new CliError(`error reading [${asGiven}]: recognized file extensions are [.json .yaml .yml]`);
  return files;
}

function manifestFiles(dir: string, recursive: boolean): readonly string[] {
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap(entry => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return recursive ? manifestFiles(path, true) : [];
    return MANIFEST_FILE.test(entry.name) ? [path] : [];
  });
}

function flattenList(document: unknown): readonly unknown[] {
  return textAt(document, 'kind')?.endsWith('List') && Array.isArray(isRecord(document) && document.items)
    ? listAt(document, 'items').flatMap(flattenList)
    : [document];
}

async function toManifest(session: Session, object: unknown, source: string): Promise<Manifest> {
  const [apiVersion, kindName] = [textAt(object, 'apiVersion'), textAt(object, 'kind')];
  if (!isRecord(object) || !apiVersion || !kindName)
    throw new CliError(`error validating "${source}": an object needs apiVersion and kind`);
  const kind = await session.kinds.byApiVersion(apiVersion, kindName);
  const name = textAt(object, 'metadata', 'name');
  if (name === undefined && textAt(object, 'metadata', 'generateName') === undefined)
    throw new CliError(
      `error validating "${source}": a ${kindName} (${apiVersionOf(kind)}) lacks metadata.name`,
    );
  const own = textAt(object, 'metadata', 'namespace');
  if (kind.namespaced && own && session.namespaceGiven && own !== session.namespace)
    throw new CliError(
      `the namespace from the provided object "${own}" does not match the namespace "${session.namespace}". You must pass '--namespace=${own}' to perform this operation.`,
    );
  const namespace = kind.namespaced ? own || session.namespace : undefined;
  const metadata = isRecord(object.metadata) ? object.metadata : {};
  return {
    kind,
    name: name ?? '',
    namespace,
    source,
    object: namespace === undefined ? object : { ...object, metadata: { ...metadata, namespace } },
  };
}

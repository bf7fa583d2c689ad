/**
 * Makes master/registry/markers.json: how Kubernetes patches and owns the lists, maps and structs of the built-in kinds. Run by hand
 * when Kubernetes has new fields:
 *
 *   node deploy/generate-markers.mjs FOLDER && npm run format
 *
 * FOLDER as for generate-protobuf.mjs. Kubernetes's own OpenAPI is made of the same: comments of the Go types such as `+listType=map`,
 * and the tags patchStrategy and patchMergeKey.
 *
 * A type, by its name in the field tables (deploy/generate.mjs), has, where there is something to say:
 *
 *   isAtomic  it is owned whole
 *   embedded  its fields that Go holds as structs, not as pointers, so that absent and empty are the same
 *   kept      its lists and maps that JSON shows when they are empty; all others it leaves out
 *   fields    name → { listType, listMapKeys: [{ name, default }], mapType, patchStrategy: [words], patchMergeKey }
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const models = path.join(root, 'node_modules/@kubernetes/client-node/dist/gen/models');
const target = path.join(root, 'master/registry/markers.json');

/** Go's structs that JSON writes as one value. */
const SCALARS = new Set(['Time', 'MicroTime', 'FieldsV1', 'JSON', 'Quantity', 'IntOrString', 'RawExtension']);

function fail(why) {
  console.error(`error: ${why}`);
  process.exit(1);
}

/** The folders of every stable version that is to be had, by their package's name: core.v1. */
function packageFolders(source) {
  const api = path.join(source, 'api');
  const groups = readdirSync(api, { withFileTypes: true }).filter(entry => entry.isDirectory());
  const versions = groups.flatMap(({ name }) =>
    readdirSync(path.join(api, name))
      .filter(version => /^v\d+$/.test(version))
      .map(version => [`${name}.${version}`, path.join(api, name, version)]),
  );
  return [
    ...versions,
    ['meta.v1', path.join(source, 'apimachinery/pkg/apis/meta/v1')],
    ['apiextensions.v1', path.join(source, 'apiextensions-apiserver/pkg/apis/apiextensions/v1')],
  ];
}

/** `+name=value` comments as name → values. */
function markersOf(comments) {
  const markers = {};
  for (const comment of comments) {
    const [, name, value] = /^\s*\/\/ \+(\w+)=(.*)$/.exec(comment) ?? [];
    if (name !== undefined) markers[name] = [...(markers[name] ?? []), value];
  }
  return markers;
}

/** { structs: name → { markers, fields: [{ json, type, isInline, … }] }, collections: the names of types that are lists or maps }. */
function readTypes(folder) {
  const structs = new Map();
  const collections = new Set();
  const sources = readdirSync(folder).filter(
    file => file.endsWith('.go') && !/_test\.go$|generated/.test(file),
  );
  for (const file of sources) {
    const comments = [];
    let fields;
    for (const line of readFileSync(path.join(folder, file), 'utf8').split('\n')) {
      const [, struct] = /^type (\w+) struct \{/.exec(line) ?? [];
      const [, collection] = /^type (\w+) (?:\[\]|map\[)/.exec(line) ?? [];
      if (collection !== undefined) collections.add(collection);
      const [, declaration, tags] = /^\t([^/`]+)`([^`]*)`/.exec(line) ?? [];
      if (struct !== undefined) {
        fields = [];
        structs.set(struct, { markers: markersOf(comments), fields });
      } else if (declaration !== undefined) fields?.push(fieldOf(declaration, tags, markersOf(comments)));
      if (/^\s*\/\//.test(line)) comments.push(line);
      else comments.length = 0;
    }
  }
  return { structs, collections };
}

function fieldOf(declaration, tags, markers) {
  const tag = key => new RegExp(`\\b${key}:"([^"]*)"`).exec(tags)?.[1];
  const [json, ...options] = (tag('json') ?? '').split(',');
  return {
    json,
    type: declaration.trim().split(/\s+/).at(-1),
    isInline: options.includes('inline'),
    isOmitted: options.includes('omitempty') || options.includes('omitzero'),
    markers,
    strategy: tag('patchStrategy')?.split(','),
    mergeKey: tag('patchMergeKey'),
  };
}

const [source, ...more] = process.argv.slice(2);
if (source === undefined || more.length > 0) fail('usage: node deploy/generate-markers.mjs FOLDER');
const absent = packageFolders(source).find(([, folder]) => !existsSync(folder));
if (absent !== undefined) fail(`${absent[1]} is not there`);
const packages = new Map(packageFolders(source).map(([name, folder]) => [name, readTypes(folder)]));

/** A struct by what a package calls it: its own by name, others' by package.Name; undefined for all that is no struct. */
function structOf(packageName, type) {
  const own = packages.get(packageName).structs.get(type);
  const [, name] = /^\w+\.(\w+)$/.exec(type) ?? [];
  if (own !== undefined || name === undefined) return own;
  return [...packages.values()].find(({ structs }) => structs.has(name))?.structs.get(name);
}

function isCollection(packageName, type) {
  return /^(\[\]|map\[)/.test(type) || packages.get(packageName).collections.has(type);
}

/** The fields as JSON has them: what is inlined stands in its place. */
function fieldsOf(packageName, { fields }) {
  return fields.flatMap(field => {
    if (!field.isInline) return field.json === '' || field.json === '-' ? [] : [field];
    const inlined = structOf(packageName, field.type);
    return inlined === undefined ? [] : fieldsOf(packageName, inlined);
  });
}

function listMapKey(packageName, type, name) {
  const element = structOf(packageName, type.replace(/^\*?\[\]\*?/, ''));
  const key = element && fieldsOf(packageName, element).find(({ json }) => json === name);
  const fallback = key?.markers.default?.[0];
  return fallback === undefined ? { name } : { name, default: JSON.parse(fallback) };
}

function factsOf(packageName, { type, markers, strategy, mergeKey }) {
  const facts = {
    listType: markers.listType?.[0] === 'atomic' ? undefined : markers.listType?.[0],
    listMapKeys: markers.listMapKey?.map(name => listMapKey(packageName, type, name)),
    mapType: markers.mapType?.[0] ?? markers.structType?.[0],
    patchStrategy: strategy,
    patchMergeKey: mergeKey,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined));
}

function typeOf(packageName, struct) {
  const fields = fieldsOf(packageName, struct);
  const isEmbedded = ({ type }) =>
    !SCALARS.has(type.split('.').at(-1)) && structOf(packageName, type) !== undefined;
  const embedded = fields.filter(isEmbedded).map(({ json }) => json);
  const kept = fields
    .filter(({ type, isOmitted }) => !isOmitted && type !== '[]byte' && isCollection(packageName, type))
    .map(({ json }) => json);
  const facts = fields
    .map(field => [field.json, factsOf(packageName, field)])
    .filter(([, fact]) => Object.keys(fact).length > 0);
  return {
    ...(struct.markers.structType?.[0] === 'atomic' || struct.markers.mapType?.[0] === 'atomic'
      ? { isAtomic: true }
      : {}),
    ...(embedded.length === 0 ? {} : { embedded }),
    ...(kept.length === 0 ? {} : { kept }),
    ...(facts.length === 0 ? {} : { fields: Object.fromEntries(facts) }),
  };
}

/** The name of the class in @kubernetes/client-node, which names the group only where two groups have the type. */
function className(packageName, struct) {
  const [group, version] = packageName.split('.');
  const plain = `${version.toUpperCase()}${struct}`;
  const named = `${group[0].toUpperCase()}${group.slice(1)}${plain}`;
  return [named, plain].find(name => existsSync(path.join(models, `${name}.d.ts`)));
}

const types = [];
for (const [packageName, { structs }] of packages)
  for (const [name, struct] of structs) {
    const known = className(packageName, name);
    const type = typeOf(packageName, struct);
    const isList = name.endsWith('List') && structs.has(name.slice(0, -4));
    if (known !== undefined && !isList && Object.keys(type).length > 0) types.push([known, type]);
  }
types.sort(([a], [b]) => (a < b ? -1 : 1));
const lines = types.map(([name, type]) => `  ${JSON.stringify(name)}: ${JSON.stringify(type)}`);
writeFileSync(target, `{\n${lines.join(',\n')}\n}\n`);

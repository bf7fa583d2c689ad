/**
 * Makes master/api-server/protobuf/messages.json: how the built-in kinds stand in protobuf. Run by hand when Kubernetes has new fields:
 *
 *   node deploy/generate-protobuf.mjs FOLDER
 *
 * FOLDER holds Kubernetes's published api, apimachinery and apiextensions-apiserver (Debian's golang-k8s-api-dev, -apimachinery-dev and
 * -apiextensions-apiserver-dev put them into /usr/share/gocode/src/k8s.io). From generated.proto come numbers and types, from the
 * tags of the Go types the JSON names, what is inlined, and what JSON leaves out when it is zero.
 *
 *   packages  package → its API group, and the prefix of its definitions in OpenAPI
 *   messages  package.Message → its fields "NUMBER:NAME:TYPE", apart by spaces
 *
 * TYPE as in schema.json (deploy/generate.mjs), with messages by package.Message; a "?" behind it: JSON leaves out the zero value.
 * NAME is empty where JSON inlines the message, and "*" where JSON has the value itself in place of the message (the last that is there).
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const target = path.join(
  path.dirname(path.dirname(fileURLToPath(import.meta.url))),
  'master/api-server/protobuf/messages.json',
);

const GROUPS = [
  ...['admissionregistration/v1', 'apps/v1', 'authentication/v1', 'authorization/v1', 'autoscaling/v1'],
  ...['autoscaling/v2', 'batch/v1', 'certificates/v1', 'coordination/v1', 'core/v1', 'discovery/v1'],
  ...['events/v1', 'networking/v1', 'node/v1', 'policy/v1', 'rbac/v1', 'scheduling/v1', 'storage/v1'],
];
const FOLDERS = [
  ...GROUPS.map(group => `api/${group}`),
  'apimachinery/pkg/apis/meta/v1',
  'apiextensions-apiserver/pkg/apis/apiextensions/v1',
];

/** Messages that stand for one value. */
const SCALARS = {
  'k8s.io.apimachinery.pkg.apis.meta.v1.Time': 'time',
  'k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime': 'microTime',
  'k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1': 'any',
  'k8s.io.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'k8s.io.apimachinery.pkg.util.intstr.IntOrString': 'intOrString',
  'k8s.io.apimachinery.pkg.runtime.RawExtension': 'any',
  'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON': 'any',
  string: 'string',
  bool: 'bool',
  int32: 'int32',
  int64: 'int64',
  double: 'double',
  bytes: 'bytes',
};

/** Sent as a body, though no kind of its own. */
const OPTIONS = 'meta.v1.DeleteOptions';

function fail(why) {
  console.error(`error: ${why}`);
  process.exit(1);
}

/** Message → its fields as { number, name, type }, types by full name. */
function readProto(text) {
  const proto = text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '');
  const [, name] = /package ([\w.]+);/.exec(proto);
  const full = type =>
    type.startsWith('.') ? type.slice(1) : Object.hasOwn(SCALARS, type) ? type : `${name}.${type}`;
  const fieldsOf = body =>
    [
      ...body.matchAll(
        /(?:(optional|repeated|required)\s+([\w.]+)|map<string,\s*([\w.]+)>)\s+(\w+)\s*=\s*(\d+);/g,
      ),
    ].map(([, label, single, value, field, number]) => ({
      number,
      name: field,
      prefix: value ? '{}' : label === 'repeated' ? '[]' : '',
      type: full(value ?? single),
    }));
  const messages = [...proto.matchAll(/message (\w+) \{([^}]*)\}/g)];
  return { name, messages: new Map(messages.map(([, message, body]) => [message, fieldsOf(body)])) };
}

/** Struct → { fields: number → { json, isOmitted, isInline }, isKind } from the tags of the Go types. */
function readStructs(text) {
  const tag = (tags, key) => new RegExp(`\\b${key}:"([^"]*)"`).exec(tags)?.[1];
  const structs = [...text.matchAll(/^type (\w+) struct \{\n([\s\S]*?)^\}/gm)];
  return new Map(
    structs.map(([, struct, body]) => {
      const fields = new Map();
      for (const [, declaration, tags] of body.matchAll(/^\t([^/\n`]+)`([^`]*)`/gm)) {
        const number = tag(tags, 'protobuf')?.split(',')[1];
        if (number === undefined) continue;
        const [json, ...options] = (tag(tags, 'json') ?? '*').split(',');
        const isPointer = declaration.trim().split(/\s+/).at(-1).startsWith('*');
        fields.set(number, {
          json: options.includes('inline') ? '' : json,
          isOmitted: options.includes('omitempty') && !isPointer,
        });
      }
      const isKind = /^\t(metav1\.)?TypeMeta /m.test(body) && /^\t(metav1\.)?ObjectMeta /m.test(body);
      return [struct, { fields, isKind }];
    }),
  );
}

const OMITTABLE = new Set(['string', 'bool', 'int32', 'int64', 'double', 'bytes']);

/** A package of the table: its short name, what it is called elsewhere, and its messages' fields. */
function readPackage(folder) {
  const sources = readdirSync(folder).filter(
    file => file.endsWith('.go') && !/_test\.go$|generated/.test(file),
  );
  const go = sources.map(file => readFileSync(path.join(folder, file), 'utf8')).join('\n');
  const { name, messages } = readProto(readFileSync(path.join(folder, 'generated.proto'), 'utf8'));
  const structs = readStructs(go);
  const fieldOf = (message, { number, name: field, prefix, type }) => {
    const struct = structs.get(message);
    // A list by a name of its own (ExtraValue) is a message only in protobuf.
    const { json, isOmitted } = struct === undefined ? { json: '*' } : (struct.fields.get(number) ?? {});
    if (json === undefined) fail(`${message}.${field} has no tag in ${folder}`);
    return { number, json, prefix, type, mark: isOmitted && prefix === '' && OMITTABLE.has(type) ? '?' : '' };
  };
  return {
    name,
    short: name.split('.').slice(-2).join('.'),
    group: /GroupName\s*=\s*"([^"]*)"/.exec(go)?.[1] ?? fail(`no GroupName in ${folder}`),
    kinds: [...structs].filter(([, { isKind }]) => isKind).map(([struct]) => struct),
    messages: new Map(
      [...messages]
        .filter(([message]) => !Object.hasOwn(SCALARS, `${name}.${message}`))
        .map(([message, fields]) => [message, fields.map(field => fieldOf(message, field))]),
    ),
  };
}

/** package.Message → fields, of everything that a kind holds. */
function reachable(packages) {
  const byName = new Map(packages.map(found => [found.name, found]));
  const roots = packages.flatMap(({ name, kinds }) => kinds.map(kind => `${name}.${kind}`));
  const meta = packages.find(({ short }) => short === 'meta.v1');
  const pending = [...roots, `${meta.name}.${OPTIONS.split('.').at(-1)}`];
  const table = new Map();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [, packageName, message] = /^(.+)\.(\w+)$/.exec(next);
    const found = byName.get(packageName);
    const fields = found?.messages.get(message);
    if (fields === undefined) fail(`${next} is in no package that was read`);
    const key = `${found.short}.${message}`;
    if (table.has(key)) continue;
    table.set(key, fields.map(field => fieldText(field, byName)).join(' '));
    pending.push(...fields.map(({ type }) => type).filter(type => !Object.hasOwn(SCALARS, type)));
  }
  return table;
}

function fieldText({ number, json, prefix, type, mark }, packages) {
  const [, packageName, message] = /^(?:(.+)\.)?(\w+)$/.exec(type);
  const short = SCALARS[type] ?? `${packages.get(packageName)?.short}.${message}`;
  return `${number}:${json}:${prefix}${short}${mark}`;
}

const [source, ...more] = process.argv.slice(2);
if (source === undefined || more.length > 0) fail('usage: node deploy/generate-protobuf.mjs FOLDER');
const folders = FOLDERS.map(folder => path.join(source, folder));
const absent = folders.find(folder => !existsSync(path.join(folder, 'generated.proto')));
if (absent !== undefined) fail(`${absent} has no generated.proto`);

const packages = folders.map(readPackage);
const sorted = entries => Object.fromEntries([...entries].sort(([a], [b]) => (a < b ? -1 : 1)));
const definitions = name => name.replace(/^k8s\.io\./, 'io.k8s.').replace('apiextensions_', 'apiextensions-');
const table = {
  packages: sorted(
    packages.map(({ short, group, name }) => [short, { group, definitions: definitions(name) }]),
  ),
  messages: sorted(reachable(packages)),
};
writeFileSync(target, `${JSON.stringify(table, null, 2)}\n`);

/** ConfigMaps, Secrets, namespaces, events and all other kinds in detail. Pure; the layout is kubectl's. */
import { isRecord } from '../../shared/is-record.ts';
import { type JsonObject, stringsAt, textAt } from '../json.ts';
import { annotationLines, anyLines, type Lines, labelLines } from './lines.ts';

const isDefined = (line: string | undefined): line is string => line !== undefined;

function headLines(object: JsonObject): Lines {
  const namespace = textAt(object, 'metadata', 'namespace');
  return [
    `Name:\t${textAt(object, 'metadata', 'name')}`,
    namespace === undefined ? undefined : `Namespace:\t${namespace}`,
    ...labelLines(stringsAt(object, 'metadata', 'labels')),
    ...annotationLines(object, 'metadata'),
  ].filter(isDefined);
}

const byteLength = (base64: string) => Buffer.from(base64, 'base64').length;

export function describeConfigMap(map: JsonObject): Lines {
  const texts = Object.entries(stringsAt(map, 'data')).sort();
  const binary = Object.entries(stringsAt(map, 'binaryData')).sort();
  return [
    ...headLines(map),
    '',
    'Data',
    '====',
    ...texts.flatMap(([key, value]) => [`${key}:`, '----', ...value.split('\n'), '']),
    '',
    'BinaryData',
    '====',
    ...binary.map(([key, value]) => `${key}: ${byteLength(value)} bytes`),
    '',
  ];
}

/** Sizes only: what is secret is not shown. */
export function describeSecret(secret: JsonObject): Lines {
  const entries = Object.entries(stringsAt(secret, 'data')).sort();
  return [
    ...headLines(secret),
    '',
    `Type:  ${textAt(secret, 'type') ?? 'Opaque'}`,
    '',
    'Data',
    '====',
    ...entries.map(([key, value]) => `${key}:\t${byteLength(value)} bytes`),
  ];
}

export function describeNamespace(namespace: JsonObject): Lines {
  return [...headLines(namespace), `Status:\t${textAt(namespace, 'status', 'phase') ?? ''}`];
}

/** Every field, under titles made of the names of the fields. */
export function describeAny(object: JsonObject): Lines {
  const { metadata, ...rest } = object;
  const {
    name: _,
    namespace: __,
    labels: ___,
    annotations: ____,
    ...more
  } = isRecord(metadata) ? metadata : {};
  return [...headLines(object), ...anyLines({ ...rest, metadata: more })];
}

/** Defaults and checks of a pod's volumes, and of how containers mount them. Source: k8s.io/kubernetes/pkg/apis/core/validation. */
import type * as core from 'kubernetes-types/core/v1';
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import { compareQuantities } from '../../../shared/quantity.ts';
import { checkDnsLabel, checkOneOf, forbidden, invalidValue, requiredValue } from '../field-checks.ts';
import { checkFieldRef, checkResourceFieldRef, defaultFields } from './pod-environment.ts';

const FILE_MODE = 0o644;
const TOKEN_SECONDS = 3600;
const TOKEN_SECONDS_MIN = 600;
const TOKEN_SECONDS_MAX = 2 ** 32;

/** The volume with every default that Kubernetes would fill in; one without a source is an emptyDir. */
export function defaultVolume(volume: core.Volume): core.Volume {
  const { configMap, secret, downwardAPI, projected, hostPath } = volume;
  if (configMap) return { ...volume, configMap: withMode(configMap) };
  if (secret) return { ...volume, secret: withMode(secret) };
  if (downwardAPI) return { ...volume, downwardAPI: withMode(withFields(downwardAPI)) };
  if (projected)
    return {
      ...volume,
      projected: withMode({ ...projected, sources: (projected.sources ?? []).map(defaultSource) }),
    };
  if (hostPath) return { ...volume, hostPath: { ...hostPath, type: hostPath.type ?? '' } };
  const { name, ...source } = volume;
  return Object.keys(source).length === 0 ? { name, emptyDir: {} } : volume;
}

function withMode<T extends { defaultMode?: number }>(source: T): T {
  return { ...source, defaultMode: source.defaultMode ?? FILE_MODE };
}

function withFields<T extends core.DownwardAPIProjection>(source: T): T {
  return source.items === undefined ? source : { ...source, items: source.items.map(defaultFields) };
}

function defaultSource(source: core.VolumeProjection): core.VolumeProjection {
  const { downwardAPI, serviceAccountToken } = source;
  if (downwardAPI) return { ...source, downwardAPI: withFields(downwardAPI) };
  if (!serviceAccountToken) return source;
  const expirationSeconds = serviceAccountToken.expirationSeconds ?? TOKEN_SECONDS;
  return { ...source, serviceAccountToken: { ...serviceAccountToken, expirationSeconds } };
}

/** Every fault of a volume at `path`. */
export function checkVolume(volume: core.Volume, path: string): StatusCause[] {
  const { name, ...sources } = volume;
  const { configMap, secret, downwardAPI, projected, hostPath, emptyDir } = sources;
  const count = Object.values(sources).filter(source => source !== undefined).length;
  return [
    ...(name ? checkDnsLabel(`${path}.name`, name) : [requiredValue(`${path}.name`)]),
    ...(count > 1 ? [forbidden(path, 'may not specify more than 1 volume type')] : []),
    ...(emptyDir ? checkEmptyDir(emptyDir, `${path}.emptyDir`) : []),
    ...(hostPath ? checkHostPath(hostPath, `${path}.hostPath`) : []),
    ...(configMap
      ? [
          ...required(configMap.name, `${path}.configMap.name`),
          ...checkMode(configMap.defaultMode, `${path}.configMap.defaultMode`),
          ...checkItems(configMap.items, `${path}.configMap.items`),
        ]
      : []),
    ...(secret
      ? [
          ...required(secret.secretName, `${path}.secret.secretName`),
          ...checkMode(secret.defaultMode, `${path}.secret.defaultMode`),
          ...checkItems(secret.items, `${path}.secret.items`),
        ]
      : []),
    ...(downwardAPI
      ? [
          ...checkMode(downwardAPI.defaultMode, `${path}.downwardAPI.defaultMode`),
          ...checkFiles(downwardAPI.items, `${path}.downwardAPI`),
        ]
      : []),
    ...(projected ? checkProjected(projected, `${path}.projected`) : []),
  ];
}

function checkEmptyDir({ sizeLimit }: core.EmptyDirVolumeSource, path: string): StatusCause[] {
  return sizeLimit !== undefined && compareQuantities(sizeLimit, '0') < 0
    ? [forbidden(`${path}.sizeLimit`, 'SizeLimit field must be a valid resource quantity')]
    : [];
}

const HOST_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];

function checkHostPath(hostPath: core.HostPathVolumeSource, path: string): StatusCause[] {
  if (!hostPath.path) return [requiredValue(`${path}.path`)];
  return [
    ...(hasBackstep(hostPath.path)
      ? [invalidValue(`${path}.path`, hostPath.path, "must not contain '..'")]
      : []),
    ...checkOneOf(`${path}.type`, hostPath.type, HOST_TYPES),
  ];
}

function checkProjected(
  { defaultMode, sources = [] }: core.ProjectedVolumeSource,
  path: string,
): StatusCause[] {
  const seen = new Set<string>();
  return [
    ...checkMode(defaultMode, `${path}.defaultMode`),
    ...sources.flatMap((source, index) => [
      ...checkSource(source, `${path}.sources[${index}]`),
      ...pathsOf(source).flatMap(each => {
        const isNew = !seen.has(each);
        seen.add(each);
        return isNew ? [] : [invalidValue(path, each, 'conflicting duplicate paths')];
      }),
    ]),
  ];
}

/** The files that are named beforehand. */
function pathsOf({ configMap, secret, downwardAPI, serviceAccountToken }: core.VolumeProjection): string[] {
  const items = [...(configMap?.items ?? []), ...(secret?.items ?? []), ...(downwardAPI?.items ?? [])];
  const paths = [...items.map(item => item.path), serviceAccountToken?.path];
  return paths.flatMap(path => (path ? [path] : []));
}

function checkSource(source: core.VolumeProjection, path: string): StatusCause[] {
  const { configMap, secret, downwardAPI, serviceAccountToken: token } = source;
  const count = Object.values(source).filter(each => each !== undefined).length;
  return [
    ...(count > 1 ? [forbidden(path, 'may not specify more than 1 volume type per source')] : []),
    ...(count === 0 ? [requiredValue(path, 'one of the sources must be specified')] : []),
    ...(configMap
      ? [
          ...required(configMap.name, `${path}.configMap.name`),
          ...checkItems(configMap.items, `${path}.configMap.items`),
        ]
      : []),
    ...(secret
      ? [...required(secret.name, `${path}.secret.name`), ...checkItems(secret.items, `${path}.secret.items`)]
      : []),
    ...(downwardAPI ? checkFiles(downwardAPI.items, `${path}.downwardAPI`) : []),
    ...(token ? checkToken(token, `${path}.serviceAccountToken`) : []),
  ];
}

function checkToken(
  { path: file, expirationSeconds = TOKEN_SECONDS }: core.ServiceAccountTokenProjection,
  path: string,
): StatusCause[] {
  const field = `${path}.expirationSeconds`;
  const fault =
    expirationSeconds < TOKEN_SECONDS_MIN
      ? 'may not specify a duration less than 10 minutes'
      : expirationSeconds > TOKEN_SECONDS_MAX
        ? 'may not specify a duration larger than 2^32 seconds'
        : undefined;
  return [
    ...(fault === undefined ? [] : [invalidValue(field, expirationSeconds, fault)]),
    ...checkFilePath(file, `${path}.path`),
  ];
}

function checkItems(items: readonly core.KeyToPath[] = [], path: string): StatusCause[] {
  return items.flatMap((item, index) => [
    ...required(item.key, `${path}[${index}].key`),
    ...checkFilePath(item.path, `${path}[${index}].path`),
    ...checkMode(item.mode, `${path}[${index}].mode`),
  ]);
}

const VOLUME_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];

function checkFiles(items: readonly core.DownwardAPIVolumeFile[] = [], path: string): StatusCause[] {
  return items.flatMap((item, index) => {
    const { fieldRef, resourceFieldRef } = item;
    const at = `${path}.items[${index}]`;
    return [
      ...checkFilePath(item.path, `${at}.path`),
      ...(fieldRef ? checkFieldRef(fieldRef, VOLUME_FIELDS, `${at}.fieldRef`) : []),
      ...(fieldRef && resourceFieldRef
        ? [invalidValue(at, 'resource', 'fieldRef and resourceFieldRef can not be specified simultaneously')]
        : []),
      ...(resourceFieldRef
        ? [
            ...required(resourceFieldRef.containerName, `${at}.resourceFieldRef.containerName`),
            ...checkResourceFieldRef(resourceFieldRef, `${at}.resourceFieldRef`),
          ]
        : []),
      ...(fieldRef || resourceFieldRef
        ? []
        : [requiredValue(at, 'one of fieldRef and resourceFieldRef is required')]),
      ...checkMode(item.mode, `${at}.mode`),
    ];
  });
}

const PROPAGATIONS = ['None', 'HostToContainer', 'Bidirectional'];

/** Every fault of one mount at `path`, but for the name of its volume. */
export function checkMount(
  { mountPath, subPath, subPathExpr, mountPropagation }: core.VolumeMount,
  isPrivileged: boolean,
  path: string,
): StatusCause[] {
  return [
    ...required(mountPath, `${path}.mountPath`),
    ...(subPath ? checkDescending(subPath, `${path}.subPath`) : []),
    ...(subPath && subPathExpr
      ? [invalidValue(`${path}.subPathExpr`, subPathExpr, 'subPathExpr and subPath are mutually exclusive')]
      : []),
    ...(subPathExpr ? checkDescending(subPathExpr, `${path}.subPathExpr`) : []),
    ...checkOneOf(`${path}.mountPropagation`, mountPropagation, PROPAGATIONS),
    ...(mountPropagation === 'Bidirectional' && !isPrivileged
      ? [
          forbidden(
            `${path}.mountPropagation`,
            'Bidirectional mount propagation is available only to privileged containers',
          ),
        ]
      : []),
  ];
}

function required(value: string | undefined, field: string): StatusCause[] {
  return value ? [] : [requiredValue(field)];
}

/** Undefined is the default. */
function checkMode(mode: number | undefined, field: string): StatusCause[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalidValue(field, mode, 'must be a number between 0 and 0777 (octal), both inclusive')];
}

function checkFilePath(path: string | undefined, field: string): StatusCause[] {
  if (!path) return [requiredValue(field)];
  const isReserved = path.startsWith('..') && !hasBackstep(path);
  return [
    ...checkDescending(path, field),
    ...(isReserved ? [invalidValue(field, path, "must not start with '..'")] : []),
  ];
}

function checkDescending(path: string, field: string): StatusCause[] {
  return [
    ...(path.startsWith('/') ? [invalidValue(field, path, 'must be a relative path')] : []),
    ...(hasBackstep(path) ? [invalidValue(field, path, "must not contain '..'")] : []),
  ];
}

function hasBackstep(path: string): boolean {
  return path.split('/').includes('..');
}

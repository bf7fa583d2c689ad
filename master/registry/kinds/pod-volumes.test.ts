import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../../shared/kubernetes/objects.ts';
import { defaultPodSpec, validatePodSpec } from './pod-spec.ts';

type Given = {
  volume?: Omit<core.Volume, 'name'>;
  mount?: Partial<core.VolumeMount>;
  container?: Partial<core.Container>;
};

function specOf({ volume = { emptyDir: {} }, mount, container }: Given): PodSpec {
  const volumeMounts = mount === undefined ? [] : [{ name: 'v', mountPath: '/m', ...mount }];
  return defaultPodSpec({
    containers: [{ name: 'main', image: 'busybox:1', volumeMounts, ...container }],
    volumes: [{ name: 'v', ...volume }],
  });
}

const token = { path: 'token' };
const item = { key: 'a', path: 'a' };

describe('volumes', () => {
  it('get their defaults, once', () => {
    const volume = {
      projected: {
        sources: [
          { serviceAccountToken: token },
          { downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } },
        ],
      },
    };
    const spec = specOf({ volume });
    expect(spec.volumes?.[0]?.projected).toEqual({
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: 3600 } },
        {
          downwardAPI: { items: [{ path: 'n', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } }] },
        },
      ],
    });
    expect(defaultPodSpec(spec)).toEqual(spec);
    expect(validatePodSpec(spec, 'spec')).toEqual([]);
  });

  it.each<Given & { field: string; message: string }>([
    {
      volume: {
        projected: {
          sources: [{ secret: { name: 's', items: [item] } }, { configMap: { name: 'c', items: [item] } }],
        },
      },
      field: 'volumes[0].projected',
      message: 'Invalid value: "a": conflicting duplicate paths',
    },
    {
      volume: { projected: { sources: [{ configMap: { name: 'c' }, secret: { name: 's' } }] } },
      field: 'volumes[0].projected.sources[0]',
      message: 'Forbidden: may not specify more than 1 volume type per source',
    },
    {
      volume: { projected: { sources: [{ serviceAccountToken: { ...token, expirationSeconds: 1 } }] } },
      field: 'volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds',
      message: 'Invalid value: 1: may not specify a duration less than 10 minutes',
    },
    {
      volume: { secret: { secretName: 's', items: [{ key: 'a', path: '../a' }] } },
      field: 'volumes[0].secret.items[0].path',
      message: `Invalid value: "../a": must not contain '..'`,
    },
    { volume: { secret: {} }, field: 'volumes[0].secret.secretName', message: 'Required value' },
    {
      volume: { configMap: { name: 'c', defaultMode: 0o1000 } },
      field: 'volumes[0].configMap.defaultMode',
      message: 'Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
    },
    {
      volume: { configMap: { name: 'c', items: [{ key: 'a', path: '..a' }] } },
      field: 'volumes[0].configMap.items[0].path',
      message: `Invalid value: "..a": must not start with '..'`,
    },
    {
      volume: { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'status.podIP' } }] } },
      field: 'volumes[0].downwardAPI.items[0].fieldRef.fieldPath',
      message: expect.stringContaining('Unsupported value: "status.podIP"'),
    },
    {
      volume: { downwardAPI: { items: [{ path: 'a', resourceFieldRef: { resource: 'limits.cpu' } }] } },
      field: 'volumes[0].downwardAPI.items[0].resourceFieldRef.containerName',
      message: 'Required value',
    },
    {
      volume: { hostPath: { path: '/a/../b' } },
      field: 'volumes[0].hostPath.path',
      message: `Invalid value: "/a/../b": must not contain '..'`,
    },
    {
      volume: { hostPath: { path: '/a', type: 'Folder' } },
      field: 'volumes[0].hostPath.type',
      message: expect.stringContaining('Unsupported value: "Folder"'),
    },
    {
      mount: { subPath: '/a' },
      field: 'containers[0].volumeMounts[0].subPath',
      message: 'Invalid value: "/a": must be a relative path',
    },
    {
      mount: { subPath: 'a', subPathExpr: 'b' },
      field: 'containers[0].volumeMounts[0].subPathExpr',
      message: 'Invalid value: "b": subPathExpr and subPath are mutually exclusive',
    },
    {
      mount: { mountPropagation: 'Bidirectional' },
      field: 'containers[0].volumeMounts[0].mountPropagation',
      message: 'Forbidden: Bidirectional mount propagation is available only to privileged containers',
    },
    {
      container: { env: [{ name: 'A', valueFrom: {} }] },
      field: 'containers[0].env[0].valueFrom',
      message: expect.stringContaining('must specify one of: `fieldRef`'),
    },
    {
      container: { env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }] },
      field: 'containers[0].env[0].valueFrom.fieldRef.fieldPath',
      message: expect.stringContaining('Unsupported value: "metadata.labels"'),
    },
    {
      container: {
        env: [{ name: 'A', valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }],
      },
      field: 'containers[0].env[0].valueFrom.resourceFieldRef.divisor',
      message: 'Invalid value: "2": only divisor\'s values 1m and 1 are supported with the cpu resource',
    },
    {
      container: { envFrom: [{ prefix: 'A' }] },
      field: 'containers[0].envFrom[0]',
      message: 'Invalid value: "": must specify one of: `configMapRef` or `secretRef`',
    },
  ])('say $field: $message', ({ field, message, ...given }) => {
    const faults = validatePodSpec(specOf(given), 'spec');
    expect(faults).toEqual([expect.objectContaining({ field: `spec.${field}`, message })]);
  });
});

import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { render } from './render-bed.ts';

describe('volumes', () => {
  const mounted = (
    volume: Omit<core.Volume, 'name'>,
    mount: Partial<core.VolumeMount> = {},
    spec: Partial<core.PodSpec> = {},
  ) =>
    render(
      { volumeMounts: [{ name: 'v', mountPath: '/m', ...mount }] },
      { spec: { ...spec, volumes: [{ name: 'v', ...volume }] } },
    );
  const onDisk = '/data/pods/uid-1/volumes/v';
  const inMemory = '/mem/pods/uid-1/volumes/v';

  it.each<{ name: string; volume: Omit<core.Volume, 'name'>; mount: object; prepared: object }>([
    {
      name: 'emptyDir',
      volume: { emptyDir: {} },
      mount: { source: onDisk, target: '/m', readOnly: false },
      prepared: { kind: 'directory', path: onDisk },
    },
    {
      name: 'emptyDir in memory',
      volume: { emptyDir: { medium: 'Memory' } },
      mount: { source: inMemory, target: '/m', readOnly: false },
      prepared: { kind: 'memory', path: inMemory, sizeBytes: 1024 ** 3 },
    },
    {
      name: 'emptyDir in memory with a size',
      volume: { emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      mount: { source: inMemory },
      prepared: { kind: 'memory', sizeBytes: 1024 ** 2 },
    },
    {
      name: 'hostPath',
      volume: { hostPath: { path: '/dev', type: 'Directory' } },
      mount: { source: '/dev', target: '/m', readOnly: false },
      prepared: { kind: 'host', path: '/dev', hostType: 'Directory' },
    },
    {
      name: 'configMap',
      volume: { configMap: { name: 'cm' } },
      mount: { source: onDisk, target: '/m', readOnly: true },
      prepared: { kind: 'projected', path: onDisk },
    },
    {
      name: 'secret, in memory',
      volume: { secret: { secretName: 'pw' } },
      mount: { source: inMemory, target: '/m', readOnly: true },
      prepared: { kind: 'projected', path: inMemory },
    },
  ])('$name', ({ volume, mount, prepared }) => {
    const rendered = mounted(volume);
    expect(rendered.spec.mounts).toMatchObject([mount]);
    expect(rendered.volumes).toMatchObject([prepared]);
  });

  const filesOf = (...given: Parameters<typeof mounted>) => {
    const [volume] = mounted(...given).volumes;
    if (volume?.kind !== 'projected') throw new Error(`no files in ${volume?.kind}`);
    return volume.files.map(file => [file.path, Buffer.from(file.bytes).toString(), file.mode, file.userId]);
  };
  const red = ['color', 'red', 0o644, undefined];
  const size = ['size', '3', 0o644, undefined];

  it.each<{ name: string; volume: Omit<core.Volume, 'name'>; files: unknown[] }>([
    { name: 'all of a ConfigMap', volume: { configMap: { name: 'cm' } }, files: [red, size] },
    {
      name: 'items with modes',
      volume: { configMap: { name: 'cm', items: [{ key: 'color', path: 'c/d', mode: 0o600 }] } },
      files: [['c/d', 'red', 0o600, undefined]],
    },
    {
      name: 'a Secret with a mode',
      volume: { secret: { secretName: 'pw', defaultMode: 0o400 } },
      files: [['token', 's3cret', 0o400, undefined]],
    },
    {
      name: 'an optional Secret that is missing',
      volume: { secret: { secretName: 'none', optional: true, items: [{ key: 'a', path: 'a' }] } },
      files: [],
    },
    {
      name: 'an optional key that is missing',
      volume: { configMap: { name: 'cm', optional: true, items: [{ key: 'a', path: 'a' }] } },
      files: [],
    },
    {
      name: 'fields and resources',
      volume: {
        downwardAPI: {
          items: [
            { path: 'name', fieldRef: { fieldPath: 'metadata.name' } },
            { path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } },
            {
              path: 'cpu',
              mode: 0o400,
              resourceFieldRef: { containerName: 'web', resource: 'limits.cpu', divisor: '1m' },
            },
          ],
        },
      },
      files: [
        ['name', 'pod-1', 0o644, undefined],
        ['labels', 'app="web"', 0o644, undefined],
        ['cpu', '4000', 0o400, undefined],
      ],
    },
    {
      name: 'several sources, the last one of a path, and no token that is not there',
      volume: {
        projected: {
          defaultMode: 0o640,
          sources: [
            { configMap: { name: 'cm' } },
            { secret: { name: 'pw', items: [{ key: 'token', path: 'size' }] } },
            { serviceAccountToken: { path: 'api/token' } },
            { serviceAccountToken: { path: 'other', audience: 'none' } },
          ],
        },
      },
      files: [
        ['color', 'red', 0o640, undefined],
        ['size', 's3cret', 0o640, undefined],
        ['api/token', 'token for ', 0o640, undefined],
      ],
    },
  ])('holds $name', ({ volume, files }) => {
    expect(filesOf(volume)).toEqual(files);
  });

  it('gives a token to the one user and the group of the pod', () => {
    const volume = { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } };
    const [file] = filesOf(volume, {}, { securityContext: { runAsUser: 7, fsGroup: 8 } });
    expect(file).toEqual(['t', 'token for ', 0o600, 7]);
    expect(mounted(volume, {}, { securityContext: { fsGroup: 8 } })).toMatchObject({
      volumes: [{ groupId: 8 }],
      spec: { groups: [8] },
    });
  });

  it('quotes labels and annotations as Go does', () => {
    const annotations = { b: 'a "quoted"\\ one\n\u0001', a: 'é' };
    const env = [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.annotations' } } }];
    const { spec } = render({ env }, { annotations });
    expect(spec.env).toContainEqual({ name: 'A', value: 'a="é"\nb="a \\"quoted\\"\\\\ one\\n\\x01"' });
  });

  it.each([
    { volume: { configMap: { name: 'x' } }, want: 'configmap "x" not found' },
    { volume: { secret: { secretName: 'x' } }, want: 'secret "x" not found' },
    {
      volume: { secret: { secretName: 'pw', items: [{ key: 'x', path: 'x' }] } },
      want: 'references non-existent secret key: x',
    },
    {
      volume: { projected: { sources: [{ clusterTrustBundle: { path: 'x' } }] } },
      want: 'clusterTrustBundle',
    },
    {
      volume: { nfs: { server: 's', path: '/' } },
      want: 'MountVolume.SetUp failed for volume "v" : kind nfs is not supported by this node',
    },
  ])('says $want', ({ volume, want }) => {
    expect(() => mounted(volume)).toThrow(want);
  });

  it('keeps sub-paths inside the volume, and honours propagation', () => {
    const rendered = mounted({ emptyDir: {} }, { subPath: 'a/b', mountPropagation: 'HostToContainer' });
    expect(rendered.spec.mounts).toMatchObject([{ source: `${onDisk}/a/b`, propagation: 'rslave' }]);
    expect(rendered.subPaths).toEqual([{ volume: onDisk, path: 'a/b', source: `${onDisk}/a/b` }]);
    expect(() => mounted({ emptyDir: {} }, { subPath: '../x' })).toThrow('leaves its volume');
    expect(() => mounted({ emptyDir: {} }, { subPathExpr: '$(NONE)/x' })).toThrow('missing value for "NONE"');
  });
});

describe('claims', () => {
  const claims = {
    made: { volume: 'pvc-1', source: 'folder' as const, path: '/data/volumes/pvc-1' },
    disk: { volume: 'disk', source: 'local' as const, path: '/mnt/disk' },
    host: { volume: 'host', source: 'hostPath' as const, path: '/srv', hostType: 'DirectoryOrCreate' },
    waiting: { error: 'persistentvolumeclaim "waiting" is not bound' },
  };
  const mounted = (claimName: string, readOnly = false) =>
    render(
      { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'x' }] },
      { claims, spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName, readOnly } }] } },
    );

  it('are mounted where their volumes lie', () => {
    expect(mounted('made').volumes).toEqual([
      { kind: 'kept', path: '/data/volumes/pvc-1', name: 'pvc-1', groupId: undefined, readOnly: false },
    ]);
    expect(mounted('made').spec.mounts).toMatchObject([{ source: '/data/volumes/pvc-1/x', readOnly: false }]);
    expect(mounted('made', true).spec.mounts).toMatchObject([{ readOnly: true }]);
    expect(mounted('disk').volumes).toMatchObject([
      { kind: 'host', path: '/mnt/disk', hostType: 'Directory' },
    ]);
    expect(mounted('host').volumes).toMatchObject([{ path: '/srv', hostType: 'DirectoryOrCreate' }]);
  });

  it.each([
    ['waiting', 'persistentvolumeclaim "waiting" is not bound'],
    ['none', 'persistentvolumeclaim "none" not found'],
  ])('%s: no container', (claimName, message) => {
    expect(() => mounted(claimName)).toThrow(message);
  });
});

import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { expandVariables } from './expand-variables.ts';
import { aContainer, aDocument } from './pod-builders.ts';
import { type RenderChoice, renderContainer } from './render-container.ts';

const FACTS = {
  nodeName: 'pi-1',
  hostIp: '10.0.0.5',
  podsFolder: '/data/pods',
  memoryFolder: '/mem/pods',
  seccompFolder: '/data/seccomp',
  imageUser: '',
  tokenOf: ({ audience }: { audience: string }) =>
    audience === 'none' ? undefined : `token for ${audience}`,
  volumesFolder: '/data/volumes',
  allocatableCpuMilli: 4000,
  allocatableMemoryBytes: 1024 ** 3,
  allocatableStorageBytes: 8 * 1024 ** 3,
  memoryBytes: 1024 ** 3,
};
const FIRST: RenderChoice = { attempt: 0, network: { kind: 'own' }, ownsPorts: true };

const SOURCES = {
  configMaps: { cm: { data: { color: 'red', size: '3' }, binaryData: {} } },
  secrets: { pw: { data: { token: Buffer.from('s3cret').toString('base64') } } },
  labels: { app: 'web' },
};

function render(
  container: Partial<core.Container>,
  change: Parameters<typeof aDocument>[0] = {},
  choice: RenderChoice = FIRST,
) {
  const own = aContainer(container);
  const document: PodDocument = aDocument({
    ...SOURCES,
    ...change,
    spec: { containers: [own], ...change.spec },
  });
  return renderContainer(document, own, choice, FACTS);
}

function environmentOf(container: Partial<core.Container>, choice?: RenderChoice) {
  return Object.fromEntries(render(container, {}, choice).spec.env.map(({ name, value }) => [name, value]));
}

describe('variables', () => {
  const known = new Map([
    ['A', '1'],
    ['B', '$(A)'],
  ]);
  it.each([
    ['$(A)', '1'],
    ['x$(A)y$(A)', 'x1y1'],
    ['$$(A)', '$(A)'],
    ['$$$(A)', '$1'],
    ['$(B)', '$(A)'],
    ['$(NONE)', '$(NONE)'],
    ['$A $', '$A $'],
    ['$(A', '$(A'],
    ['$()', '$()'],
  ])('%s is %s', (text, want) => {
    expect(expandVariables(text, known)).toBe(want);
  });
});

describe('environment', () => {
  it.each<{
    name: string;
    env?: core.EnvVar[];
    envFrom?: core.EnvFromSource[];
    want: Record<string, string>;
  }>([
    { name: 'literal', env: [{ name: 'A', value: '1' }], want: { A: '1' } },
    { name: 'empty', env: [{ name: 'A' }], want: { A: '' } },
    {
      name: 'earlier variable',
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '$(A)$(C)' },
        { name: 'C', value: '2' },
      ],
      want: { A: '1', B: '1$(C)', C: '2' },
    },
    {
      name: 'ConfigMap',
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }],
      want: { P_color: 'red', P_size: '3' },
    },
    {
      name: 'a reference to what is taken from a ConfigMap',
      envFrom: [{ configMapRef: { name: 'cm' } }],
      env: [{ name: 'A', value: '$(color)!' }],
      want: { A: 'red!', color: 'red', size: '3' },
    },
    { name: 'Secret', envFrom: [{ secretRef: { name: 'pw' } }], want: { token: 's3cret' } },
    { name: 'optional', envFrom: [{ secretRef: { name: 'none', optional: true } }], want: {} },
    {
      name: 'env before envFrom',
      envFrom: [{ configMapRef: { name: 'cm' } }],
      env: [{ name: 'color', value: 'blue' }],
      want: { color: 'blue', size: '3' },
    },
    {
      name: 'keys',
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'color' } } },
        { name: 'B', valueFrom: { secretKeyRef: { name: 'pw', key: 'token' } } },
        { name: 'C', valueFrom: { configMapKeyRef: { name: 'cm', key: 'none', optional: true } } },
        { name: 'D', valueFrom: { secretKeyRef: { name: 'none', key: 'x', optional: true } } },
      ],
      want: { A: 'red', B: 's3cret' },
    },
    {
      name: 'fields',
      env: [
        { name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'L', valueFrom: { fieldRef: { fieldPath: "metadata.labels['app']" } } },
        { name: 'X', valueFrom: { fieldRef: { fieldPath: "metadata.annotations['none']" } } },
        { name: 'K', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'H', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
      ],
      want: { N: 'pod-1', L: 'web', X: '', K: 'pi-1', H: '10.0.0.5' },
    },
    {
      name: 'resources',
      env: [
        { name: 'C', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
        { name: 'M', valueFrom: { resourceFieldRef: { resource: 'requests.memory', divisor: '1Mi' } } },
        { name: 'D', valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } },
        {
          name: 'E',
          valueFrom: { resourceFieldRef: { resource: 'limits.ephemeral-storage', divisor: '1Gi' } },
        },
      ],
      want: { C: '1', M: '64', D: '1024', E: '8' },
    },
  ])('$name', ({ env, envFrom, want }) => {
    const resources = { limits: { cpu: '500m' }, requests: { memory: '64Mi' } };
    expect(environmentOf({ env, envFrom, resources })).toEqual(want);
  });

  it.each([
    {
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'x', key: 'k' } } }],
      want: 'configmap "x" not found',
    },
    {
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'x', key: 'k' } } }],
      want: 'secret "x" not found',
    },
    {
      env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'cm', key: 'k' } } }],
      want: "couldn't find key k in ConfigMap default/cm",
    },
    {
      env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'pw', key: 'k' } } }],
      want: "couldn't find key k in Secret default/pw",
    },
    {
      env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'spec.x' } } }],
      want: 'field "spec.x" is not supported',
    },
  ])('says $want', ({ env, want }) => {
    expect(() => render({ env })).toThrow(want);
  });

  it('knows the pod address in every container but the first', () => {
    const env = [{ name: 'IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }];
    const joined = { kind: 'joined' as const, id: 'c1', ip: '172.17.0.2' };
    expect(environmentOf({ env }, { attempt: 0, network: joined, ownsPorts: false })).toEqual({
      IP: '172.17.0.2',
    });
    expect(() => render({ env })).toThrow('status.podIP');
  });
});

describe('the container made concrete', () => {
  it('expands commands with the whole environment', () => {
    const { spec } = render({
      envFrom: [{ configMapRef: { name: 'cm' } }],
      command: ['sh', '$(color)'],
      args: ['$$(color)', '$(none)'],
    });
    expect(spec).toMatchObject({ command: ['sh', 'red'], args: ['$(color)', '$(none)'] });
  });

  it('takes requests from limits, and the user from container before pod', () => {
    const { spec } = render(
      {
        resources: { limits: { cpu: '250m', memory: '64Mi' } },
        securityContext: { runAsUser: 5, capabilities: { add: ['NET_ADMIN'], drop: ['ALL'] } },
      },
      { spec: { securityContext: { runAsUser: 1, runAsGroup: 7 }, terminationGracePeriodSeconds: 4 } },
    );
    expect(spec).toMatchObject({
      cpuRequestMilli: 250,
      cpuLimitMilli: 250,
      memoryLimitBytes: 64 * 1024 * 1024,
      user: '5:7',
      addCapabilities: ['NET_ADMIN'],
      dropCapabilities: ['ALL'],
      stopGraceSeconds: 4,
      hostname: 'pod-1',
    });
  });

  it('publishes all host ports of the pod on the container that owns its network', () => {
    const a = aContainer({
      name: 'a',
      ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 81 }],
    });
    const b = aContainer({ name: 'b', ports: [{ containerPort: 53, hostPort: 53, protocol: 'UDP' }] });
    const document = aDocument({ spec: { containers: [a, b] } });
    expect(renderContainer(document, a, FIRST, FACTS).spec.ports).toEqual([
      { containerPort: 80, hostPort: 8080, hostIp: undefined, protocol: 'TCP' },
      { containerPort: 53, hostPort: 53, hostIp: undefined, protocol: 'UDP' },
    ]);
    const joined = { kind: 'joined' as const, id: 'c1' };
    const second = renderContainer(document, b, { attempt: 0, network: joined, ownsPorts: false }, FACTS);
    expect(second.spec).toMatchObject({ ports: [], network: { kind: 'container', id: 'c1' } });
    expect(second.spec.hostname).toBeUndefined();
  });

  it('refuses root where the pod forbids it', () => {
    expect(() => render({ securityContext: { runAsNonRoot: true, runAsUser: 0 } })).toThrow('non-root');
  });
});

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

describe('variables of Services', () => {
  const services = [
    { name: 'kubernetes', host: '127.0.0.1', ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
    { name: 'my-db', host: '10.96.0.7', ports: [{ port: 53, protocol: 'UDP' }] },
    { name: 'portless', host: '10.96.0.8', ports: [] },
  ];

  it('come last, yield to others, and can be referred to', () => {
    const env = [
      { name: 'MY_DB_PORT', value: 'mine' },
      { name: 'URL', value: 'https://$(KUBERNETES_SERVICE_HOST):$(KUBERNETES_SERVICE_PORT)' },
    ];
    const own = aContainer({ env });
    const document = aDocument({ services, spec: { containers: [own] } });
    const { spec } = renderContainer(document, own, FIRST, { ...FACTS, apiHost: '10.0.0.1' });
    expect(Object.fromEntries(spec.env.map(({ name, value }) => [name, value]))).toEqual({
      MY_DB_PORT: 'mine',
      URL: 'https://10.0.0.1:6443',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      KUBERNETES_SERVICE_PORT: '6443',
      KUBERNETES_SERVICE_PORT_HTTPS: '6443',
      KUBERNETES_PORT: 'tcp://10.0.0.1:6443',
      KUBERNETES_PORT_6443_TCP: 'tcp://10.0.0.1:6443',
      KUBERNETES_PORT_6443_TCP_PROTO: 'tcp',
      KUBERNETES_PORT_6443_TCP_PORT: '6443',
      KUBERNETES_PORT_6443_TCP_ADDR: '10.0.0.1',
      MY_DB_SERVICE_HOST: '10.96.0.7',
      MY_DB_SERVICE_PORT: '53',
      MY_DB_PORT_53_UDP: 'udp://10.96.0.7:53',
      MY_DB_PORT_53_UDP_PROTO: 'udp',
      MY_DB_PORT_53_UDP_PORT: '53',
      MY_DB_PORT_53_UDP_ADDR: '10.96.0.7',
    });
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

describe('attached devices', () => {
  const files = [{ source: '/dev/i2c-1', target: '/dev/i2c-1' }];
  const facts = { ...FACTS, held: ['i2c/i2c-1'] };
  const [document, container] = [aDocument(), aContainer()];

  it('are handed over, and named in the label', () => {
    const devices = [{ kind: 'i2c', id: 'i2c/i2c-1', files }];
    const { spec } = renderContainer(document, container, FIRST, { ...facts, devices });
    expect([spec.devices, spec.labels.devices]).toEqual([files, ['i2c/i2c-1']]);
  });

  it('must be attached', () => {
    expect(() => renderContainer(document, container, FIRST, facts)).toThrow(
      'device i2c/i2c-1 is not attached any more',
    );
  });
});

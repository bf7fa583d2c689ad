import { expect, it } from 'vitest';
import { aContainerSpec } from '../../test/support/container-spec.ts';
import { dockerCreateOptions } from './docker-create-options.ts';
import { parseDockerLabels } from './docker-labels.ts';

const owner = { cluster: 'c', node: 'n' };
const engine = {
  canLimitMemory: true,
  canLimitCpu: true,
  hasLocalLogDriver: true,
  canLowerOomScores: true,
  logBytes: 1000,
};
const optionsOf = (...change: Parameters<typeof aContainerSpec>) =>
  dockerCreateOptions(aContainerSpec(...change), owner, engine);

it.each([
  { name: 'nothing', change: {}, want: { CpuShares: 2 } },
  { name: 'a request', change: { cpuRequestMilli: 500 }, want: { CpuShares: 512 } },
  { name: 'a tiny request', change: { cpuRequestMilli: 1 }, want: { CpuShares: 2 } },
  { name: 'a limit', change: { cpuLimitMilli: 250 }, want: { CpuPeriod: 100_000, CpuQuota: 25_000 } },
  { name: 'a tiny limit', change: { cpuLimitMilli: 1 }, want: { CpuQuota: 1_000 } },
  { name: 'memory', change: { memoryLimitBytes: 1e9 }, want: { Memory: 1e9, MemorySwap: 1e9 } },
  { name: 'too little memory', change: { memoryLimitBytes: 1 }, want: { Memory: 6_291_456 } },
])('limits CPU and memory: $name', ({ change, want }) => {
  expect(optionsOf(change).HostConfig).toMatchObject(want);
});

it('lowers the score for being killed only where that is allowed', () => {
  const lowered = (canLowerOomScores: boolean, oomScoreAdj?: number) =>
    dockerCreateOptions(aContainerSpec({ oomScoreAdj }), owner, { ...engine, canLowerOomScores }).HostConfig
      .OomScoreAdj;
  expect([lowered(true, -997), lowered(false, -997), lowered(false, 1000)]).toEqual([-997, 0, 1000]);
  expect(lowered(false)).toBeUndefined();
});

it('sets no limit that was not asked for', () => {
  const { HostConfig } = optionsOf();
  expect(HostConfig).not.toHaveProperty('Memory');
  expect(HostConfig).not.toHaveProperty('CpuQuota');
});

it('shares the bytes of its output out among files', () => {
  expect(optionsOf().HostConfig.LogConfig).toEqual({
    Type: 'local',
    Config: { 'max-size': '500', 'max-file': '2' },
  });
});

it('leaves the image its command and entrypoint unless the spec has them', () => {
  expect(optionsOf()).not.toHaveProperty('Entrypoint');
  expect(optionsOf()).not.toHaveProperty('Cmd');
  expect(optionsOf({ command: ['a'], args: ['b'] })).toMatchObject({ Entrypoint: ['a'], Cmd: ['b'] });
});

it('binds several host ports to one of the container', () => {
  const port = { containerPort: 80, protocol: 'TCP' as const };
  const options = optionsOf({
    ports: [
      { ...port, hostPort: 8080 },
      { ...port, hostPort: 8081, hostIp: '127.0.0.1' },
      { ...port, hostPort: 53, protocol: 'UDP' },
    ],
  });
  expect(options.ExposedPorts).toEqual({ '80/tcp': {}, '80/udp': {} });
  expect(options.HostConfig.PortBindings).toEqual({
    '80/tcp': [
      { HostIp: '', HostPort: '8080' },
      { HostIp: '127.0.0.1', HostPort: '8081' },
    ],
    '80/udp': [{ HostIp: '', HostPort: '53' }],
  });
});

it('gives a container in a shared network neither host name nor ports, which Docker refuses', () => {
  const options = optionsOf({
    network: { kind: 'container', id: 'abc' },
    hostname: 'web',
    ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
  });
  expect(options).toMatchObject({
    Hostname: undefined,
    ExposedPorts: {},
    HostConfig: { NetworkMode: 'container:abc', PortBindings: {} },
  });
  expect(optionsOf({ network: { kind: 'host' } }).HostConfig.NetworkMode).toBe('host');
});

it('labels the container with all that the agent must know of it later', () => {
  expect(optionsOf({ labels: { attempt: 3 } }).Labels).toEqual({
    'dev.pikelet.cluster': 'c',
    'dev.pikelet.node': 'n',
    'dev.pikelet.pod-uid': 'pod-uid-1',
    'dev.pikelet.pod-namespace': 'default',
    'dev.pikelet.pod-name': 'web',
    'dev.pikelet.container': 'app',
    'dev.pikelet.attempt': '3',
    'dev.pikelet.spec-digest': 'digest-1',
  });
});

it('hands over devices, and remembers which', () => {
  const devices = [{ source: '/root/dev/gpiochip0', target: '/dev/gpiochip0' }];
  const options = optionsOf({ devices, labels: { devices: ['gpiochip/gpiochip0', 'i2c/i2c-1'] } });
  expect(options.HostConfig).toMatchObject({
    Devices: [
      {
        PathOnHost: '/root/dev/gpiochip0',
        PathInContainer: '/dev/gpiochip0',
        CgroupPermissions: 'rwm',
      },
    ],
  });
  expect(options.Labels).toMatchObject({ 'dev.pikelet.devices': 'gpiochip/gpiochip0,i2c/i2c-1' });
  expect(parseDockerLabels({ cluster: 'c', node: 'n' }, options.Labels)?.devices).toEqual([
    'gpiochip/gpiochip0',
    'i2c/i2c-1',
  ]);
});

it('binds mounts with the propagation that was asked for, and adds groups', () => {
  const mounts = [
    { source: '/a', target: '/b', readOnly: true, propagation: 'rslave' as const },
    { source: '/c', target: '/d', readOnly: false },
  ];
  expect(optionsOf({ mounts, groups: [7] }).HostConfig).toMatchObject({
    GroupAdd: ['7'],
    Mounts: [
      { Type: 'bind', Source: '/a', Target: '/b', ReadOnly: true, BindOptions: { Propagation: 'rslave' } },
      { Type: 'bind', Source: '/c', Target: '/d', ReadOnly: false },
    ],
  });
});

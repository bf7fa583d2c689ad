import { expect, it } from 'vitest';
import { systemFilesOf } from '../../test/support/system-files.ts';
import { type Host, nodeSystemInfo, readFacts } from './facts.ts';
import { nodeLabels } from './labels.ts';

const HOST: Host = {
  hostname: () => 'pi-kitchen',
  arch: 'arm64',
  release: () => '6.12.25+rpt-rpi-v8',
  interfaces: () => ({
    eth0: [{ address: '192.0.2.7', family: 'IPv4', internal: false, mac: 'dc:a6:32:00:00:01' }],
  }),
};
const PI = {
  '/proc/device-tree/model': 'Raspberry Pi 4 Model B Rev 1.4\0',
  '/proc/device-tree/serial-number': '10000000abcdef01\0',
  '/etc/machine-id': '3d1219c7c4c5404aaa1f6d2a48adfda4\n',
  '/etc/os-release': 'NAME="Debian GNU/Linux"\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n',
  '/proc/sys/kernel/random/boot_id': '6e7a8e3f-0000-4000-8000-000000000000\n',
  '/proc/meminfo': 'MemTotal: 3884000 kB\n',
  '/proc/stat': 'cpu  1 1\ncpu0 1\ncpu1 1\ncpu2 1\ncpu3 1\n',
};

it('reads what a Raspberry Pi says of itself', () => {
  expect(readFacts(systemFilesOf(PI), HOST)).toEqual({
    deviceId: 'serial:10000000abcdef01',
    hostname: 'pi-kitchen',
    model: 'Raspberry Pi 4 Model B Rev 1.4',
    architecture: 'arm64',
    kernelVersion: '6.12.25+rpt-rpi-v8',
    osImage: 'Debian GNU/Linux 13 (trixie)',
    bootId: '6e7a8e3f-0000-4000-8000-000000000000',
    machineId: '3d1219c7c4c5404aaa1f6d2a48adfda4',
    systemUuid: '10000000abcdef01',
    cpuCount: 4,
    memoryBytes: 3_977_216_000,
    storageBytes: 0,
    addresses: [
      { type: 'InternalIP', address: '192.0.2.7' },
      { type: 'Hostname', address: 'pi-kitchen' },
    ],
  });
});

it.each([
  {
    name: 'an old Pi kernel',
    files: { '/proc/cpuinfo': 'x\nSerial\t\t: 00000000deadbeef\n' },
    want: 'serial:00000000deadbeef',
  },
  {
    name: 'no serial set',
    files: { '/proc/cpuinfo': 'Serial\t\t: 0000000000000000\n', '/etc/machine-id': 'm1' },
    want: 'machine:m1',
  },
  {
    name: 'a PC',
    files: { '/sys/class/dmi/id/product_uuid': 'AB-1', '/etc/machine-id': 'm1' },
    want: 'uuid:ab-1',
  },
  {
    name: 'a PC whose maker filled in nothing',
    files: {
      '/sys/class/dmi/id/product_uuid': 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF',
      '/etc/machine-id': 'm1',
    },
    want: 'machine:m1',
  },
  { name: 'nothing but a network card', files: {}, want: 'mac:dc:a6:32:00:00:01' },
])('tells devices apart: $name', ({ files, want }) => {
  expect(readFacts(systemFilesOf(files), HOST).deviceId).toBe(want);
});

it.each([
  ['x64', 'amd64'],
  ['arm64', 'arm64'],
  ['arm', 'arm'],
])('calls %s as Kubernetes does', (arch, want) => {
  expect(readFacts(systemFilesOf({}), { ...HOST, arch }).architecture).toBe(want);
});

it('never fails, whatever is missing', () => {
  const facts = readFacts(systemFilesOf({}), { ...HOST, interfaces: () => ({}) });
  expect(facts).toMatchObject({ deviceId: 'host:pi-kitchen', osImage: 'Linux', cpuCount: 0, memoryBytes: 0 });
});

it('fills the node info of Kubernetes', () => {
  const facts = readFacts(systemFilesOf(PI), HOST);
  expect(nodeSystemInfo(facts, undefined, 'v1')).toMatchObject({
    containerRuntimeVersion: '',
    kubeletVersion: 'v1',
  });
});

it('labels the node with values that Kubernetes allows', () => {
  const facts = readFacts(systemFilesOf(PI), HOST);
  expect(nodeLabels(facts, undefined)).toEqual({
    'kubernetes.io/arch': 'arm64',
    'kubernetes.io/os': 'linux',
    'kubernetes.io/hostname': 'pi-kitchen',
    'hardware.pikelet.dev/model': 'Raspberry-Pi-4-Model-B-Rev-1.4',
  });
  const cpu = `Intel(R) ${'x'.repeat(70)}`;
  const hardware = { manufacturer: '(QEMU)', model: 'unused', cpu, isVirtual: true };
  expect(nodeLabels(facts, hardware)).toMatchObject({
    'hardware.pikelet.dev/manufacturer': 'QEMU',
    'hardware.pikelet.dev/model': 'Raspberry-Pi-4-Model-B-Rev-1.4',
    'hardware.pikelet.dev/cpu': `Intel-R-${'x'.repeat(55)}`,
    'hardware.pikelet.dev/virtual': 'true',
  });
});

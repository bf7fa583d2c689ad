import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { aContainer, aDocument } from './pod-builders.ts';
import { heldNamespaces, joinedNamespaces } from './render-namespaces.ts';
import { parseResolver } from './resolver.ts';

const held = (spec: Partial<core.PodSpec>, resolver?: Parameters<typeof heldNamespaces>[1]) =>
  heldNamespaces(aDocument({ spec }), resolver);

describe('what the holder of a pod’s network is given', () => {
  it.each<{ name: string; spec: Partial<core.PodSpec>; want: object }>([
    { name: 'the name of the pod', spec: {}, want: { hostname: 'pod-1', dns: undefined } },
    { name: 'its own', spec: { hostname: 'front' }, want: { hostname: 'front' } },
    {
      name: 'a subdomain',
      spec: { hostname: 'front', subdomain: 'web' },
      want: { hostname: 'front', domainname: 'web.default.svc.cluster.local' },
    },
    {
      name: 'its whole name',
      spec: { hostname: 'front', subdomain: 'web', setHostnameAsFQDN: true },
      want: { hostname: 'front.web.default.svc.cluster.local' },
    },
    {
      name: 'other names in /etc/hosts',
      spec: { hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'b'] }] },
      want: {
        hostAliases: [
          { ip: '1.2.3.4', name: 'a' },
          { ip: '1.2.3.4', name: 'b' },
        ],
      },
    },
    {
      name: 'sysctls by either spelling',
      spec: { securityContext: { sysctls: [{ name: 'net/ipv4/tcp_syncookies', value: '0' }] } },
      want: { sysctls: { 'net.ipv4.tcp_syncookies': '0' } },
    },
  ])('$name', ({ spec, want }) => {
    expect(held(spec)).toMatchObject(want);
  });

  it('no names and ports on the host’s network', () => {
    const containers = [aContainer({ ports: [{ containerPort: 80, hostPort: 80 }] })];
    const { hostname, ports } = held({ hostNetwork: true, hostname: 'front', containers });
    expect([hostname, ports]).toEqual([undefined, []]);
  });

  it('refuses a name that the kernel would', () => {
    const spec = { hostname: 'front', subdomain: 'w'.repeat(40), setHostnameAsFQDN: true };
    expect(() => held(spec)).toThrow(
      /^failed to construct FQDN .* is too long \(64 characters is the max, 72 /,
    );
  });
});

describe('how a pod looks names up', () => {
  const device = parseResolver(`# the device's
domain a.example
nameserver 10.0.0.1 # home
search home.example lan
options ndots:1 edns0
`);
  const dnsConfig = {
    nameservers: ['9.9.9.9', '10.0.0.1'],
    searches: ['pods.example'],
    options: [{ name: 'ndots', value: '3' }, { name: 'rotate' }],
  };

  it('adds to the device’s way', () => {
    expect(held({ dnsPolicy: 'Default', dnsConfig }, device).dns).toEqual({
      nameservers: ['10.0.0.1', '9.9.9.9'],
      searches: ['home.example', 'lan', 'pods.example'],
      options: ['edns0', 'ndots:3', 'rotate'],
    });
  });

  it('takes its place with None', () => {
    expect(held({ dnsPolicy: 'None', dnsConfig: { nameservers: ['9.9.9.9'] } }, device).dns).toEqual({
      nameservers: ['9.9.9.9'],
      searches: [],
      options: [],
    });
  });
});

describe('what a container joins', () => {
  const sandbox = { kind: 'sandbox', id: 's', ip: '172.17.0.2' } as const;
  const joined = { kind: 'container', id: 's' };
  it.each<{
    name: string;
    spec: Partial<core.PodSpec>;
    network: Parameters<typeof joinedNamespaces>[1];
    want: object;
  }>([
    { name: 'alone', spec: {}, network: { kind: 'own' }, want: { network: { kind: 'own' } } },
    {
      name: 'the sandbox',
      spec: {},
      network: sandbox,
      want: { network: joined, ipc: joined, pid: undefined },
    },
    {
      name: 'its processes too',
      spec: { shareProcessNamespace: true },
      network: sandbox,
      want: { network: joined, ipc: joined, pid: joined },
    },
    {
      name: 'the host',
      spec: { hostPID: true, hostIPC: true, hostNetwork: true },
      network: { kind: 'host' },
      want: { network: { kind: 'host' }, ipc: { kind: 'host' }, pid: { kind: 'host' } },
    },
    {
      name: 'the network alone of an owner that is no sandbox',
      spec: {},
      network: { kind: 'joined', id: 's' },
      want: { network: joined, ipc: undefined },
    },
  ])('$name', ({ spec, network, want }) => {
    expect(joinedNamespaces(aDocument({ spec }), network)).toMatchObject(want);
  });
});

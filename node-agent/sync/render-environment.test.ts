import type * as core from 'kubernetes-types/core/v1';
import { describe, expect, it } from 'vitest';
import { expandVariables } from './expand-variables.ts';
import { aContainer, aDocument } from './pod-builders.ts';
import { FACTS, FIRST, render } from './render-bed.ts';
import { type RenderChoice, renderContainer } from './render-container.ts';

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

/** Services and the addresses behind them: what Kubernetes's conformance tests say that needs no packet on a wire. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureApiService } from '../../master/api-service.ts';
import type { KindMap } from '../../shared/kubernetes/objects.ts';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.addNode('n1');
});
afterAll(() => plane.stop());

const CORE = '/api/v1/namespaces/default';
const SERVICES = `${CORE}/services`;
const service = (name: string, spec: Json) => plane.create(SERVICES, { metadata: { name }, spec });
const endpoints = (name: string): KindMap['Endpoints'] | undefined =>
  plane.cache.get('Endpoints', { namespace: 'default', name });
const slicesOf = (name: string) =>
  plane.cache
    .list('EndpointSlice', 'default')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === name);
const addressesOf = (name: string) =>
  slicesOf(name).flatMap(slice => slice.endpoints.flatMap(endpoint => endpoint.addresses));

describe('a Service', () => {
  it('changes from an address to a name, to ports on nodes, and back', async () => {
    const path = `${SERVICES}/turns`;
    const made = await service('turns', { ports: [{ port: 80 }] });
    expect(made.spec.clusterIP).toMatch(/^10\.96\./);
    const external = { type: 'ExternalName', externalName: 'example.com', clusterIP: null, clusterIPs: null };
    const named = await plane.patch(path, { spec: external });
    expect(named.spec).toMatchObject({ type: 'ExternalName', externalName: 'example.com' });
    expect(named.spec.clusterIP).toBeUndefined();
    const noName = { externalName: null, ports: [{ port: 80, protocol: 'TCP' }] };
    const onNodes = await plane.patch(path, { spec: { ...noName, type: 'NodePort' } });
    expect(onNodes.spec).toMatchObject({ type: 'NodePort', clusterIP: expect.stringMatching(/^10\.96\./) });
    const port = onNodes.spec.ports[0].nodePort;
    expect(port).toBeGreaterThanOrEqual(30_000);
    const again = await plane.patch(path, { spec: { ...external, ports: [{ port: 80 }] } });
    expect(again.spec.ports[0].nodePort).toBeUndefined();
    await service('takes', { type: 'NodePort', ports: [{ port: 80, nodePort: port }] });
    expect((await plane.patch(path, { spec: { ...noName, type: 'ClusterIP' } })).spec).toMatchObject({
      type: 'ClusterIP',
      clusterIP: expect.any(String),
    });
  });

  it('switches its session affinity', async () => {
    const ports = [{ port: 80 }];
    const sticky = await service('sticky', { ports, sessionAffinity: 'ClientIP', type: 'NodePort' });
    expect(sticky.spec.sessionAffinityConfig).toEqual({ clientIP: { timeoutSeconds: 10_800 } });
    const spec = { sessionAffinity: 'None', sessionAffinityConfig: null };
    const loose = await plane.patch(`${SERVICES}/sticky`, { spec });
    expect(loose.spec.sessionAffinityConfig).toBeUndefined();
    const back = await plane.patch(`${SERVICES}/sticky`, { spec: { sessionAffinity: 'ClientIP' } });
    expect(back.spec.sessionAffinityConfig).toEqual({ clientIP: { timeoutSeconds: 10_800 } });
  });

  it('has the same port twice for two protocols, and gives each up', async () => {
    const both = ['TCP', 'UDP'].map(protocol => ({ name: protocol.toLowerCase(), port: 80, protocol }));
    await service('both', { ports: both, selector: { app: 'both' } });
    const { spec } = await plane.get(`${SERVICES}/both`);
    for (const protocol of ['TCP', 'UDP']) {
      const ports = both.filter(port => port.protocol === protocol);
      const one = await plane.patch(`${SERVICES}/both`, { spec: { ports } });
      expect(one.spec.ports).toEqual([expect.objectContaining({ port: 80, protocol })]);
      expect(one.spec.clusterIP).toBe(spec.clusterIP);
    }
  });
});

describe('the pods of a Service', () => {
  const aPod = (name: string, ports: Json) =>
    plane.create(`${CORE}/pods`, {
      metadata: { name, labels: { app: 'served' } },
      spec: { containers: [{ name: 'main', image: 'hello', ports }] },
    });

  it('come and go in Endpoints and EndpointSlices, each under the ports that it has', async () => {
    const ports = [
      { name: 'one', port: 80, targetPort: 'portname1' },
      { name: 'two', port: 81, targetPort: 'portname2' },
    ];
    await service('served', { selector: { app: 'served' }, ports });
    await plane.until(() => endpoints('served') !== undefined && slicesOf('served').length === 1);
    expect(endpoints('served')?.subsets ?? []).toEqual([]);
    const shown = () =>
      (endpoints('served')?.subsets ?? [])
        .flatMap(subset =>
          (subset.addresses ?? []).flatMap(({ targetRef }) =>
            (subset.ports ?? []).map(({ name, port }) => `${targetRef?.name} ${name} ${port}`),
          ),
        )
        .sort();
    const become = (wanted: string[]) =>
      plane.until(() => String(shown()) === String(wanted) && addressesOf('served').length === wanted.length);
    await aPod('pod1', [{ name: 'portname1', containerPort: 100 }]);
    await become(['pod1 one 100']);
    await aPod('pod2', [{ name: 'portname2', containerPort: 101 }]);
    await become(['pod1 one 100', 'pod2 two 101']);
    await plane.remove(`${CORE}/pods/pod1`);
    await become(['pod2 two 101']);
    await plane.remove(`${CORE}/pods/pod2`);
    await become([]);
    await plane.remove(`${SERVICES}/served`);
    await plane.until(() => endpoints('served') === undefined && slicesOf('served').length === 0);
  });
});

describe('Endpoints that people make', () => {
  const PATH = `${CORE}/endpoints`;

  it('are mirrored: created, changed, and gone with them', async () => {
    await service('mirrored', { ports: [{ port: 80 }] });
    const subset = (...ips: string[]) => ({
      addresses: ips.map(ip => ({ ip })),
      ports: [{ name: 'web', port: 80 }],
    });
    await plane.create(PATH, {
      metadata: { name: 'mirrored', labels: { a: 'b' } },
      subsets: [subset('10.1.2.3')],
    });
    await plane.until(() => String(addressesOf('mirrored')) === '10.1.2.3');
    expect(slicesOf('mirrored')).toMatchObject([
      {
        metadata: {
          generateName: 'mirrored-',
          labels: {
            a: 'b',
            'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io',
          },
          ownerReferences: [{ kind: 'Endpoints', name: 'mirrored', controller: true }],
        },
        addressType: 'IPv4',
        ports: [{ name: 'web', port: 80, protocol: 'TCP' }],
        endpoints: [{ conditions: { ready: true } }],
      },
    ]);
    await plane.patch(`${PATH}/mirrored`, { subsets: [subset('10.2.3.4', 'fd00::1')] });
    await plane.until(() => String(addressesOf('mirrored').sort()) === '10.2.3.4,fd00::1');
    expect(
      slicesOf('mirrored')
        .map(({ addressType }) => addressType)
        .sort(),
    ).toEqual(['IPv4', 'IPv6']);
    const byHand = slicesOf('mirrored')[0];
    await plane.remove(
      `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/${byHand?.metadata.name}`,
    );
    await plane.until(() => addressesOf('mirrored').length === 2);
    await plane.remove(`${PATH}/mirrored`);
    await plane.until(() => slicesOf('mirrored').length === 0);
  });

  it('are left alone where their maker, or the selector of their Service, says so', async () => {
    await service('skipped', { ports: [{ port: 80 }] });
    const subsets = [{ addresses: [{ ip: '10.1.2.3' }] }];
    const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    await plane.create(PATH, { metadata: { name: 'skipped', labels }, subsets });
    await service('selected', { ports: [{ port: 80 }], selector: { app: 'none' } });
    await plane.until(() => endpoints('selected') !== undefined && slicesOf('selected').length === 1);
    await plane.patch(`${PATH}/skipped`, {
      metadata: { labels: { ...labels, 'endpointslice.kubernetes.io/skip-mirror': null } },
    });
    await plane.until(() => slicesOf('skipped').length === 1);
    await plane.patch(`${PATH}/skipped`, { metadata: { labels } });
    await plane.until(() => slicesOf('skipped').length === 0);
    expect(
      slicesOf('selected').map(({ metadata }) => metadata.labels?.['endpointslice.kubernetes.io/managed-by']),
    ).toEqual(['endpointslice-controller.k8s.io']);
  });
});

describe('the Service kubernetes', () => {
  it('is found among all, with endpoints and a slice that point to the API, and follows its address', async () => {
    const parts = { view: plane.cache, registry: plane.registry };
    await ensureApiService(parts, { hosts: ['localhost', '127.0.0.1', '192.0.2.7'], port: 6443 });
    const found = (await plane.list('/api/v1/services')).filter(
      ({ metadata }) => metadata.name === 'kubernetes',
    );
    expect(found).toMatchObject([
      {
        metadata: { namespace: 'default' },
        spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, targetPort: 6443 }] },
      },
    ]);
    const subset = (ip: string) => [
      { addresses: [{ ip }], ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] },
    ];
    expect(endpoints('kubernetes')?.subsets).toEqual(subset('192.0.2.7'));
    expect(addressesOf('kubernetes')).toEqual(['192.0.2.7']);
    const before = (await plane.get(`${SERVICES}/kubernetes`)).metadata;
    await ensureApiService(parts, { hosts: ['192.0.2.8'], port: 6443 });
    expect(endpoints('kubernetes')?.subsets).toEqual(subset('192.0.2.8'));
    expect(addressesOf('kubernetes')).toEqual(['192.0.2.8']);
    expect((await plane.get(`${SERVICES}/kubernetes`)).metadata).toEqual(before);
  });
});

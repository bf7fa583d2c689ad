import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Pod, Service } from '../../../shared/kubernetes/objects.ts';
import { aPod } from '../../../test/support/builders.ts';
import { aCluster, converge, given, planFor } from '../../../test/support/converge.ts';
import { endpointsController } from './plan.ts';

const ref = { namespace: 'default', name: 'web' };
const labels = { app: 'web' };

function aService(spec: Service['spec'] = {}): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...ref, uid: 'uid-of-web', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 'http', protocol: 'TCP' }], ...spec },
  };
}

function aBackend(name: string, podIP: string, ready = true): Pod {
  const pod = aPod({
    name,
    ready,
    meta: { labels },
    spec: {
      nodeName: 'n1',
      containers: [{ name: 'main', image: 'i', ports: [{ name: 'http', containerPort: 8080 }] }],
    },
  });
  return { ...pod, status: { ...pod.status, podIP } };
}

describe('endpoints', () => {
  it('lists ready and other pods under the port that the pod names', async () => {
    const cluster = aCluster();
    given(cluster, 'Service', aService());
    given(cluster, 'Pod', aBackend('a', '10.0.0.1'));
    given(cluster, 'Pod', aBackend('b', '10.0.0.2', false));
    given(cluster, 'Pod', aPod({ name: 'no-address', meta: { labels } }));
    await converge(endpointsController, cluster);
    expect(cluster.view.get('Endpoints', ref)?.subsets).toMatchObject([
      {
        addresses: [{ ip: '10.0.0.1', nodeName: 'n1', targetRef: { kind: 'Pod', name: 'a' } }],
        notReadyAddresses: [{ ip: '10.0.0.2' }],
        ports: [{ port: 8080, protocol: 'TCP' }],
      },
    ]);
    const [slice, ...more] = cluster.view.list('EndpointSlice');
    expect(more).toEqual([]);
    expect(slice).toMatchObject({
      metadata: {
        generateName: 'web-',
        labels: { 'kubernetes.io/service-name': 'web' },
        ownerReferences: [{ kind: 'Service', name: 'web', controller: true }],
      },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: [
        { addresses: ['10.0.0.1'], conditions: { ready: true, serving: true, terminating: false } },
        { addresses: ['10.0.0.2'], conditions: { ready: false, serving: false, terminating: false } },
      ],
    });
  });

  it('counts pods that are not ready when the service publishes them', async () => {
    const cluster = aCluster();
    given(cluster, 'Service', aService({ publishNotReadyAddresses: true, clusterIP: 'None' }));
    given(cluster, 'Pod', aBackend('b', '10.0.0.2', false));
    await converge(endpointsController, cluster);
    const endpoints = cluster.view.get('Endpoints', ref);
    expect(endpoints?.subsets).toMatchObject([{ addresses: [{ ip: '10.0.0.2' }] }]);
    expect(endpoints?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
  });

  it('leaves the endpoints of a service without a selector to whoever made them', () => {
    const cluster = aCluster();
    given(cluster, 'Service', aService({ selector: {} }));
    expect(planFor(endpointsController, cluster, ref).actions).toEqual([]);
  });

  it('goes with its service', async () => {
    const cluster = aCluster();
    given(cluster, 'Service', aService());
    await converge(endpointsController, cluster);
    cluster.delete('Service', ref);
    expect(planFor(endpointsController, cluster, ref).actions).toMatchObject([
      { kind: 'delete', of: 'Endpoints', ref },
    ]);
  });

  it('comes to rest with every pod in exactly one slice, none above a hundred', () => {
    return fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 230 }),
        fc.integer({ min: 0, max: 230 }),
        async (before, after) => {
          const cluster = aCluster();
          given(cluster, 'Service', aService());
          for (const count of [before, after]) {
            const pods = cluster.view.list('Pod');
            for (const { metadata } of pods.slice(count))
              cluster.delete('Pod', metadata, { gracePeriodSeconds: 0 });
            for (let i = pods.length; i < count; i++)
              given(cluster, 'Pod', aBackend(`p${i}`, `10.0.${i >> 8}.${i & 255}`));
            await converge(endpointsController, cluster);
          }
          const slices = cluster.view.list('EndpointSlice');
          const addresses = slices.flatMap(({ endpoints }) =>
            endpoints.flatMap(endpoint => endpoint.addresses),
          );
          expect(addresses).toHaveLength(after);
          expect(new Set(addresses).size).toBe(after);
          expect(slices.every(({ endpoints }) => endpoints.length <= 100)).toBe(true);
        },
      ),
      { numRuns: 15 },
    );
  });
});

/** Services through the API: addresses, node ports, and what may not change. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const SERVICES = '/api/v1/namespaces/default/services';
const post = (name: string, spec: object) =>
  api.call(SERVICES, { method: 'POST', body: { metadata: { name }, spec } });
const patch = (name: string, spec: object) =>
  api.call(`${SERVICES}/${name}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { spec },
  });
const causesOf = (answer: { json(): { details?: { causes?: { field: string; message: string }[] } } }) =>
  (answer.json().details?.causes ?? []).map(({ field, message }) => `${field}: ${message}`);

describe('a service', () => {
  it('gets the defaults of the API reference and an address of its own', async () => {
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd'].map(name => post(name, { ports: [{ port: 80 }] })),
    );
    expect(answers.map(({ code }) => code)).toEqual([201, 201, 201, 201]);
    const specs = answers.map(answer => answer.json().spec);
    expect(specs[0]).toEqual({
      type: 'ClusterIP',
      sessionAffinity: 'None',
      internalTrafficPolicy: 'Cluster',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      clusterIP: expect.stringMatching(/^10\.96\./),
      clusterIPs: [specs[0].clusterIP],
      ports: [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    });
    expect(new Set(specs.map(({ clusterIP }) => clusterIP)).size).toBe(4);
    expect(answers[0]?.json().status).toEqual({ loadBalancer: {} });
  });

  it('keeps its address through an update that leaves it out, and may not change it', async () => {
    const { clusterIP } = (await post('kept', { ports: [{ port: 80 }] })).json().spec;
    const body = { metadata: { name: 'kept' }, spec: { ports: [{ port: 81 }] } };
    const replaced = await api.call(`${SERVICES}/kept`, { method: 'PUT', body });
    expect([replaced.code, replaced.json().spec.clusterIP]).toEqual([200, clusterIP]);
    const other = clusterIP === '10.96.9.9' ? '10.96.9.8' : '10.96.9.9';
    expect(causesOf(await patch('kept', { clusterIP: other, clusterIPs: [other] }))).toEqual([
      `spec.clusterIPs[0]: Invalid value: ["${other}"]: may not change once set`,
    ]);
  });

  it('opens a node port, keeps it, and gives it back with the type', async () => {
    const { spec } = (await post('open', { type: 'NodePort', ports: [{ port: 80 }] })).json();
    const { nodePort } = spec.ports[0];
    expect(nodePort).toBeGreaterThanOrEqual(30_000);
    expect(nodePort).toBeLessThanOrEqual(32_767);
    expect(spec.externalTrafficPolicy).toBe('Cluster');
    expect(causesOf(await post('second', { type: 'NodePort', ports: [{ port: 80, nodePort }] }))).toEqual([
      `spec.ports[0].nodePort: Invalid value: ${nodePort}: provided port is already allocated`,
    ]);
    const closed = await patch('open', { type: 'ClusterIP' });
    expect([closed.code, closed.json().spec.ports]).toEqual([
      200,
      [{ port: 80, targetPort: 80, protocol: 'TCP' }],
    ]);
    expect((await post('second', { type: 'NodePort', ports: [{ port: 80, nodePort }] })).code).toBe(201);
  });

  it('has no address when it is headless or a name', async () => {
    const headless = (await post('headless', { clusterIP: 'None' })).json().spec;
    expect([headless.clusterIP, headless.clusterIPs]).toEqual(['None', ['None']]);
    const named = (await post('named', { type: 'ExternalName', externalName: 'example.com' })).json().spec;
    expect(named).toEqual({ type: 'ExternalName', externalName: 'example.com', sessionAffinity: 'None' });
  });

  it.each([
    [{ ports: [] }, 'spec.ports: Required value'],
    [{ ports: [{ port: 80 }, { port: 81, name: 'b' }] }, 'spec.ports[0].name: Required value'],
    [
      { ports: [{ port: 0 }] },
      'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
    ],
    [
      { type: 'Magic', ports: [{ port: 80 }] },
      'spec.type: Unsupported value: "Magic": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [{ type: 'ExternalName' }, 'spec.externalName: Required value'],
    [
      { clusterIP: '192.168.0.1', ports: [{ port: 80 }] },
      'spec.clusterIPs: Invalid value: ["192.168.0.1"]: failed to allocate IP 192.168.0.1: the provided IP (192.168.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    ],
    [
      { ports: [{ port: 80, nodePort: 30_001 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
  ])('is refused: %j', async (spec, expected) => {
    const answer = await post('bad', spec);
    expect(answer.code).toBe(422);
    expect(causesOf(answer)).toContain(expected);
  });

  it('is one row of a table', async () => {
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
    const table = (await api.call(`${SERVICES}/headless`, { headers: { accept } })).json();
    const columns = table.columnDefinitions.map(({ name }: { name: string }) => name);
    expect(columns).toEqual(['Name', 'Type', 'Cluster-IP', 'External-IP', 'Port(s)', 'Age', 'Selector']);
    expect(table.rows[0].cells.slice(0, 5)).toEqual(['headless', 'ClusterIP', 'None', '<none>', '<none>']);
  });
});

it('finalizes a namespace: its finalizers change, and it goes when it is waiting for that', async () => {
  await api.call('/api/v1/namespaces', { method: 'POST', body: { metadata: { name: 'going' } } });
  await api.call('/api/v1/namespaces/going', { method: 'DELETE' });
  const waiting = (await api.call('/api/v1/namespaces/going')).json();
  expect(waiting.metadata.deletionTimestamp).toBeDefined();
  const body = { ...waiting, spec: { finalizers: [] } };
  const done = await api.call('/api/v1/namespaces/going/finalize', { method: 'PUT', body });
  expect(done.code).toBe(200);
  expect((await api.call('/api/v1/namespaces/going')).code).toBe(404);
});

import { parse } from 'valibot';
import { describe, expect, test } from 'vitest';
import { MAX_PAYLOAD_BYTES, MAX_PODS_PER_NODE } from '../../shared/protocol/limits.ts';
import { DocumentsSchema, PodDocumentSchema } from '../../shared/protocol/messages.ts';
import { aCluster } from '../../test/support/converge.ts';
import type { FakeCluster } from '../../test/support/fake-cluster.ts';
import { desiredSet, documentMessages } from './desired.ts';
import { referencesOf } from './references.ts';

const container = { name: 'main', image: 'img' };

function addPod(
  cluster: FakeCluster,
  name: string,
  more: { spec?: object; metadata?: object; status?: object } = {},
) {
  return cluster.create('Pod', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'default', name, ...more.metadata },
    spec: { nodeName: 'pi-1', containers: [container], ...more.spec },
    status: more.status,
  });
}

const setOf = (cluster: FakeCluster) => desiredSet(cluster.view, 'pi-1', new WeakMap());
const namesOf = (cluster: FakeCluster) =>
  setOf(cluster).pods.map(
    ({ uid }) => cluster.view.list('Pod').find(pod => pod.metadata.uid === uid)?.metadata.name,
  );

describe('referencesOf', () => {
  test('every way to refer to a ConfigMap or a Secret', () => {
    const pod = addPod(aCluster(), 'web', {
      spec: {
        imagePullSecrets: [{ name: 's-pull' }],
        initContainers: [
          {
            ...container,
            envFrom: [{ configMapRef: { name: 'c-from' } }, { secretRef: { name: 's-from' } }],
          },
        ],
        containers: [
          {
            ...container,
            env: [
              { name: 'A', valueFrom: { configMapKeyRef: { name: 'c-key', key: 'k' } } },
              { name: 'B', valueFrom: { secretKeyRef: { name: 's-key', key: 'k' } } },
              { name: 'C', value: 'plain' },
            ],
          },
        ],
        volumes: [
          { name: 'a', configMap: { name: 'c-volume' } },
          { name: 'b', secret: { secretName: 's-volume' } },
          {
            name: 'c',
            projected: {
              sources: [{ configMap: { name: 'c-projected' } }, { secret: { name: 's-projected' } }],
            },
          },
          { name: 'd', emptyDir: {} },
        ],
      },
    });
    expect(referencesOf(pod)).toEqual({
      configMaps: ['c-from', 'c-key', 'c-projected', 'c-volume'],
      secrets: ['s-from', 's-key', 's-projected', 's-pull', 's-volume'],
    });
  });
});

describe('desiredSet', () => {
  test('finished pods stay, behind the others; those being deleted say how long they may take', () => {
    const cluster = aCluster();
    addPod(cluster, 'done', { status: { phase: 'Succeeded' } });
    addPod(cluster, 'web');
    addPod(cluster, 'leaving', {
      metadata: { deletionTimestamp: '2026-01-01T00:00:00Z', deletionGracePeriodSeconds: 7 },
    });
    addPod(cluster, 'elsewhere', { spec: { nodeName: 'pi-2' } });
    expect(namesOf(cluster)).toEqual(['web', 'leaving', 'done']);
    expect(setOf(cluster).pods.map(pod => pod.terminateWithinSeconds)).toEqual([undefined, 7, undefined]);
  });

  test('more pods than a node may have: the finished ones go first', () => {
    const cluster = aCluster();
    addPod(cluster, 'done', { status: { phase: 'Failed' } });
    for (let i = 0; i < MAX_PODS_PER_NODE; i++) addPod(cluster, `web-${i}`);
    expect(namesOf(cluster)).toHaveLength(MAX_PODS_PER_NODE);
    expect(namesOf(cluster)).not.toContain('done');
  });

  test('a status changes no digest; a label and a referenced Secret do', () => {
    const cluster = aCluster();
    const pod = addPod(cluster, 'web', {
      spec: { volumes: [{ name: 'v', secret: { secretName: 's' } }] },
    });
    const digest = () => setOf(cluster).pods[0]?.digest;
    const first = digest();
    const running = cluster.updateStatus('Pod', { ...pod, status: { phase: 'Running' } });
    expect(digest()).toBe(first);
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: 'default', name: 's' },
      data: { a: 'YQ==' },
    };
    cluster.create('Secret', secret);
    const second = digest();
    expect(second).not.toBe(first);
    cluster.update('Pod', { ...running, metadata: { ...running.metadata, labels: { a: 'b' } } });
    expect(digest()).not.toBe(second);
  });

  test('the cache is not asked for what changed', () => {
    const cluster = aCluster();
    addPod(cluster, 'web', { spec: { volumes: [{ name: 'v', configMap: { name: 'c' } }] } });
    const cache = new WeakMap();
    const digest = () => desiredSet(cluster.view, 'pi-1', cache).pods[0]?.digest;
    const first = digest();
    cluster.create('ConfigMap', {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'default', name: 'c' },
    });
    expect(digest()).not.toBe(first);
    expect(digest()).toBe(setOf(cluster).pods[0]?.digest);
  });
});

describe('documentMessages', () => {
  test('as few messages as the payload bound allows, all of them well-formed', () => {
    const cluster = aCluster();
    const blob = 'x'.repeat(900 * 1024);
    for (let i = 0; i < 6; i++) addPod(cluster, `web-${i}`, { metadata: { annotations: { blob } } });
    const { documents } = setOf(cluster);
    const messages = documentMessages([...documents.values()]);
    expect(messages).toHaveLength(2);
    for (const message of messages) expect(Buffer.byteLength(message)).toBeLessThanOrEqual(MAX_PAYLOAD_BYTES);
    const sent = messages.flatMap(message => parse(DocumentsSchema, JSON.parse(message)).documents);
    expect(sent.map(({ digest }) => digest)).toEqual([...documents.keys()]);
    for (const { document } of sent) parse(PodDocumentSchema, document);
    expect(documentMessages([])).toEqual([]);
  });

  test('tells of the API, and of the Services of its namespace that were there first', () => {
    const cluster = aCluster();
    const service = (name: string, more: object = {}, namespace = 'default') =>
      cluster.create('Service', {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { namespace, name, ...more },
        spec: {
          clusterIP: name === 'headless' ? 'None' : '10.96.0.9',
          ports: [{ port: 80, protocol: 'TCP' }],
        },
      });
    cluster.create('Endpoints', {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { namespace: 'default', name: 'kubernetes' },
      subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ name: 'https', port: 6443 }] }],
    });
    for (const name of ['web', 'headless', 'kubernetes']) service(name);
    service('foreign', {}, 'other');
    service('late', { creationTimestamp: '2999-01-01T00:00:00Z' });
    const servicesOf = (spec: object) => {
      const pod = addPod(cluster, `pod-${JSON.stringify(spec).length}`, { spec });
      const { documents } = setOf(cluster);
      const found = [...documents.values()].map(({ json }) => JSON.parse(json));
      return found.find(({ uid }) => uid === pod.metadata.uid)?.services;
    };
    const api = {
      name: 'kubernetes',
      host: '10.0.0.1',
      ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
    };
    const web = { name: 'web', host: '10.96.0.9', ports: [{ port: 80, protocol: 'TCP' }] };
    expect(servicesOf({})).toEqual([api, web]);
    expect(servicesOf({ enableServiceLinks: false })).toEqual([api]);
  });
});

/** What every kind can do, tried on every kind: the verbs of a client, the status apart, and a place in discovery. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apiVersionOf, type Kind } from '../../master/registry/kind.ts';
import { BUILTIN_KINDS, KindTable } from '../../master/registry/kinds.ts';
import { type Json, startTestApi, type TestApi } from '../support/api.ts';
import { followWatch } from '../support/follow-watch.ts';
import { OTHER_VERSIONS, SPECIMENS } from './specimens.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
  for (const name of ['lives', 'lives-too']) {
    const made = await api.call('/api/v1/namespaces', { method: 'POST', body: { metadata: { name } } });
    expect(made.code).toBe(201);
  }
});
afterAll(() => api.stop());

const MERGE = { 'content-type': 'application/merge-patch+json' };
const specimens: Readonly<Record<string, object>> = SPECIMENS;
const KINDS = new KindTable().served().map(kind => {
  const title = `${apiVersionOf(kind)} ${kind.kind}`;
  return { title, kind, content: OTHER_VERSIONS[title] ?? specimens[kind.id] ?? {} };
});
const labelled = (value: string) => encodeURIComponent(`life=${value}`);

/** Where objects of the kind are made, and where all of them are listed. */
function pathsOf(kind: Kind) {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const everywhere = `${root}/${kind.plural}`;
  const home = (namespace: string) =>
    kind.namespaced ? `${root}/namespaces/${namespace}/${kind.plural}` : everywhere;
  return { everywhere, here: home('lives'), there: home('lives-too') };
}

/** A definition is named after what it defines. */
function named(kind: Kind, name: string, content: object): Json {
  if (kind.id !== 'CustomResourceDefinition') return { name, content };
  const spec = Reflect.get(content, 'spec');
  const names = { plural: name, kind: name.replace(/-/g, '') };
  return { name: `${name}.${spec.group}`, content: { spec: { ...spec, names } } };
}

async function make(kind: Kind, path: string, wanted: string, content: object, labels: object) {
  const given = named(kind, wanted, content);
  const body = {
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    metadata: { name: given.name, labels },
    ...given.content,
  };
  const made = await api.call(path, { method: 'POST', body });
  expect(made.code, made.text).toBe(201);
  return made.json();
}

/** As the control loops of definitions and volumes do when nothing is left that uses the object. */
async function letGo(path: string): Promise<void> {
  await api.call(path, { method: 'PATCH', body: { metadata: { finalizers: null } }, headers: MERGE });
}

describe.each(KINDS)('$title', ({ kind, content }) => {
  const { everywhere, here, there } = pathsOf(kind);
  const id = [kind.plural, ...kind.group.split('.'), kind.version].filter(part => part !== '').join('-');

  it('is created, read, listed, watched, patched, replaced and deleted', async () => {
    const { resourceVersion } = (await api.call(`${here}?limit=1`)).json().metadata;
    const query = `watch=true&resourceVersion=${resourceVersion}&labelSelector=${labelled(id)}`;
    const watched = followWatch(api, `${here}?${query}`, events => events.at(-1)?.type === 'DELETED');
    const made = await make(kind, here, `${id}-one`, content, { life: id });
    const path = `${here}/${made.metadata.name}`;
    expect(made.metadata).toMatchObject({
      uid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      resourceVersion: expect.stringMatching(/^\d+$/),
      creationTimestamp: expect.stringMatching(/Z$/),
      managedFields: [{ operation: 'Update' }],
    });
    expect((await api.call(here, { method: 'POST', body: made })).code).toBe(400);

    expect((await api.call(path)).json()).toEqual(made);
    for (const list of [here, everywhere]) {
      const found = (await api.call(`${list}?labelSelector=${labelled(id)}`)).json();
      expect(found).toMatchObject({ kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind) });
      expect(found.items.map((item: Json) => item.metadata.uid)).toEqual([made.metadata.uid]);
    }

    const patch = { metadata: { annotations: { tried: 'patch' } } };
    const patched = (await api.call(path, { method: 'PATCH', body: patch, headers: MERGE })).json();
    expect(patched.metadata).toMatchObject({ uid: made.metadata.uid, annotations: { tried: 'patch' } });

    const body = { ...patched, metadata: { ...patched.metadata, annotations: { tried: 'replace' } } };
    const replaced = await api.call(path, { method: 'PUT', body });
    expect(replaced.code, replaced.text).toBe(200);
    expect((await api.call(path)).json().metadata.annotations).toEqual({ tried: 'replace' });
    expect((await api.call(path, { method: 'PUT', body })).json()).toMatchObject({
      code: 409,
      reason: 'Conflict',
    });

    const deleted = await api.call(path, { method: 'DELETE' });
    expect(deleted.code).toBe(200);
    if (made.metadata.finalizers !== undefined) await letGo(path);
    if (kind.id === 'Namespace')
      await api.call(`${path}/finalize`, { method: 'PUT', body: { metadata: {}, spec: { finalizers: [] } } });
    const events = await watched;
    expect(events[0]).toMatchObject({ type: 'ADDED', object: { metadata: { uid: made.metadata.uid } } });
    const changes = events.slice(1, 3).map(({ type, object }) => [type, object.metadata.annotations.tried]);
    expect(changes).toEqual([
      ['MODIFIED', 'patch'],
      ['MODIFIED', 'replace'],
    ]);
    expect((await api.call(path)).json()).toMatchObject({ code: 404, reason: 'NotFound' });
  });

  it('is deleted as a collection, by label and no further', async () => {
    const chosen = { life: `${id}-chosen` };
    for (const name of ['a', 'b', 'c']) await make(kind, here, `${id}-${name}`, content, chosen);
    const kept = await make(kind, here, `${id}-kept`, content, { life: `${id}-kept` });
    const elsewhere = await make(kind, there, `${id}-elsewhere`, content, chosen);
    const query = `labelSelector=${labelled(chosen.life)}`;
    const scoped = kind.namespaced ? query : `${query},life!=none`;
    const answer = await api.call(`${here}?${scoped}`, { method: 'DELETE' });
    if (kind.hasNoDeleteCollection) {
      expect(answer.json()).toMatchObject({ code: 405, reason: 'MethodNotAllowed' });
      return;
    }
    expect(answer.code, answer.text).toBe(200);
    const left = (await api.call(everywhere)).json().items;
    const standing = left
      .filter((item: Json) => item.metadata.deletionTimestamp === undefined)
      .map((item: Json) => item.metadata.uid);
    expect(standing).toContain(kept.metadata.uid);
    if (kind.namespaced) expect(standing).toContain(elsewhere.metadata.uid);
    expect(
      (await api.call(`${here}?${query}`))
        .json()
        .items.filter((item: Json) => !item.metadata.deletionTimestamp),
    ).toEqual([]);
  });

  it('is in both forms of discovery, with the verbs that it has', async () => {
    const root = kind.group === '' ? '/api/v1' : `/apis/${apiVersionOf(kind)}`;
    const { resources } = (await api.call(root)).json();
    const own = resources.find((resource: Json) => resource.name === kind.plural);
    expect(own).toMatchObject({ kind: kind.kind, namespaced: kind.namespaced });
    const clears = kind.hasNoDeleteCollection ? [] : ['deletecollection'];
    const verbs = ['create', 'delete', ...clears, 'get', 'list', 'patch', 'update', 'watch'];
    expect([...own.verbs].sort()).toEqual(verbs);
    const accept = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';
    const groups = (await api.call(kind.group === '' ? '/api' : '/apis', { headers: { accept } })).json()
      .items;
    const versions = groups.find((group: Json) => (group.metadata.name ?? '') === kind.group).versions;
    const listed = versions.find((version: Json) => version.version === kind.version).resources;
    const entry = listed.find((resource: Json) => resource.resource === kind.plural);
    expect([...entry.verbs].sort()).toEqual(verbs);
    const below = (entry.subresources ?? []).map((each: Json) => each.subresource);
    expect(below).toEqual(expect.arrayContaining([...kind.subresources]));
  });
});

describe.each(BUILTIN_KINDS.filter(({ subresources }) => subresources.includes('status')))(
  'the status of $kind',
  kind => {
    const { here } = pathsOf(kind);
    const marked = (object: Json) => object.metadata.annotations?.marked;
    /** Kinds whose status takes nothing of the metadata along. */
    const isApart = ['CustomResourceDefinition', 'VolumeAttachment'].includes(kind.id);

    it('is read, patched and replaced apart from the spec', async () => {
      const made = await make(kind, here, `${kind.plural}-status`, specimens[kind.id] ?? {}, { kept: 'yes' });
      const path = `${here}/${made.metadata.name}`;
      expect((await api.call(`${path}/status`)).json()).toEqual(made);

      const body = { metadata: { annotations: { marked: 'patch' } }, spec: null, status: STATUS[kind.id] };
      const answer = await api.call(`${path}/status`, { method: 'PATCH', body, headers: MERGE });
      expect(answer.code, answer.text).toBe(200);
      const patched = answer.json();
      expect(patched).toMatchObject({ spec: made.spec, status: STATUS[kind.id] });
      expect(patched.metadata.generation).toBe(made.metadata.generation);
      expect(marked(patched)).toBe(isApart ? undefined : 'patch');

      const next = { ...patched, metadata: { ...patched.metadata, annotations: { marked: 'replace' } } };
      const replaced = await api.call(`${path}/status`, {
        method: 'PUT',
        body: { ...next, spec: undefined },
      });
      expect(replaced.code, replaced.text).toBe(200);
      expect(replaced.json()).toMatchObject({ spec: made.spec, status: STATUS[kind.id] });
      expect(marked(replaced.json())).toBe(isApart ? undefined : 'replace');

      const stale = { metadata: { resourceVersion: made.metadata.resourceVersion }, status: {} };
      expect((await api.call(`${path}/status`, { method: 'PATCH', body: stale, headers: MERGE })).code).toBe(
        409,
      );

      const plain = { ...replaced.json(), status: undefined };
      await api.call(path, { method: 'PUT', body: plain });
      expect((await api.call(path)).json().status).toMatchObject(STATUS[kind.id]);
    });
  },
);

const condition = { type: 'Tried', status: 'True', reason: 'Test', message: 'by a test' };
const counted = { observedGeneration: 1 };
/** Something that each kind's status can say. */
const STATUS: Readonly<Record<string, Json>> = {
  Namespace: { conditions: [condition] },
  Node: { conditions: [condition] },
  Pod: { conditions: [condition], message: 'tried' },
  Deployment: { conditions: [condition], ...counted },
  ReplicaSet: { conditions: [condition], replicas: 0 },
  ReplicationController: { conditions: [condition], replicas: 0 },
  DaemonSet: {
    conditions: [condition],
    currentNumberScheduled: 0,
    desiredNumberScheduled: 0,
    numberMisscheduled: 0,
    numberReady: 0,
  },
  StatefulSet: { conditions: [condition], replicas: 0 },
  Service: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
  PersistentVolume: { phase: 'Available', message: 'tried' },
  PersistentVolumeClaim: { phase: 'Pending', conditions: [{ type: 'Tried', status: 'True' }] },
  ResourceQuota: { hard: { pods: '2' }, used: { pods: '1' } },
  Job: { conditions: [condition], active: 0 },
  CronJob: { lastScheduleTime: '2026-01-01T00:00:00Z' },
  HorizontalPodAutoscaler: { conditions: [condition], currentReplicas: 1, desiredReplicas: 1 },
  PodDisruptionBudget: {
    conditions: [{ ...condition, lastTransitionTime: '2026-01-01T00:00:00Z' }],
    currentHealthy: 0,
    desiredHealthy: 0,
    disruptionsAllowed: 0,
    expectedPods: 0,
  },
  Ingress: { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
  CertificateSigningRequest: { conditions: [condition] },
  CustomResourceDefinition: { conditions: [condition] },
  VolumeAttachment: { attached: true },
};

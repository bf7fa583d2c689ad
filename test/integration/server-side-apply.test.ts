/** Server-side apply and managedFields over HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Json, startTestApi, type TestApi } from '../support/api.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';
const MAPS = '/api/v1/namespaces/default/configmaps';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

type Query = { readonly manager?: string; readonly more?: string; readonly type?: string };

function apply(
  path: string,
  body: object | string,
  { manager = 'alice', more = '', type = 'apply-patch+yaml' }: Query = {},
) {
  const query = `?${manager === '' ? '' : `fieldManager=${manager}`}${more}`;
  return api.call(`${path}${query}`, {
    method: 'PATCH',
    body,
    headers: { 'content-type': `application/${type}` },
  });
}

const aMap = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const aDeployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name, labels: { app: name } },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'busybox:1.36', ports: [{ containerPort: 80 }] }] },
    },
    ...spec,
  },
});

/** The fields that an entry of `managedFields` names; fails when there is no such entry. */
function ownedBy(answer: Answer, manager: string, operation: string, subresource?: string): Json {
  const entries: Json[] = answer.json().metadata.managedFields ?? [];
  const found = entries.filter(
    entry => entry.manager === manager && entry.operation === operation && entry.subresource === subresource,
  );
  expect(found, `${operation} of ${manager} in ${JSON.stringify(entries)}`).toHaveLength(1);
  return found[0].fieldsV1;
}

describe('apply', () => {
  it('creates what is not there, and owns what it said and nothing that was filled in', async () => {
    const answer = await apply(`${DEPLOYMENTS}/made`, aDeployment('made'));
    expect(answer.code).toBe(201);
    expect(answer.json().spec.replicas).toBe(1);
    expect(answer.json().metadata.managedFields).toEqual([
      {
        manager: 'alice',
        operation: 'Apply',
        apiVersion: 'apps/v1',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        fieldsType: 'FieldsV1',
        fieldsV1: {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:selector': {},
            'f:template': {
              'f:metadata': { 'f:labels': { 'f:app': {} } },
              'f:spec': {
                'f:containers': {
                  'k:{"name":"main"}': {
                    '.': {},
                    'f:image': {},
                    'f:name': {},
                    'f:ports': {
                      'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ]);
  });

  it('writes nothing when nothing changes, and takes YAML', async () => {
    const first = await apply(`${MAPS}/same`, aMap('same', { a: '1' }));
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: same}\ndata: {a: "1"}\n';
    const second = await apply(`${MAPS}/same`, yaml);
    expect([first.code, second.code]).toEqual([201, 200]);
    expect(second.json()).toEqual(first.json());
  });

  it('owns what it wants to be null, which then is as if left out', async () => {
    const wanted = aDeployment('none', { replicas: null, minReadySeconds: null });
    const made = await apply(`${DEPLOYMENTS}/none`, {
      ...wanted,
      metadata: { ...wanted.metadata, annotations: null },
    });
    expect(made.json()).toMatchObject({ spec: { replicas: 1 } });
    expect(made.json().spec).not.toHaveProperty('minReadySeconds');
    const owned = ownedBy(made, 'alice', 'Apply');
    expect(owned['f:spec']).toMatchObject({ 'f:replicas': {}, 'f:minReadySeconds': {} });
    expect(owned['f:metadata']).toMatchObject({ 'f:annotations': {} });
    expect(
      (
        await apply(`${DEPLOYMENTS}/none`, { ...wanted, metadata: { ...wanted.metadata, annotations: null } })
      ).json(),
    ).toEqual(made.json());

    const update = { manager: 'hpa', type: 'merge-patch+json' };
    await apply(`${DEPLOYMENTS}/none`, { spec: { replicas: 4 } }, update);
    const refused = await apply(`${DEPLOYMENTS}/none`, wanted);
    expect([refused.code, refused.json().details.causes]).toMatchObject([409, [{ field: '.spec.replicas' }]]);
    const forced = await apply(`${DEPLOYMENTS}/none`, wanted, { more: '&force=true' });
    expect(forced.json()).toMatchObject({ spec: { replicas: 1 } });
  });

  it('refuses what another owns, in the words of Kubernetes, until it is forced', async () => {
    await apply(`${DEPLOYMENTS}/fight`, aDeployment('fight', { replicas: 2 }));
    const scaled = { spec: { replicas: 5 } };
    const update = { manager: 'hpa', type: 'merge-patch+json' };
    expect((await apply(`${DEPLOYMENTS}/fight`, scaled, update)).code).toBe(200);
    const refused = await apply(`${DEPLOYMENTS}/fight`, aDeployment('fight', { replicas: 2 }));
    expect([refused.code, refused.json()]).toEqual([
      409,
      {
        kind: 'Status',
        apiVersion: 'v1',
        metadata: {},
        status: 'Failure',
        message: 'Apply failed with 1 conflict: conflict with "hpa" using apps/v1: .spec.replicas',
        reason: 'Conflict',
        details: {
          causes: [
            {
              reason: 'FieldManagerConflict',
              message: 'conflict with "hpa" using apps/v1',
              field: '.spec.replicas',
            },
          ],
        },
        code: 409,
      },
    ]);
    const forced = await apply(`${DEPLOYMENTS}/fight`, aDeployment('fight', { replicas: 2 }), {
      more: '&force=true',
    });
    expect(forced.json().spec.replicas).toBe(2);
    expect(forced.json().metadata.managedFields.map((entry: Json) => entry.manager)).toEqual(['alice']);
  });

  it('names every conflict when there are many', async () => {
    await apply(`${MAPS}/many`, aMap('many', { a: '1', b: '1' }), { manager: 'one' });
    const refused = await apply(`${MAPS}/many`, aMap('many', { a: '2', b: '2' }), { manager: 'two' });
    expect(refused.json().message).toBe(
      'Apply failed with 2 conflicts: conflicts with "one":\n- .data.a\n- .data.b',
    );
  });

  it('takes back what it leaves out, unless another owns it too', async () => {
    await apply(`${MAPS}/shared`, aMap('shared', { mine: '1', both: '1' }), { manager: 'one' });
    await apply(`${MAPS}/shared`, aMap('shared', { both: '1', theirs: '1' }), { manager: 'two' });
    const less = await apply(`${MAPS}/shared`, aMap('shared', {}), { manager: 'one' });
    expect(less.json().data).toEqual({ both: '1', theirs: '1' });
    const none = await apply(`${MAPS}/shared`, aMap('shared', {}), { manager: 'two' });
    expect(none.json().data ?? {}).toEqual({});
  });

  it('merges lists by their keys', async () => {
    const withContainers = (containers: object[]) => {
      const base = aDeployment('lists');
      return { ...base, spec: { ...base.spec, template: { ...base.spec.template, spec: { containers } } } };
    };
    await apply(`${DEPLOYMENTS}/lists`, withContainers([{ name: 'main', image: 'busybox:1.36' }]), {
      manager: 'one',
    });
    const both = await apply(
      `${DEPLOYMENTS}/lists`,
      withContainers([
        { name: 'main', env: [{ name: 'A', value: '1' }] },
        { name: 'log', image: 'busybox:1.36' },
      ]),
      { manager: 'two' },
    );
    const shown = (answer: Answer) =>
      answer.json().spec.template.spec.containers.map(({ name, image, env }: Json) => ({ name, image, env }));
    expect(shown(both)).toEqual([
      { name: 'main', image: 'busybox:1.36', env: [{ name: 'A', value: '1' }] },
      { name: 'log', image: 'busybox:1.36', env: undefined },
    ]);
    const gone = await apply(`${DEPLOYMENTS}/lists`, aDeployment('lists'), {
      manager: 'two',
      more: '&force=true',
    });
    expect(shown(gone)).toEqual([{ name: 'main', image: 'busybox:1.36', env: undefined }]);
  });

  it.each([
    [
      'no manager',
      '',
      {},
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      'a field that is none',
      'a',
      { colour: 1 },
      400,
      'failed to create typed patch object (default/bad; v1, Kind=ConfigMap): .colour: field not declared in schema',
    ],
    [
      'managedFields',
      'a',
      { metadata: { managedFields: [{ manager: 'x' }] } },
      400,
      'metadata.managedFields must be nil',
    ],
    [
      'another version',
      'a',
      { apiVersion: 'v2' },
      400,
      'Incorrect version specified in apply patch. Specified patch version: v2, expected: v1',
    ],
    [
      'a wrong type',
      'a',
      { data: 3 },
      400,
      'ConfigMap in version "v1" cannot be handled as a ConfigMap: data: cannot read 3 as a map',
    ],
  ])('refuses %s', async (_what, manager, more, code, message) => {
    const answer = await apply(`${MAPS}/bad`, { ...aMap('bad', {}), ...more }, { manager });
    expect([answer.code, answer.json().message]).toEqual([code, message]);
    expect((await api.call(`${MAPS}/bad`)).code).toBe(404);
  });

  it('refuses CBOR, and force without apply', async () => {
    expect((await apply(`${MAPS}/bad`, aMap('bad', {}), { type: 'apply-patch+cbor' })).code).toBe(415);
    const forced = await apply(`${MAPS}/bad`, {}, { type: 'merge-patch+json', more: '&force=true' });
    expect(forced.json().message).toBe(
      'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch',
    );
  });

  it('does all but write on a dry run', async () => {
    const answer = await apply(`${MAPS}/dry`, aMap('dry', { a: '1' }), { more: '&dryRun=All' });
    expect([answer.code, answer.json().data]).toEqual([201, { a: '1' }]);
    expect((await api.call(`${MAPS}/dry`)).code).toBe(404);
  });

  it('holds for the resourceVersion that it names, and for no other', async () => {
    const { metadata } = (await apply(`${MAPS}/held`, aMap('held', { a: '1' }))).json();
    const held = (resourceVersion: string, a: string) => ({
      ...aMap('held', { a }),
      metadata: { name: 'held', resourceVersion },
    });
    expect((await apply(`${MAPS}/held`, held(metadata.resourceVersion, '2'))).code).toBe(200);
    expect((await apply(`${MAPS}/held`, held(metadata.resourceVersion, '3'))).code).toBe(409);
  });
});

describe('managedFields', () => {
  it('say who created and who changed, by fieldManager or by what the client calls itself', async () => {
    const headers = { 'user-agent': 'terraform/1.2 (linux)' };
    const created = await api.call(MAPS, { method: 'POST', body: aMap('told', { a: '1', b: '1' }), headers });
    expect(ownedBy(created, 'terraform', 'Update')).toEqual({ 'f:data': { '.': {}, 'f:a': {}, 'f:b': {} } });
    const patched = await apply(
      `${MAPS}/told`,
      { data: { a: '2', b: null } },
      { manager: 'bob', type: 'merge-patch+json' },
    );
    expect(ownedBy(patched, 'bob', 'Update')).toEqual({ 'f:data': { 'f:a': {} } });
    expect(ownedBy(patched, 'terraform', 'Update')).toEqual({ 'f:data': {} });
  });

  it('keep the status and the scale apart', async () => {
    await apply(`${DEPLOYMENTS}/doors`, aDeployment('doors', { replicas: 1 }));
    const status = await apply(
      `${DEPLOYMENTS}/doors/status`,
      { status: { observedGeneration: 1 } },
      { manager: 'watcher', type: 'merge-patch+json' },
    );
    expect(ownedBy(status, 'watcher', 'Update', 'status')).toEqual({
      'f:status': { 'f:observedGeneration': {} },
    });
    await apply(
      `${DEPLOYMENTS}/doors/scale`,
      { spec: { replicas: 4 } },
      { manager: 'scaler', type: 'merge-patch+json' },
    );
    const after = await api.call(`${DEPLOYMENTS}/doors`);
    expect(ownedBy(after, 'scaler', 'Update', 'scale')).toEqual({ 'f:spec': { 'f:replicas': {} } });
    const refused = await apply(`${DEPLOYMENTS}/doors`, aDeployment('doors', { replicas: 1 }));
    expect(refused.json().message).toBe(
      'Apply failed with 1 conflict: conflict with "scaler" with subresource "scale" using apps/v1: .spec.replicas',
    );
    const applied = await apply(`${DEPLOYMENTS}/doors/status`, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      status: { replicas: 3 },
    });
    expect(ownedBy(applied, 'alice', 'Apply', 'status')).toEqual({ 'f:status': { 'f:replicas': {} } });
    expect(applied.json().spec.replicas).toBe(4);
  });

  it.each([
    ['[]', []],
    ['[{}]', [{}]],
  ])('are cleared by %s, and begin again at the next apply', async (_text, managedFields) => {
    await apply(`${MAPS}/clear`, aMap('clear', { a: '1' }));
    const cleared = await apply(
      `${MAPS}/clear`,
      { metadata: { managedFields } },
      { type: 'merge-patch+json' },
    );
    expect(cleared.json().metadata).not.toHaveProperty('managedFields');
    const updated = await apply(`${MAPS}/clear`, { data: { a: '1', b: '1' } }, { type: 'merge-patch+json' });
    expect(updated.json().metadata).not.toHaveProperty('managedFields');
    const again = await apply(`${MAPS}/clear`, aMap('clear', { a: '1' }));
    expect(ownedBy(again, 'before-first-apply', 'Update')).toEqual({
      'f:data': { '.': {}, 'f:a': {}, 'f:b': {} },
    });
    expect(ownedBy(again, 'alice', 'Apply')).toEqual({ 'f:data': { 'f:a': {} } });
    await api.call(`${MAPS}/clear`, { method: 'DELETE' });
  });

  it('are not spoilt by nonsense from a client', async () => {
    const before = await apply(`${MAPS}/kept`, aMap('kept', { a: '1' }));
    for (const entry of [{ operation: 'Steal' }, { fieldsV1: { data: {} } }, { fieldsV1: 3 }]) {
      const managedFields = [
        { manager: 'x', operation: 'Update', apiVersion: 'v1', fieldsType: 'FieldsV1', ...entry },
      ];
      const answer = await apply(
        `${MAPS}/kept`,
        { metadata: { managedFields } },
        { type: 'merge-patch+json' },
      );
      expect([answer.code, answer.json()]).toEqual([200, before.json()]);
    }
  });
});

describe('OpenAPI', () => {
  it('says how lists and structs are patched, and how they are owned', async () => {
    const { schemas } = (await api.call('/openapi/v3/api/v1')).json().components;
    const named = (type: string) =>
      schemas[Object.keys(schemas).find(name => name.endsWith(`.v1.${type}`)) ?? ''];
    const property = (type: string, field: string) => named(type).properties[field];
    expect(property('Container', 'ports')).toMatchObject({
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'containerPort',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
    });
    expect(property('PodSpec', 'volumes')).toMatchObject({
      'x-kubernetes-patch-strategy': 'merge,retainKeys',
    });
    expect(property('PodSpec', 'tolerations')).toMatchObject({ 'x-kubernetes-list-type': 'atomic' });
    expect(property('PodSpec', 'tolerations')).not.toHaveProperty('x-kubernetes-patch-strategy');
    expect(property('ObjectMeta', 'finalizers')).toMatchObject({ 'x-kubernetes-list-type': 'set' });
    expect(property('PodSpec', 'nodeSelector')).toMatchObject({ 'x-kubernetes-map-type': 'atomic' });
    expect(named('LabelSelector')).toMatchObject({ 'x-kubernetes-map-type': 'atomic' });
  });
});

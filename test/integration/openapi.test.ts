/** The OpenAPI documents as clients ask for them. */
import * as client from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WireField, wireFields } from '../../master/api-server/protobuf/wire.ts';
import { BUILTIN_KINDS, KindTable } from '../../master/registry/kinds.ts';
import { type Json, startTestApi, type TestApi } from '../support/api.ts';

const GNOSTIC = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

/** The operations of Kubernetes's own document: its client is generated from it, with the group's name taken out of each. */
const PUBLISHED = new Set(
  Object.entries<Json>(client)
    .filter(([name]) => /V\d\w*Api$/.test(name))
    .flatMap(([name, { prototype }]) =>
      Object.getOwnPropertyNames(prototype).map(method => {
        const group = name.slice(0, -'Api'.length);
        return method.replace(/^(list|read|create|replace|patch|delete|connect)/, `$1${group}`).toLowerCase();
      }),
    ),
);

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const get = (path: string, headers: Record<string, string> = {}) => api.call(path, { headers });

/** Every reference in the document. */
function references(document: Json): string[] {
  return [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference = '']) => reference);
}

describe('/openapi/v2', () => {
  it('defines every kind by its name in Kubernetes, and all that is referred to', async () => {
    const document = (await get('/openapi/v2')).json();
    expect(document).toMatchObject({ swagger: '2.0', info: { title: 'Pikelet' } });
    const kinds = Object.values<Json>(document.definitions).flatMap(
      definition => definition['x-kubernetes-group-version-kind'] ?? [],
    );
    for (const { group, version, kind } of BUILTIN_KINDS)
      expect(kinds).toContainEqual({ group, version, kind });
    expect(document.definitions['io.k8s.api.core.v1.PodSpec'].properties.containers).toMatchObject({
      type: 'array',
      items: { $ref: '#/definitions/io.k8s.api.core.v1.Container' },
      'x-kubernetes-patch-strategy': 'merge',
      'x-kubernetes-patch-merge-key': 'name',
    });
    expect(Object.keys(document.definitions).filter(name => !name.startsWith('io.k8s.'))).toEqual([]);
    for (const reference of new Set(references(document)))
      expect(document.definitions).toHaveProperty([reference.replace('#/definitions/', '')]);
  });

  it('has a PATCH with fieldValidation for every kind', async () => {
    const { paths } = (await get('/openapi/v2')).json();
    const patches = Object.values<Json>(paths).flatMap(({ patch }) => patch ?? []);
    const validated = patches
      .filter(patch => patch.parameters.some((parameter: Json) => parameter.name === 'fieldValidation'))
      .map(patch => patch['x-kubernetes-group-version-kind'].kind);
    expect(new Set(validated)).toEqual(
      new Set([...new KindTable().served().map(({ kind }) => kind), 'Scale']),
    );
  });

  it.each<[string, string, string, Json]>([
    [
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      'post',
      'createAuthorizationV1SubjectAccessReview',
      { body: 'io.k8s.api.authorization.v1.SubjectAccessReview', kind: 'SubjectAccessReview' },
    ],
    [
      '/apis/authorization.k8s.io/v1/namespaces/{namespace}/localsubjectaccessreviews',
      'post',
      'createAuthorizationV1NamespacedLocalSubjectAccessReview',
      { body: 'io.k8s.api.authorization.v1.LocalSubjectAccessReview', kind: 'LocalSubjectAccessReview' },
    ],
    [
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      'post',
      'createAuthenticationV1SelfSubjectReview',
      { body: 'io.k8s.api.authentication.v1.SelfSubjectReview', kind: 'SelfSubjectReview' },
    ],
    [
      '/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token',
      'post',
      'createCoreV1NamespacedServiceAccountToken',
      { body: 'io.k8s.api.authentication.v1.TokenRequest', kind: 'TokenRequest' },
    ],
    [
      '/api/v1/namespaces/{namespace}/pods/{name}/eviction',
      'post',
      'createCoreV1NamespacedPodEviction',
      { body: 'io.k8s.api.policy.v1.Eviction', kind: 'Eviction' },
    ],
    [
      '/api/v1/namespaces/{namespace}/pods/{name}/binding',
      'post',
      'createCoreV1NamespacedPodBinding',
      { body: 'io.k8s.api.core.v1.Binding', kind: 'Binding' },
    ],
    [
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale',
      'put',
      'replaceAppsV1NamespacedDeploymentScale',
      { body: 'io.k8s.api.autoscaling.v1.Scale', kind: 'Scale' },
    ],
    [
      '/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status',
      'patch',
      'patchAppsV1NamespacedDeploymentStatus',
      { body: 'io.k8s.api.apps.v1.Deployment', kind: 'Deployment' },
    ],
    [
      '/api/v1/pods',
      'get',
      'listCoreV1PodForAllNamespaces',
      {
        kind: 'Pod',
        answers: 'io.k8s.api.core.v1.PodList',
        parameter: { name: 'sendInitialEvents', type: 'boolean' },
      },
    ],
    [
      '/api/v1/namespaces/{namespace}/configmaps/{name}',
      'delete',
      'deleteCoreV1NamespacedConfigMap',
      {
        kind: 'ConfigMap',
        answers: 'io.k8s.apimachinery.pkg.apis.meta.v1.Status',
        parameter: { name: 'gracePeriodSeconds', type: 'integer' },
      },
    ],
    [
      '/apis/rbac.authorization.k8s.io/v1/clusterroles',
      'delete',
      'deleteRbacAuthorizationV1CollectionClusterRole',
      { kind: 'ClusterRole' },
    ],
    [
      '/api/v1/namespaces/{namespace}/pods/{name}/log',
      'get',
      'readCoreV1NamespacedPodLog',
      { kind: 'Pod', answers: 'text', parameter: { name: 'tailLines', type: 'integer' } },
    ],
    [
      '/api/v1/namespaces/{namespace}/pods/{name}/exec',
      'post',
      'connectCoreV1PostNamespacedPodExec',
      { kind: 'PodExecOptions', answers: 'text', parameter: { name: 'stdin', type: 'boolean' } },
    ],
    [
      '/api/v1/namespaces/{namespace}/services/{name}/proxy/{path}',
      'put',
      'connectCoreV1PutNamespacedServiceProxyWithPath',
      { kind: 'ServiceProxyOptions', answers: 'text' },
    ],
  ])(
    'has %s %s as Kubernetes has it',
    async (path, method, operationId, { body, kind, answers, parameter }) => {
      const { paths, definitions } = (await get('/openapi/v2')).json();
      const operation = paths[path][method];
      expect(operation).toMatchObject({ operationId, 'x-kubernetes-group-version-kind': { kind } });
      const { schema } = operation.responses[200];
      if (answers !== undefined)
        expect(schema).toEqual(
          answers === 'text' ? { type: 'string' } : { $ref: `#/definitions/${answers}` },
        );
      if (parameter !== undefined) expect(operation.parameters).toContainEqual({ in: 'query', ...parameter });
      if (body === undefined) return;
      const reference = { $ref: `#/definitions/${body}` };
      expect(schema).toEqual(reference);
      expect(operation.parameters).toContainEqual(expect.objectContaining({ in: 'body', schema: reference }));
      expect(definitions[body]).toMatchObject({
        description: expect.any(String),
        'x-kubernetes-group-version-kind': [operation['x-kubernetes-group-version-kind']],
      });
    },
  );

  it('names every operation as Kubernetes does, and none twice', async () => {
    const { paths } = (await get('/openapi/v2')).json();
    const ids: string[] = Object.values<Json>(paths).flatMap(({ parameters: _, ...operations }) =>
      Object.values<Json>(operations).map(({ operationId }) => operationId),
    );
    expect(ids.filter((id, index) => ids.indexOf(id) < index)).toEqual([]);
    const strangers = ids.filter(id => !PUBLISHED.has(id.toLowerCase()));
    expect(strangers).toEqual([]);
  });

  it('answers in protobuf with the same definitions and paths', async () => {
    const { headers, bytes } = await get('/openapi/v2', { accept: GNOSTIC });
    expect(headers['content-type']).toBe('application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
    const document = (await get('/openapi/v2')).json();
    const [paths] = below(bytes, 8);
    const [definitions] = below(bytes, 9);
    expect(below(paths, 2).map(entry => String(below(entry, 1)[0]))).toEqual(Object.keys(document.paths));
    const entries = below(definitions, 1);
    expect(entries.map(entry => String(below(entry, 1)[0]))).toEqual(Object.keys(document.definitions));
    for (const entry of entries) {
      const name = String(below(entry, 1)[0]);
      expect([name, schemaOf(below(entry, 2)[0])]).toEqual([name, document.definitions[name]]);
    }
  });
});

/** The contents of every delimited field `number` of a message. */
function below(message: Buffer | undefined, number: number): Buffer[] {
  const contentOf = ({ value }: WireField) => (value.kind === 'delimited' ? [value.bytes] : []);
  const fields = [...wireFields(message ?? Buffer.alloc(0))];
  return fields.filter(field => field.number === number).flatMap(contentOf);
}

/** A schema of gnostic's as JSON; written from OpenAPIv2.proto, apart from the encoder. */
function schemaOf(message: Buffer | undefined): Json {
  const text = (number: number) => below(message, number)[0]?.toString('utf8');
  const [additional] = below(message, 21);
  const [items] = below(message, 23);
  const [properties] = below(message, 25);
  const required = below(message, 19).map(String);
  const named = (entries: Buffer[], read: (value: Buffer | undefined) => unknown) =>
    Object.fromEntries(entries.map(entry => [String(below(entry, 1)[0]), read(below(entry, 2)[0])]));
  const [type] = below(message, 22);
  const members = {
    $ref: text(1),
    format: text(2),
    description: text(4),
    required: required.length === 0 ? undefined : required,
    additionalProperties: additional && schemaOf(below(additional, 1)[0]),
    type: type && String(below(type, 1)[0]),
    items: items && schemaOf(below(items, 1)[0]),
    properties: properties && named(below(properties, 1), schemaOf),
    ...named(below(message, 31), value => JSON.parse(String(below(value, 2)[0]))),
  };
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}

describe('/openapi/v3', () => {
  it('refers only to what each document defines', async () => {
    const { paths } = (await get('/openapi/v3')).json();
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining(['api/v1', 'apis/apps/v1', 'apis/authorization.k8s.io/v1']),
    );
    for (const { serverRelativeURL } of Object.values<Json>(paths)) {
      const document = (await get(serverRelativeURL)).json();
      const defined = Object.keys(document.components.schemas);
      for (const reference of new Set(references(document)))
        expect(defined).toContain(reference.replace('#/components/schemas/', ''));
    }
  });
});

it.each([
  ['/openapi/v2', 'application/json'],
  ['/openapi/v2', GNOSTIC],
  ['/openapi/v3', 'application/json'],
  ['/openapi/v3/apis/apps/v1', 'application/json'],
])('%s as %s is sent once to a client that keeps it', async (path, accept) => {
  const first = await get(path, { accept });
  expect(first).toMatchObject({ code: 200, headers: { etag: expect.stringMatching(/^"[0-9A-F]{32}"$/) } });
  const again = await get(path, { accept, 'if-none-match': String(first.headers.etag) });
  expect(again).toMatchObject({ code: 304, text: '', headers: { etag: first.headers.etag } });
});

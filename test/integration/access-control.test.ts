import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureDefaultRoles } from '../../master/auth/rbac/ensure-defaults.ts';
import { BUILTIN_KINDS } from '../../master/registry/kinds.ts';
import { type ApiCall, startTestApi, type TestApi } from '../support/api.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const PODS = '/api/v1/namespaces/default/pods';
const ROLES = `${RBAC}/namespaces/default/roles`;
const BINDINGS = `${RBAC}/namespaces/default/rolebindings`;
const GROUP = 'rbac.authorization.k8s.io';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const create = (path: string, body: object, more: ApiCall = {}) =>
  api.call(path, { ...more, method: 'POST', body });
const as = (user: string, ...groups: string[]): ApiCall => ({
  headers: {
    'impersonate-user': user,
    ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
  },
});
const bind = (name: string, role: string, user: string, namespace = 'default') =>
  create(`${RBAC}/namespaces/${namespace}/rolebindings`, {
    metadata: { name },
    roleRef: { kind: 'ClusterRole', name: role },
    subjects: [{ kind: 'User', name: user }],
  });

describe('who shows no credential', () => {
  it.each([
    { path: '/healthz', code: 200 },
    { path: '/version', code: 200 },
    { path: '/api', code: 401 },
    { path: PODS, code: 401 },
    { path: '/openid/v1/jwks', code: 401 },
  ])('$path: $code', async ({ path, code }) => {
    expect((await api.call(path, { anonymous: true })).code).toBe(code);
  });

  it('is refused with a token that proves nothing, whatever it asks for', async () => {
    expect((await api.call('/version', { token: 'abc' })).code).toBe(401);
  });
});

describe('roles', () => {
  it('let their subjects do what they say, where they are bound, and no more', async () => {
    expect((await bind('ann-views', 'view', 'ann')).code).toBe(201);
    expect((await api.call(PODS, as('ann'))).code).toBe(200);
    const elsewhere = await api.call('/api/v1/namespaces/kube-system/pods', as('ann'));
    expect(elsewhere.json()).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message:
        'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "kube-system"',
      reason: 'Forbidden',
      details: { kind: 'pods' },
      code: 403,
    });
    const logs = await api.call('/apis/apps/v1/deployments/x', as('ann'));
    expect(logs.json().message).toBe(
      'deployments.apps "x" is forbidden: User "ann" cannot get resource "deployments" in API group "apps" at the cluster scope',
    );
    expect((await api.call('/api/v1/namespaces/default/secrets', as('ann'))).code).toBe(403);
    expect((await api.call('/api/v1/namespaces/default', as('ann'))).code).toBe(200);
    expect((await api.call('/metrics', as('ann'))).json().message).toBe(
      'forbidden: User "ann" cannot get path "/metrics"',
    );
    await api.call(`${BINDINGS}/ann-views`, { method: 'DELETE' });
    expect((await api.call(PODS, as('ann'))).code).toBe(403);
  });

  it('that are not there are named in the refusal', async () => {
    await bind('nowhere', 'nope', 'nils');
    expect((await api.call(PODS, as('nils'))).json().message).toContain(
      ': RBAC: clusterrole.rbac.authorization.k8s.io "nope" not found',
    );
  });

  it('are validated in the words of Kubernetes', async () => {
    const bad = await create(ROLES, {
      metadata: { name: 'bad' },
      rules: [{ verbs: ['get'] }, { verbs: ['get'], nonResourceURLs: ['/x'] }],
    });
    expect(bad.json().message).toBe(
      'Role.rbac.authorization.k8s.io "bad" is invalid: [rules[0].apiGroups: Required value: resource rules must supply at least one api group, rules[0].resources: Required value: resource rules must supply at least one resource, rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs]',
    );
    const nothing = await create(BINDINGS, { metadata: { name: 'nothing' } }, as('bob', 'system:masters'));
    expect(nothing.code).toBe(422);
  });

  it('name their API group, and a binding keeps its role', async () => {
    const made = (await bind('kept', 'view', 'kim')).json();
    expect(made.roleRef).toEqual({ apiGroup: GROUP, kind: 'ClusterRole', name: 'view' });
    expect(made.subjects).toEqual([{ apiGroup: GROUP, kind: 'User', name: 'kim' }]);
    const moved = await api.call(`${BINDINGS}/kept`, {
      method: 'PUT',
      body: { ...made, roleRef: { ...made.roleRef, name: 'edit' } },
    });
    expect(moved.json().message).toContain('cannot change roleRef');
    const table = await api.call(`${BINDINGS}/kept`, {
      headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    });
    const { columnDefinitions, rows } = table.json();
    expect(columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
      'Name',
      'Role',
      'Age',
      'Users',
      'Groups',
      'ServiceAccounts',
    ]);
    expect(rows[0].cells).toEqual(['kept', 'ClusterRole/view', expect.any(String), 'kim', '', '']);
  });
});

describe('nobody grants what they do not hold', () => {
  const role = (verbs: string[]) => ({
    metadata: { name: `by-eve-${verbs.join('-')}` },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs }],
  });

  it('in a role', async () => {
    await bind('eve-edits-roles', 'admin', 'eve');
    const own = await create(ROLES, role(['get']), as('eve'));
    expect(own.code).toBe(201);
    const more = await create(ROLES, role(['get', 'escalate']), as('eve'));
    expect(more.code).toBe(403);
    expect(more.json().message).toBe(
      'roles.rbac.authorization.k8s.io "by-eve-get-escalate" is forbidden: user "eve" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["pods"], Verbs:["escalate"]}',
    );
    const grown = await api.call(`${ROLES}/by-eve-get`, {
      method: 'PATCH',
      body: { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
      headers: { ...as('eve').headers, 'content-type': 'application/merge-patch+json' },
    });
    expect(grown.code).toBe(403);
    const applied = await api.call(`${ROLES}/by-eve-applied?fieldManager=eve`, {
      method: 'PATCH',
      body: {
        apiVersion: `${GROUP}/v1`,
        kind: 'Role',
        ...role(['escalate']),
        metadata: { name: 'by-eve-applied' },
      },
      headers: { ...as('eve').headers, 'content-type': 'application/apply-patch+yaml' },
    });
    expect(applied.code).toBe(403);
  });

  it('nor in a binding, unless they may bind the role', async () => {
    const binding = {
      metadata: { name: 'eve-is-all' },
      roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
      subjects: [{ kind: 'User', name: 'eve' }],
    };
    expect((await create(BINDINGS, binding, as('eve'))).code).toBe(403);
    await create(ROLES, {
      metadata: { name: 'binder' },
      rules: [
        {
          apiGroups: [GROUP],
          resources: ['clusterroles'],
          verbs: ['bind'],
          resourceNames: ['cluster-admin'],
        },
      ],
    });
    await create(BINDINGS, {
      metadata: { name: 'eve-binds' },
      roleRef: { kind: 'Role', name: 'binder' },
      subjects: [{ kind: 'User', name: 'eve' }],
    });
    expect((await create(BINDINGS, binding, as('eve'))).code).toBe(201);
  });
});

describe('default roles', () => {
  it('are there, aggregated, and written again only when something is missing', async () => {
    const { cache, registry } = api;
    const admin = cache.get('ClusterRole', { name: 'admin' });
    expect(JSON.stringify(admin?.rules)).toContain('rolebindings');
    expect(JSON.stringify(admin?.rules)).toContain('pods/log');
    const { revision } = cache;
    await ensureDefaultRoles(cache, registry, BUILTIN_KINDS);
    expect(cache.revision).toBe(revision);
    const view = cache.get('ClusterRole', { name: 'system:discovery' });
    if (view === undefined) throw new Error('system:discovery is not there');
    await registry.update('ClusterRole', { ...view, rules: [] });
    await ensureDefaultRoles(cache, registry, BUILTIN_KINDS);
    expect(cache.get('ClusterRole', { name: 'system:discovery' })?.rules).toEqual(view.rules);
  });

  const viewer = as('dashboard', 'pikelet:viewers');
  it.each([
    { path: PODS, code: 200 },
    { path: '/api/v1/nodes', code: 200 },
    { path: '/apis/apps/v1/deployments', code: 200 },
    { path: '/apis/metrics.k8s.io/v1beta1/nodes', code: 200 },
    { path: '/api/v1/secrets', code: 403 },
    { path: `${PODS}/x/log`, code: 403 },
  ])('pikelet:viewers: $path $code', async ({ path, code }) => {
    expect((await api.call(path, viewer)).code).toBe(code);
  });
});

describe('impersonation', () => {
  it('needs leave for each of the names', async () => {
    const given = as('mia');
    const asOther = await api.call(PODS, {
      client: await api.ca.issueClient({ user: 'mia', groups: [] }),
      headers: { 'impersonate-user': 'admin' },
    });
    expect(asOther.json().message).toBe(
      'users "admin" is forbidden: User "mia" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
    const who = await create(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      {},
      {
        headers: {
          ...given.headers,
          'impersonate-group': ['a', 'b'],
          'impersonate-uid': '7',
          'impersonate-extra-dept%2fx': 'r',
        },
      },
    );
    expect(who.json().status.userInfo).toEqual({
      username: 'mia',
      uid: '7',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'dept/x': ['r'] },
    });
    expect((await api.call(PODS, { headers: { 'impersonate-group': 'a' } })).code).toBe(400);
  });
});

describe('reviews', () => {
  const AUTHORIZATION = '/apis/authorization.k8s.io/v1';
  const attributes = { verb: 'list', resource: 'pods', namespace: 'default' };

  it('are discovered, and only created', async () => {
    const list = (await api.call(AUTHORIZATION)).json();
    expect(list.resources.map(({ name }: { name: string }) => name)).toEqual([
      'subjectaccessreviews',
      'localsubjectaccessreviews',
      'selfsubjectaccessreviews',
      'selfsubjectrulesreviews',
    ]);
    expect((await api.call(`${AUTHORIZATION}/selfsubjectaccessreviews`)).code).toBe(405);
  });

  it('say who may what', async () => {
    const self = (body: object, more: ApiCall = {}) =>
      create(`${AUTHORIZATION}/selfsubjectaccessreviews`, { spec: body }, more);
    expect((await self({ resourceAttributes: attributes })).json().status).toEqual({ allowed: true });
    expect((await self({ resourceAttributes: attributes }, as('zoe'))).json().status).toEqual({
      allowed: false,
    });
    await bind('zoe-views', 'view', 'zoe');
    expect((await self({ resourceAttributes: attributes }, as('zoe'))).json().status).toEqual({
      allowed: true,
      reason: 'RBAC: allowed by RoleBinding "zoe-views/default" of ClusterRole "view" to User "zoe"',
    });
    expect((await self({})).code).toBe(422);
    const other = await create(`${AUTHORIZATION}/subjectaccessreviews`, {
      spec: { user: 'zoe', nonResourceAttributes: { verb: 'get', path: '/healthz' } },
    });
    expect(other.json().status).toEqual({ allowed: false });
    const local = (namespace: string) =>
      create(`${AUTHORIZATION}/namespaces/${namespace}/localsubjectaccessreviews`, {
        spec: { user: 'zoe', resourceAttributes: attributes },
      });
    expect((await local('default')).json().status.allowed).toBe(true);
    expect((await local('kube-system')).code).toBe(400);
    const rules = await create(
      `${AUTHORIZATION}/selfsubjectrulesreviews`,
      { spec: { namespace: 'default' } },
      as('zoe'),
    );
    expect(rules.json().status.incomplete).toBe(false);
    expect(JSON.stringify(rules.json().status.resourceRules)).toContain('pods/log');
    expect(JSON.stringify(rules.json().status.nonResourceRules)).toContain('/openapi/*');
  });
});

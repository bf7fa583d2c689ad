/** What those may who may only look: the ClusterRole `view` in a namespace, and the group of the dashboard. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiCall } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const CORE = '/api/v1/namespaces/default';
const CUSTOM = '/apis/example.org/v1/namespaces/default/measures';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
  await plane.create(`${RBAC}/namespaces/default/rolebindings`, {
    metadata: { name: 'vera-views' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'vera' }],
  });
  await plane.create(`${CORE}/configmaps`, { metadata: { name: 'settings' } });
});
afterAll(() => plane.stop());

const VERA = { 'impersonate-user': 'vera' };
const DASHBOARD = { 'impersonate-user': 'dashboard', 'impersonate-group': ['pikelet:viewers'] };
const asked = (headers: ApiCall['headers'], path: string, { method = 'GET', body }: ApiCall = {}) =>
  plane.call(path, { method, body, headers });

/** Refused before anybody looks whether the object is there. */
const REFUSED: readonly (readonly [string, string, string])[] = [
  ['GET', `${CORE}/pods/x/exec?command=ls`, 'get resource "pods/exec"'],
  ['POST', `${CORE}/pods/x/exec?command=ls`, 'create resource "pods/exec"'],
  ['GET', `${CORE}/pods/x/attach`, 'get resource "pods/attach"'],
  ['GET', `${CORE}/pods/x/portforward?ports=80`, 'get resource "pods/portforward"'],
  ['POST', `${CORE}/pods/x/portforward`, 'create resource "pods/portforward"'],
  ['GET', `${CORE}/pods/x/proxy/`, 'get resource "pods/proxy"'],
  ['GET', `${CORE}/services/x/proxy/`, 'get resource "services/proxy"'],
  ['POST', `${CORE}/pods/x/eviction`, 'create resource "pods/eviction"'],
  ['POST', `${CORE}/serviceaccounts/default/token`, 'create resource "serviceaccounts/token"'],
  ['GET', `${CORE}/secrets`, 'list resource "secrets"'],
  ['GET', `${CORE}/secrets?watch=true`, 'watch resource "secrets"'],
  ['GET', `${CORE}/secrets/x`, 'get resource "secrets"'],
  ['DELETE', `${CORE}/configmaps/settings`, 'delete resource "configmaps"'],
  ['PATCH', '/apis/apps/v1/namespaces/default/deployments/x/scale', 'patch resource "deployments/scale"'],
  ['GET', CUSTOM, 'list resource "measures"'],
];

describe('a viewer', () => {
  it.each([
    [`${CORE}/configmaps/settings`, 200],
    [`${CORE}/pods`, 200],
    ['/apis/apps/v1/namespaces/default/deployments', 200],
    [`${CORE}/pods/x/log`, 404],
    ['/api/v1/namespaces/kube-system/pods', 403],
    ['/api/v1/nodes', 403],
    [`${RBAC}/namespaces/default/roles`, 403],
  ])('may look at what is in their namespace: %s %s', async (path, code) => {
    expect((await asked(VERA, path)).code).toBe(code);
  });

  it.each(REFUSED)('%s %s: may not %s', async (method, path, what) => {
    const answer = await asked(VERA, path, { method });
    expect([answer.code, answer.json().message]).toEqual([
      403,
      expect.stringContaining(`is forbidden: User "vera" cannot ${what}`),
    ]);
  });

  it.each(REFUSED)('the dashboard: %s %s: may not %s either', async (method, path) => {
    expect((await asked(DASHBOARD, path, { method })).code).toBe(403);
  });

  it('sees custom resources once a role that is aggregated to view says so', async () => {
    const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
    await plane.create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
      metadata: { name: 'measures.example.org' },
      spec: {
        group: 'example.org',
        scope: 'Namespaced',
        names: { plural: 'measures', singular: 'measure', kind: 'Measure' },
        versions: [{ name: 'v1', served: true, storage: true, schema }],
      },
    });
    const role = `${RBAC}/clusterroles`;
    await plane.create(role, {
      metadata: {
        name: 'measures-view',
        labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' },
      },
      rules: [{ apiGroups: ['example.org'], resources: ['measures'], verbs: ['get', 'list', 'watch'] }],
    });
    const reads = (name: string) =>
      (plane.cache.get('ClusterRole', { name })?.rules ?? []).some(({ apiGroups }) =>
        apiGroups?.includes('example.org'),
      );
    await plane.until(() => ['view', 'edit', 'admin'].every(reads));
    expect((await asked(VERA, CUSTOM)).code).toBe(200);
    expect((await asked(VERA, `${CUSTOM}/x`, { method: 'DELETE' })).code).toBe(403);
    await plane.remove(`${role}/measures-view`);
    await plane.until(() => !['view', 'edit', 'admin'].some(reads));
    expect((await asked(VERA, CUSTOM)).code).toBe(403);
  });
});

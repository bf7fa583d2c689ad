/** Certificates, reviews, tokens and roles: what Kubernetes's conformance tests say of who may what. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../support/api.ts';
import { startControlPlane, type TestControlPlane } from '../support/control-plane.ts';
import { SPECIMENS } from './specimens.ts';

let plane: TestControlPlane;
beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.stop());

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const asUser = (user: string, ...groups: string[]) => ({
  'impersonate-user': user,
  ...(groups.length === 0 ? {} : { 'impersonate-group': groups }),
});

describe('a certificate signing request', () => {
  const signed = 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t';

  it('is approved by patch and by update, with annotations and conditions of any kind', async () => {
    await plane.create(REQUESTS, { metadata: { name: 'tried' }, ...SPECIMENS.CertificateSigningRequest });
    const path = `${REQUESTS}/tried`;
    const patched = await plane.patch(`${path}/approval`, {
      metadata: { annotations: { patched: 'yes' } },
      status: { conditions: [{ type: 'ApprovalPatch', status: 'True', reason: 'e2e' }] },
    });
    expect(patched).toMatchObject({
      metadata: { annotations: { patched: 'yes' } },
      status: { conditions: [{ type: 'ApprovalPatch', lastUpdateTime: expect.any(String) }] },
    });
    const conditions = [...patched.status.conditions, { type: 'Approved', status: 'True', reason: 'e2e' }];
    const approved = await plane.replace(`${path}/approval`, { ...patched, status: { conditions } });
    expect(approved.status.conditions.map(({ type }: Json) => type)).toEqual(['ApprovalPatch', 'Approved']);
    expect(await plane.get(`${path}/approval`)).toEqual(approved);

    const status = await plane.patch(`${path}/status`, {
      metadata: { annotations: { signed: 'yes' } },
      status: { certificate: signed },
    });
    expect(status).toMatchObject({ metadata: { annotations: { patched: 'yes', signed: 'yes' } } });
    expect(status.status).toMatchObject({ certificate: signed, conditions: approved.status.conditions });
    expect((await plane.get(path)).spec).toEqual(approved.spec);
  });

  it('keeps a verdict once given, has one only, and takes none from who signs', async () => {
    await plane.create(REQUESTS, { metadata: { name: 'judged' }, ...SPECIMENS.CertificateSigningRequest });
    const refusal = async (part: string, ...types: string[]) => {
      const conditions = types.map(type => ({ type, status: 'True', reason: 'e2e' }));
      const answer = await plane.call(`${REQUESTS}/judged/${part}`, {
        method: 'PATCH',
        body: { status: { conditions } },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
      return answer.code === 200 ? undefined : answer.json().message;
    };
    expect(await refusal('status', 'Approved')).toContain(
      'updates may not add a condition of type "Approved"',
    );
    expect(await refusal('approval', 'Approved', 'Denied')).toContain('mutually exclusive');
    expect(await refusal('approval', 'Denied')).toBeUndefined();
    expect(await refusal('approval', 'Approved')).toContain(
      'updates may not remove a condition of type "Denied"',
    );
    expect(await refusal('status', 'Other')).toContain('updates may not remove a condition of type "Denied"');
  });
});

describe('a subject access review', () => {
  it('answers for a service account what the API answers to it', async () => {
    const accounts = '/api/v1/namespaces/default/serviceaccounts';
    const { uid } = (await plane.create(accounts, { metadata: { name: 'asked' } })).metadata;
    const user = 'system:serviceaccount:default:asked';
    const attributes = { namespace: 'default', verb: 'list', resource: 'configmaps', version: 'v1' };
    const verdicts = async () => {
      const spec = { user, uid, resourceAttributes: attributes };
      const local = '/apis/authorization.k8s.io/v1/namespaces/default/localsubjectaccessreviews';
      const reviews = ['/apis/authorization.k8s.io/v1/subjectaccessreviews', local].map(
        async path =>
          (await plane.create(path, { metadata: path === local ? { namespace: 'default' } : {}, spec }))
            .status.allowed,
      );
      const headers = asUser(user);
      const { code } = await plane.call('/api/v1/namespaces/default/configmaps', { headers });
      return [...(await Promise.all(reviews)), code === 200];
    };
    expect(await verdicts()).toEqual([false, false, false]);
    await plane.create(`${RBAC}/namespaces/default/rolebindings`, {
      metadata: { name: 'asked' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'asked', namespace: 'default' }],
    });
    expect(await verdicts()).toEqual([true, true, true]);
  });
});

describe('an aggregated role', () => {
  it('gains and loses the rules of those that it selects', async () => {
    const rule = (verb: string) => ({ apiGroups: ['example.com'], resources: ['things'], verbs: [verb] });
    const selector = { matchLabels: { 'aggregate-to': 'whole' } };
    const roles = `${RBAC}/clusterroles`;
    await plane.create(roles, {
      metadata: { name: 'whole' },
      aggregationRule: { clusterRoleSelectors: [selector] },
      rules: [],
    });
    const rules = () => plane.cache.get('ClusterRole', { name: 'whole' })?.rules ?? [];
    const labels = { 'aggregate-to': 'whole' };
    await plane.create(roles, { metadata: { name: 'part-a', labels }, rules: [rule('get')] });
    await plane.create(roles, { metadata: { name: 'part-b', labels }, rules: [rule('list')] });
    await plane.until(() => String(rules().flatMap(({ verbs }) => verbs)) === 'get,list');
    await plane.patch(`${roles}/part-b`, { metadata: { labels: { 'aggregate-to': 'nothing' } } });
    await plane.until(() => String(rules().flatMap(({ verbs }) => verbs)) === 'get');
    await plane.remove(`${roles}/part-a`);
    await plane.until(() => rules().length === 0);
  });
});

describe('the issuer of tokens', () => {
  it('says where its keys are, and that they verify its tokens', async () => {
    const discovery = await plane.get('/.well-known/openid-configuration');
    expect(discovery).toMatchObject({
      response_types_supported: ['id_token'],
      subject_types_supported: ['public'],
    });
    const { keys } = await plane.get(new URL(discovery.jwks_uri).pathname);
    const path = '/api/v1/namespaces/default/serviceaccounts/default/token';
    await plane.until(
      () => plane.cache.get('ServiceAccount', { namespace: 'default', name: 'default' }) !== undefined,
    );
    const { token } = (await plane.create(path, { spec: { expirationSeconds: 600 } })).status;
    const [header, claims] = token
      .split('.')
      .map((part: string) => part && Buffer.from(part, 'base64url').toString('latin1'));
    expect(JSON.parse(claims).iss).toBe(discovery.issuer);
    expect(keys.map(({ kid }: Json) => kid)).toContain(JSON.parse(header).kid);
    expect(discovery.id_token_signing_alg_values_supported).toContain(JSON.parse(header).alg);
  });
});

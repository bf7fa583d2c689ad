/** Tokens, signing requests and kubectl's commands about them, with the control loops that sign. */
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signClientRequest } from '../../master/auth/sign-request.ts';
import { startControllers } from '../../master/controllers/start.ts';
import { systemClock } from '../../shared/clock.ts';
import { startTestApi, type TestApi } from '../support/api.ts';
import { runCommand } from '../support/command.ts';
import { kubectlPath } from '../support/kubectl.ts';

const CORE = '/api/v1/namespaces/default';
const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const REQUESTS = '/apis/certificates.k8s.io/v1/certificatesigningrequests';

let api: TestApi;
let folder: string;
let running: Promise<void>;
const stop = new AbortController();

beforeAll(async () => {
  api = await startTestApi();
  folder = await mkdtemp(join(tmpdir(), 'pikelet-credentials-'));
  const { cache: view, registry, ca, tokens } = api;
  const clock = systemClock;
  const keys = {
    tokens,
    caPem: ca.caPem,
    signRequest: (request: Parameters<typeof signClientRequest>[1]) =>
      signClientRequest({ ca, clock }, request),
  };
  const logger = pino({ level: 'silent' });
  running = startControllers(
    {
      view,
      registry,
      clock,
      logger,
      random: Math.random,
      keys,
      caPem: ca.caPem,
      usage: { podUsage: () => undefined },
    },
    stop.signal,
  );
});

afterAll(async () => {
  stop.abort();
  await running;
  await api.stop();
  await rm(folder, { recursive: true });
});

const create = (path: string, body: object) => api.call(path, { method: 'POST', body });
const aServiceAccount = (name: string) => create(`${CORE}/serviceaccounts`, { metadata: { name } });

/** Resolves once `holds`; looks again after each change. */
function until(holds: () => boolean): Promise<void> {
  if (holds()) return Promise.resolve();
  return new Promise(resolve => {
    const unsubscribe = api.cache.onChange(() => {
      if (!holds()) return;
      unsubscribe();
      resolve();
    });
  });
}

async function newRequest(name: string, subject: string, more: object = {}) {
  const path = join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', `${path}.key`];
  const made = await runCommand(['openssl', 'req', '-new', ...key, '-subj', subject, '-out', `${path}.csr`]);
  expect(made.code).toBe(0);
  return await create(REQUESTS, {
    metadata: { name },
    spec: {
      request: (await readFile(`${path}.csr`)).toString('base64'),
      signerName: 'kubernetes.io/kube-apiserver-client',
      usages: ['client auth'],
      username: 'somebody else',
      expirationSeconds: 3600,
      ...more,
    },
  });
}
const request = (name: string) => api.cache.get('CertificateSigningRequest', { name });
const approve = async (name: string) => {
  const body = (await api.call(`${REQUESTS}/${name}`)).json();
  const conditions = [{ type: 'Approved', status: 'True', reason: 'Test' }];
  return await api.call(`${REQUESTS}/${name}/approval`, {
    method: 'PUT',
    body: { ...body, status: { conditions } },
  });
};

describe('tokens', () => {
  it('prove their account until it goes', async () => {
    await aServiceAccount('robot');
    const made = await create(`${CORE}/serviceaccounts/robot/token`, { spec: { expirationSeconds: 600 } });
    expect(made.code).toBe(201);
    const { token } = made.json().status;
    const who = await api.call(WHOAMI, { method: 'POST', body: {}, token });
    expect(who.json().status.userInfo).toMatchObject({
      username: 'system:serviceaccount:default:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:default', 'system:authenticated'],
      uid: api.cache.get('ServiceAccount', { namespace: 'default', name: 'robot' })?.metadata.uid,
    });
    expect((await api.call('/openid/v1/jwks', { token })).json().keys).toHaveLength(1);
    expect((await api.call(`${CORE}/pods`, { token })).code).toBe(403);
    expect((await api.call('/version', { token: `${token.slice(0, -6)}AAAAAA` })).code).toBe(401);
    const review = await create('/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token } });
    expect(review.json().status).toMatchObject({ authenticated: true });
    await api.call(`${CORE}/serviceaccounts/robot`, { method: 'DELETE' });
    expect((await api.call('/version', { token })).code).toBe(401);
    await aServiceAccount('robot');
    expect((await api.call('/version', { token })).code).toBe(401);
  });

  it('for others are none for the API; those of no account and too short a life are refused', async () => {
    await aServiceAccount('speaker');
    const path = `${CORE}/serviceaccounts/speaker/token`;
    const { token } = (await create(path, { spec: { audiences: ['vault'] } })).json().status;
    expect((await api.call('/version', { token })).code).toBe(401);
    expect((await create(path, { spec: { expirationSeconds: 599 } })).json().message).toContain(
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    );
    expect((await create(`${CORE}/serviceaccounts/nobody/token`, { spec: {} })).code).toBe(404);
  });

  it('expire by the clock of the master', async () => {
    await aServiceAccount('brief');
    const account = api.cache.get('ServiceAccount', { namespace: 'default', name: 'brief' });
    if (account === undefined) throw new Error('brief is not there');
    const audiences = ['https://kubernetes.default.svc.cluster.local'];
    const { token } = api.tokens.issue({ account, audiences, expirationSeconds: -1 });
    expect((await api.call('/version', { token })).code).toBe(401);
  });

  it('bound to a Secret go with it', async () => {
    await aServiceAccount('bound');
    await create(`${CORE}/secrets`, { metadata: { name: 'lock' } });
    const boundObjectRef = { apiVersion: 'v1', kind: 'Secret', name: 'lock' };
    const made = await create(`${CORE}/serviceaccounts/bound/token`, { spec: { boundObjectRef } });
    const { token } = made.json().status;
    expect((await api.call('/version', { token })).code).toBe(200);
    await api.call(`${CORE}/secrets/lock`, { method: 'DELETE' });
    expect((await api.call('/version', { token })).code).toBe(401);
  });

  it('in Secrets are filled in, and go with their account', async () => {
    await aServiceAccount('old');
    const metadata = { name: 'old-token', annotations: { 'kubernetes.io/service-account.name': 'old' } };
    const type = 'kubernetes.io/service-account-token';
    expect((await create(`${CORE}/secrets`, { metadata: { name: 'x' }, type })).code).toBe(422);
    await create(`${CORE}/secrets`, { metadata, type });
    const ref = { namespace: 'default', name: 'old-token' };
    await until(() => api.cache.get('Secret', ref)?.data?.token !== undefined);
    const token = Buffer.from(api.cache.get('Secret', ref)?.data?.token ?? '', 'base64').toString();
    expect((await api.call('/version', { token })).code).toBe(200);
    await api.call(`${CORE}/serviceaccounts/old`, { method: 'DELETE' });
    await until(() => api.cache.get('Secret', ref) === undefined);
    expect((await api.call('/version', { token })).code).toBe(401);
  });
});

describe('signing requests', () => {
  it('say who made them, and are signed once approved', async () => {
    const made = await newRequest('ann', '/CN=ann/O=devs');
    expect(made.json().spec).toMatchObject({ username: 'admin' });
    expect((await approve('ann')).code).toBe(200);
    await until(() => request('ann')?.status?.certificate !== undefined);
    const certPem = Buffer.from(request('ann')?.status?.certificate ?? '', 'base64').toString();
    expect(new X509Certificate(certPem).checkIssued(new X509Certificate(api.ca.caPem))).toBe(true);
    const client = { certPem, keyPem: await readFile(join(folder, 'ann.key'), 'utf8') };
    const who = await api.call(WHOAMI, { method: 'POST', body: {}, client });
    expect(who.json().status.userInfo).toEqual({ username: 'ann', groups: ['devs', 'system:authenticated'] });
  });

  it('never make an administrator', async () => {
    await newRequest('mallory', '/CN=mallory/O=system:masters');
    await approve('mallory');
    await until(() => request('mallory')?.status?.conditions?.[1] !== undefined);
    expect(request('mallory')?.status?.conditions?.[1]).toMatchObject({ type: 'Failed' });
    expect(request('mallory')?.status?.certificate).toBeUndefined();
  });
});

describe('signers that nobody runs', () => {
  it.each([
    'kubernetes.io/kube-apiserver-client-kubelet',
    'kubernetes.io/kubelet-serving',
    'example.com/other',
  ])('%s leaves what is approved unsigned', async signerName => {
    const name = signerName.replaceAll(/[./]/g, '-');
    await newRequest(name, '/CN=system:node:pi-1/O=system:nodes', { signerName });
    expect((await approve(name)).code).toBe(200);
    // One that is signed, made after it: the control loop has had its turn.
    await newRequest(`${name}-after`, '/CN=ann');
    await approve(`${name}-after`);
    await until(() => request(`${name}-after`)?.status?.certificate !== undefined);
    expect(request(name)?.status?.conditions?.map(({ type }) => type)).toEqual(['Approved']);
    expect(request(name)?.status).not.toHaveProperty('certificate');
  });

  it('kubernetes.io/legacy-unknown is refused', async () => {
    const refused = await newRequest('legacy', '/CN=ann', { signerName: 'kubernetes.io/legacy-unknown' });
    expect([refused.code, refused.json().message]).toEqual([
      422,
      'CertificateSigningRequest.certificates.k8s.io "legacy" is invalid: spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ]);
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  const kubectl = (...args: string[]) =>
    runCommand([kubectlPath ?? '', '--kubeconfig', api.kubeconfig, ...args]);

  it('asks who it is and what it may', async () => {
    expect((await kubectl('auth', 'whoami')).stdout).toContain('system:masters');
    expect((await kubectl('auth', 'can-i', 'delete', 'nodes')).stdout.trim()).toBe('yes');
    expect((await kubectl('auth', 'can-i', 'list', 'pods', '--as', 'max')).stdout.trim()).toBe('no');
    const role = await kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=pods');
    expect(role.stderr).toBe('');
    await kubectl('create', 'rolebinding', 'max-reads', '--role=reader', '--user=max');
    expect((await kubectl('auth', 'can-i', 'list', 'pods', '--as', 'max')).stdout.trim()).toBe('yes');
    expect((await kubectl('auth', 'can-i', '--list', '--as', 'max')).stdout).toMatch(/pods .*\[get list\]/);
    expect((await kubectl('get', 'secrets', '--as', 'max')).stderr).toContain(
      'secrets is forbidden: User "max" cannot list resource "secrets" in API group "" in the namespace "default"',
    );
  });

  it('explains the questions that it asks', async () => {
    const review = await kubectl(
      'explain',
      'selfsubjectaccessreviews.spec.resourceAttributes',
      '--recursive',
    );
    expect(review.stdout).toMatch(/GROUP: +authorization\.k8s\.io[\s\S]*subresource\t<string>/);
    expect((await kubectl('explain', 'tokenreviews.spec.token')).stdout).toContain('opaque bearer token');
  });

  it('creates tokens, approves requests and reconciles roles', async () => {
    await kubectl('create', 'serviceaccount', 'ci');
    const token = (await kubectl('create', 'token', 'ci', '--duration=20m')).stdout.trim();
    expect((await api.call('/version', { token })).code).toBe(200);
    await newRequest('kim', '/CN=kim');
    expect((await kubectl('certificate', 'approve', 'kim')).stdout).toContain('kim approved');
    await until(() => request('kim')?.status?.certificate !== undefined);
    expect((await kubectl('get', 'csr', 'kim')).stdout).toMatch(/kim .* admin +60m +Approved,Issued/);
    const sample = await kubectl('auth', 'reconcile', '-f', 'deploy/samples/rbac-viewer.yaml');
    expect(sample.code).toBe(0);
    const account = 'system:serviceaccount:default:viewer';
    expect((await kubectl('auth', 'can-i', 'get', 'pods', '--as', account)).stdout.trim()).toBe('yes');
  });
});

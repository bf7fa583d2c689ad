import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { resourceQuotaController } from '../../master/controllers/resource-quota/plan.ts';
import { type Answer, startTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeEach(async () => {
  api = await startTestApi();
});
afterEach(() => api.stop());

const CORE = '/api/v1/namespaces/default';
const post = (path: string, body: object): Promise<Answer> => api.call(path, { method: 'POST', body });
const make = async (path: string, body: object) => expect((await post(path, body)).code).toBe(201);

type Quantities = Record<string, string | undefined>;
type Resources = { requests?: Quantities; limits?: Quantities };
const aPod = (name: string, resources: Resources = {}, spec: object = {}) => ({
  metadata: { name },
  spec: { containers: [{ name: 'main', image: 'busybox', resources }], ...spec },
});
const aRange = (...limits: object[]) => ({ metadata: { name: 'range' }, spec: { limits } });
const aQuota = (hard: object, spec: object = {}) => ({
  metadata: { name: 'quota' },
  spec: { hard, ...spec },
});

describe('limit ranges', () => {
  it('give a container its defaults, and leave what it says', async () => {
    const range = {
      type: 'Container',
      default: { cpu: '500m' },
      defaultRequest: { cpu: '100m', memory: '8Mi' },
    };
    await make(`${CORE}/limitranges`, aRange(range));
    const bare = (await post(`${CORE}/pods`, aPod('bare'))).json();
    expect(bare.spec.containers[0].resources).toEqual({
      limits: { cpu: '500m' },
      requests: { cpu: '100m', memory: '8Mi' },
    });
    const own = (await post(`${CORE}/pods`, aPod('own', { requests: { cpu: '200m' } }))).json();
    expect(own.spec.containers[0].resources.requests).toEqual({ cpu: '200m', memory: '8Mi' });
  });

  it.each([
    {
      item: { type: 'Container', max: { cpu: '500m' } },
      resources: { limits: { cpu: '1' } },
      says: 'maximum cpu usage per Container is 500m, but limit is 1',
    },
    {
      item: { type: 'Container', min: { memory: '10Mi' } },
      resources: { requests: { memory: '5Mi' } },
      says: 'minimum memory usage per Container is 10Mi, but request is 5Mi',
    },
    {
      item: { type: 'Pod', max: { memory: '1Gi' } },
      resources: {},
      says: 'maximum memory usage per Pod is 1Gi.  No limit is specified',
    },
    {
      item: { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
      resources: { limits: { cpu: '800m' }, requests: { cpu: '200m' } },
      says: 'cpu max limit to request ratio per Container is 2, but provided ratio is 4.000000',
    },
  ])('refuse: $says', async ({ item, resources, says }) => {
    await make(`${CORE}/limitranges`, aRange(item));
    const answer = await post(`${CORE}/pods`, aPod('p', resources));
    expect(answer.json()).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `pods "p" is forbidden: ${says}`,
    });
  });
});

describe('quotas', () => {
  it('let in as many as they hold, also of many at once, and count what has gone', async () => {
    await make(`${CORE}/resourcequotas`, aQuota({ pods: '3' }));
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, i) => post(`${CORE}/pods`, aPod(`p${i}`))),
    );
    expect(answers.filter(({ code }) => code === 201)).toHaveLength(3);
    expect(answers.find(({ code }) => code === 403)?.json().message).toMatch(
      /^pods "p\d" is forbidden: exceeded quota: quota, requested: pods=1, used: pods=3, limited: pods=3$/,
    );
    const gone = answers.findIndex(({ code }) => code === 201);
    await api.call(`${CORE}/pods/p${gone}`, { method: 'DELETE', body: { gracePeriodSeconds: 0 } });
    await make(`${CORE}/pods`, aPod('next'));
  });

  it('add up cpu and memory, and demand that containers say theirs', async () => {
    await make(`${CORE}/resourcequotas`, aQuota({ 'requests.cpu': '1', 'limits.memory': '64Mi' }));
    const bare = await post(`${CORE}/pods`, aPod('bare', { requests: { cpu: '1' } }));
    expect(bare.json().message).toBe(
      'pods "bare" is forbidden: failed quota: quota: must specify limits.memory for: main',
    );
    await make(`${CORE}/pods`, aPod('a', { requests: { cpu: '700m' }, limits: { memory: '48Mi' } }));
    const more = await post(
      `${CORE}/pods`,
      aPod('b', { requests: { cpu: '400m' }, limits: { memory: '16Mi' } }),
    );
    expect(more.json().message).toBe(
      'pods "b" is forbidden: exceeded quota: quota, requested: requests.cpu=400m, used: requests.cpu=700m, limited: requests.cpu=1',
    );
  });

  it('count objects of every kind, pods in scope only, and tell what is used', async () => {
    await make(`${CORE}/resourcequotas`, aQuota({ 'count/deployments.apps': '0' }));
    const labels = { app: 'x' };
    const deployment = {
      metadata: { name: 'd' },
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: aPod('x').spec } },
    };
    const refused = await post('/apis/apps/v1/namespaces/default/deployments', deployment);
    expect(refused.json().message).toContain('deployments.apps "d" is forbidden: exceeded quota: quota');
    await api.call(`${CORE}/resourcequotas/quota`, { method: 'DELETE' });
    await make(`${CORE}/resourcequotas`, aQuota({ pods: '0' }, { scopes: ['Terminating'] }));
    await make(`${CORE}/pods`, aPod('lasting'));
    const short = await post(`${CORE}/pods`, aPod('short', {}, { activeDeadlineSeconds: 5 }));
    expect(short.code).toBe(403);
    await make(`${CORE}/services`, { metadata: { name: 's' }, spec: { ports: [{ port: 80 }] } });
  });

  it('show in their status what is used', async () => {
    await make(`${CORE}/resourcequotas`, aQuota({ pods: '3', 'requests.memory': '1Gi' }));
    await make(`${CORE}/pods`, aPod('a', { requests: { memory: '64Mi' } }));
    const ref = { namespace: 'default', name: 'quota' };
    const plan = () =>
      resourceQuotaController.plan({ view: api.cache, ref, nowMs: 0, suffix: () => '' }).actions[0];
    const planned = plan();
    if (planned?.kind !== 'updateStatus') throw new Error('no status is planned');
    expect(planned.object).toMatchObject({
      status: { hard: { pods: '3' }, used: { pods: '1', 'requests.memory': '64Mi' } },
    });
  });

  it('write nothing in a dry run, and still say no', async () => {
    await make(`${CORE}/resourcequotas`, aQuota({ configmaps: '0' }));
    const answer = await post(`${CORE}/configmaps?dryRun=All`, { metadata: { name: 'c' } });
    expect(answer.code).toBe(403);
  });
});

describe('priority', () => {
  it('comes from the class, the default class, or is none', async () => {
    const path = '/apis/scheduling.k8s.io/v1/priorityclasses';
    expect((await post(`${CORE}/pods`, aPod('none'))).json().spec.priority).toBe(0);
    await make(path, { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' });
    await make(path, { metadata: { name: 'usual' }, value: 10, globalDefault: true });
    const high = (await post(`${CORE}/pods`, aPod('high', {}, { priorityClassName: 'high' }))).json();
    expect(high.spec).toMatchObject({ priority: 1000, preemptionPolicy: 'Never' });
    const usual = (await post(`${CORE}/pods`, aPod('usual'))).json();
    expect(usual.spec).toMatchObject({ priority: 10, priorityClassName: 'usual' });
    const system = aPod('system', {}, { priorityClassName: 'system-node-critical' });
    expect((await post(`${CORE}/pods`, system)).json().spec.priority).toBe(2_000_001_000);
  });

  it.each([
    { spec: { priorityClassName: 'nope' }, says: 'no PriorityClass with name nope was found' },
    {
      spec: { priority: 7 },
      says: 'the integer value of priority (7) must not be provided in pod spec; priority admission controller computed 0 from the given PriorityClass name',
    },
  ])('refuses: $says', async ({ spec, says }) => {
    const answer = await post(`${CORE}/pods`, aPod('p', {}, spec));
    expect(answer.json()).toMatchObject({ code: 403, message: `pods "p" is forbidden: ${says}` });
  });
});

describe('service accounts', () => {
  it('is the default one without a name, and brings its pull secrets', async () => {
    await make(`${CORE}/serviceaccounts`, {
      metadata: { name: 'puller' },
      imagePullSecrets: [{ name: 'reg' }],
    });
    expect((await post(`${CORE}/pods`, aPod('a'))).json().spec.serviceAccountName).toBe('default');
    const pulling = (await post(`${CORE}/pods`, aPod('b', {}, { serviceAccountName: 'puller' }))).json();
    expect(pulling.spec.imagePullSecrets).toEqual([{ name: 'reg' }]);
    const answer = await post(`${CORE}/pods`, aPod('c', {}, { serviceAccountName: 'nope' }));
    expect(answer.json().message).toBe(
      'pods "c" is forbidden: error looking up service account default/nope: serviceaccount "nope" not found',
    );
  });
});

describe('default classes', () => {
  it('are given to claims and ingresses that name none', async () => {
    const metadata = (prefix: string) => ({
      name: 'fast',
      annotations: { [`${prefix}/is-default-class`]: 'true' },
    });
    await make('/apis/storage.k8s.io/v1/storageclasses', {
      metadata: metadata('storageclass.kubernetes.io'),
      provisioner: 'pikelet.dev/local-path',
    });
    const spec = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } };
    const claim = (await post(`${CORE}/persistentvolumeclaims`, { metadata: { name: 'c' }, spec })).json();
    expect(claim.spec.storageClassName).toBe('fast');
    const none = { ...spec, storageClassName: '' };
    const kept = (
      await post(`${CORE}/persistentvolumeclaims`, { metadata: { name: 'd' }, spec: none })
    ).json();
    expect(kept.spec.storageClassName).toBe('');
  });
});

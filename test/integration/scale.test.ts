/** The subresource `scale` over HTTP: how it is written, and who then owns the size. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Answer, type Json, startTestApi, type TestApi } from '../support/api.ts';

const DEPLOYMENTS = '/apis/apps/v1/namespaces/default/deployments';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

type Query = { readonly manager?: string; readonly force?: boolean };

function apply(path: string, body: object, { manager = 'hpa', force = false }: Query = {}): Promise<Answer> {
  return api.call(`${path}?fieldManager=${manager}&force=${force}`, {
    method: 'PATCH',
    body,
    headers: { 'content-type': 'application/apply-patch+yaml' },
  });
}

const put = (path: string, body: object) => api.call(path, { method: 'PUT', body });
const aScale = (spec: object, metadata: object = {}) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata,
  spec,
});
const aDeployment = (name: string, spec: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name },
  spec: {
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'main', image: 'busybox:1.36' }] },
    },
    ...spec,
  },
});

const sizeOf = async (path: string) => (await api.call(path)).json().spec.replicas;

/** The entries of `managedFields` that speak of the size. */
async function ownersOfSize(path: string): Promise<Json[]> {
  const entries: Json[] = (await api.call(path)).json().metadata.managedFields;
  return entries
    .filter(({ fieldsV1 }) => fieldsV1['f:spec']?.['f:replicas'] !== undefined)
    .map(({ manager, operation, subresource, apiVersion, fieldsV1 }) =>
      subresource === 'scale'
        ? { manager, operation, subresource, apiVersion, fieldsV1 }
        : { manager, operation },
    );
}

const byScale = (manager: string, operation: string) => ({
  ...{ manager, operation, subresource: 'scale', apiVersion: 'apps/v1' },
  fieldsV1: { 'f:spec': { 'f:replicas': {} } },
});

describe('an apply to scale', () => {
  it('sets the size and owns it, and nothing else', async () => {
    const target = `${DEPLOYMENTS}/sized`;
    await apply(target, aDeployment('sized'), { manager: 'alice' });
    const answer = await apply(`${target}/scale`, aScale({ replicas: 3 }));
    expect([answer.code, answer.json()]).toMatchObject([
      200,
      { kind: 'Scale', apiVersion: 'autoscaling/v1', spec: { replicas: 3 } },
    ]);
    expect(answer.json().metadata).not.toHaveProperty('managedFields');
    expect(await ownersOfSize(target)).toEqual([byScale('hpa', 'Apply')]);
    // Who leaves the size to others leaves it as it is.
    expect((await apply(target, aDeployment('sized'), { manager: 'alice' })).json().spec.replicas).toBe(3);
  });

  it('refuses a size that another owns, until it is forced, and then takes it', async () => {
    const target = `${DEPLOYMENTS}/owned`;
    await apply(target, aDeployment('owned', { replicas: 2 }), { manager: 'alice' });
    const refused = await apply(`${target}/scale`, aScale({ replicas: 3 }));
    expect([refused.code, refused.json().details.causes]).toMatchObject([
      409,
      [{ reason: 'FieldManagerConflict', field: '.spec.replicas' }],
    ]);
    expect(await sizeOf(target)).toBe(2);
    await apply(`${target}/scale`, aScale({ replicas: 2 }));
    expect(await ownersOfSize(target)).toEqual(
      expect.arrayContaining([{ manager: 'alice', operation: 'Apply' }, byScale('hpa', 'Apply')]),
    );
    await apply(`${target}/scale`, aScale({ replicas: 3 }), { force: true });
    expect([await sizeOf(target), await ownersOfSize(target)]).toEqual([3, [byScale('hpa', 'Apply')]]);
    const back = await apply(target, aDeployment('owned', { replicas: 2 }), { manager: 'alice' });
    expect(back.json().message).toBe(
      'Apply failed with 1 conflict: conflict with "hpa" with subresource "scale": .spec.replicas',
    );
  });

  it('shares the size with an update of scale that said the same', async () => {
    const target = `${DEPLOYMENTS}/both`;
    await apply(target, aDeployment('both'), { manager: 'alice' });
    await put(`${target}/scale?fieldManager=bob`, aScale({ replicas: 4 }, { name: 'both' }));
    await apply(`${target}/scale`, aScale({ replicas: 4 }));
    expect(await ownersOfSize(target)).toEqual(
      expect.arrayContaining([byScale('bob', 'Update'), byScale('hpa', 'Apply')]),
    );
  });

  it('that no longer says a size which nobody else wants leaves none', async () => {
    const target = `${DEPLOYMENTS}/none`;
    await apply(target, aDeployment('none'), { manager: 'alice' });
    await apply(`${target}/scale`, aScale({ replicas: 3 }));
    expect((await apply(`${target}/scale`, aScale({}))).json().spec).toEqual({ replicas: 0 });
    expect([await sizeOf(target), await ownersOfSize(target)]).toEqual([0, []]);
  });

  it('writes nothing for a dry run, nor when nothing changes', async () => {
    const target = `${DEPLOYMENTS}/dry`;
    await apply(target, aDeployment('dry'), { manager: 'alice' });
    const before = (await api.call(target)).text;
    const tried = await apply(`${target}/scale`, aScale({ replicas: 7 }), { manager: 'hpa&dryRun=All' });
    expect(tried.json().spec.replicas).toBe(7);
    expect((await api.call(target)).text).toBe(before);
    const first = await apply(`${target}/scale`, aScale({ replicas: 2 }));
    expect((await apply(`${target}/scale`, aScale({ replicas: 2 }))).json()).toEqual(first.json());
  });
});

describe('scale refuses', () => {
  beforeAll(async () => {
    await apply(`${DEPLOYMENTS}/strict`, aDeployment('strict'), { manager: 'alice' });
  });

  it.each([
    ['another kind', aDeployment('strict'), 400, 'Incorrect version specified in apply patch'],
    ['a field that is none', aScale({ size: 1 }), 400, '.spec.size: field not declared in schema'],
    ['another name', aScale({}, { name: 'other' }), 400, 'does not match the name on the URL (strict)'],
    ['a stranger', aScale({}, { uid: 'x' }), 409, 'Operation cannot be fulfilled'],
    [
      'a size below none',
      aScale({ replicas: -1 }),
      422,
      'Scale.autoscaling "strict" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
  ])('to apply %s', async (_what, body, code, message) => {
    const answer = await apply(`${DEPLOYMENTS}/strict/scale`, body);
    expect([answer.code, answer.json().message]).toEqual([code, expect.stringContaining(message)]);
  });

  it.each([
    ['another kind', aDeployment('strict'), 400, 'must be of type Scale'],
    ['another name', aScale({}, { name: 'other' }), 400, 'does not match the name on the URL (strict)'],
    ['a number in words', aScale({ replicas: 'two' }), 400, 'as a 32-bit integer'],
    ['a size below none', aScale({ replicas: -1 }), 422, 'must be greater than or equal to 0'],
    ['what is old', aScale({}, { resourceVersion: '1' }), 409, 'Operation cannot be fulfilled'],
  ])('to put %s', async (_what, body, code, message) => {
    const answer = await put(`${DEPLOYMENTS}/strict/scale`, body);
    expect([answer.code, answer.json().message]).toEqual([code, expect.stringContaining(message)]);
  });

  it('to make what is not there', async () => {
    expect((await apply(`${DEPLOYMENTS}/missing/scale`, aScale({ replicas: 1 }))).code).toBe(404);
  });
});

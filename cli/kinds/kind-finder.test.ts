import { describe, expect, test } from 'vitest';
import type { ApiClient } from '../connection/api-client.ts';
import { UsageError } from '../errors.ts';
import { parseDiscovery } from './discovery.ts';
import { collectionPath, objectPath, qualifiedPlural } from './kind.ts';
import { createKindFinder } from './kind-finder.ts';
import { parseTargets } from './targets.ts';

const resource = (plural: string, kind: string, more = {}) => ({
  resource: plural,
  responseKind: { group: '', version: '', kind },
  scope: 'Namespaced',
  singularResource: kind.toLowerCase(),
  verbs: ['get', 'list'],
  ...more,
});
const CORE = {
  items: [
    {
      metadata: {},
      versions: [
        {
          version: 'v1',
          resources: [
            resource('pods', 'Pod', { categories: ['all'] }),
            resource('services', 'Service', { shortNames: ['svc'] }),
          ],
        },
      ],
    },
  ],
};
const GROUPS = {
  items: [
    {
      metadata: { name: 'apps' },
      versions: [
        { version: 'v1', resources: [resource('deployments', 'Deployment', { categories: ['all'] })] },
        { version: 'v1beta1', resources: [resource('deployments', 'Deployment')] },
      ],
    },
    {
      metadata: { name: 'example.com' },
      versions: [{ version: 'v1', resources: [resource('widgets', 'Widget', { scope: 'Cluster' })] }],
    },
  ],
};

function anApi() {
  let requests = 0;
  const api: ApiClient = {
    connection: { tls: {}, headers: {} },
    server: '',
    send: async ({ path }) => {
      requests++;
      return path === '/api' ? CORE : GROUPS;
    },
    stream: async function* () {},
    watch: async function* () {},
    close: () => undefined,
  };
  return { finder: createKindFinder(api), requests: () => requests };
}

describe('finding kinds', () => {
  test.each([
    ['po', '/api/v1/namespaces/x/pods'],
    ['Pod', '/api/v1/namespaces/x/pods'],
    ['nodes', '/api/v1/nodes'],
    ['deploy', '/apis/apps/v1/namespaces/x/deployments'],
    ['deployments.apps', '/apis/apps/v1/namespaces/x/deployments'],
    ['deployments.v1.apps', '/apis/apps/v1/namespaces/x/deployments'],
    ['svc', '/api/v1/namespaces/x/services'],
    ['widgets.example.com', '/apis/example.com/v1/widgets'],
  ])('%s', async (word, path) => expect(collectionPath(await anApi().finder.byWord(word), 'x')).toBe(path));

  test('a built-in kind costs no request, all others two in all', async () => {
    const { finder, requests } = anApi();
    await finder.byWord('pods');
    expect(requests()).toBe(0);
    await finder.byWord('svc');
    await finder.byWord('widgets');
    expect(requests()).toBe(2);
  });

  test('the nearest name is suggested', async () => {
    await expect(anApi().finder.byWord('ndoes')).rejects.toThrow(
      'the server doesn\'t have a resource type "ndoes"; did you mean "nodes"?',
    );
    await expect(anApi().finder.byApiVersion('extensions/v1beta1', 'Deployment')).rejects.toThrow(
      /it serves Deployment as apps\/v1/,
    );
  });

  test('the first version of a group is preferred', () => {
    expect(parseDiscovery(GROUPS).map(kind => `${qualifiedPlural(kind)} ${kind.version}`)).toEqual([
      'deployments.apps v1',
      'widgets.example.com v1',
    ]);
  });
});

describe('targets', () => {
  const parse = async (...words: string[]) =>
    (await parseTargets(words, anApi().finder)).map(({ kind, names }) => [kind.plural, ...names]);

  test.each([
    [['pods'], [['pods']]],
    [['po', 'a', 'b'], [['pods', 'a', 'b']]],
    [['po,deploy'], [['pods'], ['deployments']]],
    [
      ['pod/a', 'deploy/b'],
      [
        ['pods', 'a'],
        ['deployments', 'b'],
      ],
    ],
    [['all'], [['pods'], ['deployments']]],
  ])('%j', async (words, want) => expect(await parse(...words)).toEqual(want));

  test.each([[[]], [['pod/a', 'b']], [['pod/']], [['a/b/c']]])('%j is refused', async words =>
    expect(parse(...words)).rejects.toThrow(UsageError),
  );

  test('names are escaped in paths', async () => {
    const kind = await anApi().finder.byWord('po');
    expect(objectPath(kind, { namespace: 'a/b', name: 'c?d' }, 'log')).toBe(
      '/api/v1/namespaces/a%2Fb/pods/c%3Fd/log',
    );
  });
});

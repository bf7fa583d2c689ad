/** What the server serves, from its aggregated discovery: two requests, once per run. */
import type { ApiClient } from '../connection/api-client.ts';
import { at, listAt, textAt } from '../json.ts';
import type { Kind } from './kind.ts';

const ACCEPT =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';

const asStrings = (values: readonly unknown[]) => values.filter(value => typeof value === 'string');

/** Every kind in the server's order of preference, subresources left out. Throws as ApiClient.send does. */
export async function discoverKinds(api: ApiClient, signal?: AbortSignal): Promise<readonly Kind[]> {
  const [core, groups] = await Promise.all(
    ['/api', '/apis'].map(path => api.send({ path, accept: ACCEPT }, signal)),
  );
  return [...parseDiscovery(core), ...parseDiscovery(groups)];
}

/** Reads one APIGroupDiscoveryList; what it does not understand it leaves out. Only a group's first version counts for each plural. */
export function parseDiscovery(answer: unknown): Kind[] {
  return listAt(answer, 'items').flatMap(group => {
    const groupName = textAt(group, 'metadata', 'name') ?? '';
    const seen = new Set<string>();
    return listAt(group, 'versions').flatMap(version =>
      listAt(version, 'resources').flatMap(resource => {
        const plural = textAt(resource, 'resource');
        const kind = textAt(resource, 'responseKind', 'kind');
        if (plural === undefined || kind === undefined || seen.has(plural)) return [];
        seen.add(plural);
        return [
          kindOf(resource, { group: groupName, version: textAt(version, 'version') ?? 'v1', kind, plural }),
        ];
      }),
    );
  });
}

function kindOf(resource: unknown, names: Pick<Kind, 'group' | 'version' | 'kind' | 'plural'>): Kind {
  return {
    ...names,
    singular: textAt(resource, 'singularResource') || names.kind.toLowerCase(),
    shortNames: asStrings(listAt(resource, 'shortNames')),
    namespaced: at(resource, 'scope') === 'Namespaced',
    categories: asStrings(listAt(resource, 'categories')),
    verbs: asStrings(listAt(resource, 'verbs')),
  };
}

/** Discovery: which groups, versions and resources there are. Pure. Source: Kubernetes API concepts, "API discovery". */
import { byPriority } from '../registry/custom/version-priority.ts';
import type { Kind, Subresource } from '../registry/kind.ts';
import { REVIEWS } from './reviews.ts';

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

/** Options that a call takes in its query. */
const callOptions = (kind: string, verbs: string[]) => ({ group: '', version: 'v1', kind, verbs });
const CALL_VERBS = ['create', 'get'];
const PROXY_VERBS = ['create', 'delete', 'get', 'patch', 'update'];

const SUBRESOURCE_KINDS: Readonly<
  Record<Subresource, { group: string; version: string; kind: string; verbs: string[] } | undefined>
> = {
  status: undefined,
  finalize: { group: '', version: 'v1', kind: 'Namespace', verbs: ['update'] },
  scale: { group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: ['get', 'patch', 'update'] },
  binding: { group: '', version: 'v1', kind: 'Binding', verbs: ['create'] },
  ephemeralcontainers: undefined,
  log: { group: '', version: 'v1', kind: 'Pod', verbs: ['get'] },
  eviction: { group: 'policy', version: 'v1', kind: 'Eviction', verbs: ['create'] },
  token: { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] },
  approval: undefined,
  exec: callOptions('PodExecOptions', CALL_VERBS),
  attach: callOptions('PodAttachOptions', CALL_VERBS),
  portforward: callOptions('PodPortForwardOptions', CALL_VERBS),
  // Of its own kind: PodProxyOptions, ServiceProxyOptions.
  proxy: callOptions('ProxyOptions', PROXY_VERBS),
};

/** A resource that no stored kind stands behind: what is said of it here, and what it answers elsewhere. */
export type VirtualResource = {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
};

export const METRICS_GROUP = { group: 'metrics.k8s.io', version: 'v1beta1' } as const;

/** Usage, read from the nodes' heartbeats. */
const METRICS: readonly VirtualResource[] = [
  { plural: 'nodes', kind: 'NodeMetrics', namespaced: false },
  { plural: 'pods', kind: 'PodMetrics', namespaced: true },
].map(resource => ({ ...METRICS_GROUP, ...resource, singular: '', verbs: ['get', 'list'] }));

/** The old way to bind a pod, deprecated in Kubernetes and still served. */
export const BINDINGS: VirtualResource = {
  ...{ group: '', version: 'v1', plural: 'bindings', singular: 'binding', kind: 'Binding' },
  namespaced: true,
  verbs: ['create'],
};

const VIRTUAL: readonly VirtualResource[] = [...METRICS, ...REVIEWS, BINDINGS];

type Resource = {
  readonly plural: string;
  readonly singular: string;
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly subresources: readonly SubresourceOf[];
};
export type SubresourceOf = {
  readonly name: string;
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly verbs: readonly string[];
};
type GroupVersion = {
  readonly group: string;
  readonly version: string;
  readonly resources: readonly Resource[];
};

function resourceOf(kind: Kind): Resource {
  return {
    ...kind,
    verbs: VERBS.filter(verb => verb !== 'deletecollection' || !kind.hasNoDeleteCollection),
    subresources: subresourcesOf(kind),
  };
}

/** The subresources of a kind, each with the kind of what it takes and answers. */
export function subresourcesOf(kind: Kind): readonly SubresourceOf[] {
  const { group, version } = kind;
  const own = { group, version, kind: kind.kind, verbs: ['get', 'patch', 'update'] };
  return kind.subresources.map(name => ({
    name,
    ...(SUBRESOURCE_KINDS[name] ?? own),
    ...(name === 'proxy' ? { kind: `${kind.kind}ProxyOptions` } : {}),
  }));
}

/** Every served group and version, the core group first. */
export function groupVersions(served: readonly Kind[]): readonly GroupVersion[] {
  const isOf = (name: string) => (resource: { readonly group: string; readonly version: string }) =>
    `${resource.group}/${resource.version}` === name;
  const names = [...served, ...VIRTUAL].map(({ group, version }) => `${group}/${version}`);
  return [...new Set(names)].map(name => {
    const [group = '', version = ''] = name.split('/');
    const virtual = VIRTUAL.filter(isOf(name)).map(resource => ({
      ...resource,
      shortNames: [],
      categories: [],
      subresources: [],
    }));
    return { group, version, resources: [...served.filter(isOf(name)).map(resourceOf), ...virtual] };
  });
}

export function apiVersions(serverAddress: string) {
  return {
    kind: 'APIVersions',
    versions: ['v1'],
    serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress }],
  };
}

export function apiGroupList(served: readonly GroupVersion[]) {
  const groups = [...new Set(served.map(({ group }) => group))].filter(group => group !== '');
  return {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: groups.map(name => withoutApiVersion(apiGroup(name, served))),
  };
}

/** Members of a list do not say again what they are. */
function withoutApiVersion({ name, versions, preferredVersion }: ReturnType<typeof apiGroup>) {
  return { name, versions, preferredVersion };
}

/** The versions of a group, in order of preference. */
function versionsOf(name: string, served: readonly GroupVersion[]): readonly GroupVersion[] {
  return served.filter(({ group }) => group === name).sort((a, b) => byPriority(a.version, b.version));
}

export function apiGroup(name: string, served: readonly GroupVersion[]) {
  const versions = versionsOf(name, served).map(({ version }) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
  return { kind: 'APIGroup', apiVersion: 'v1', name, versions, preferredVersion: versions[0] };
}

export function apiResourceList({ group, version, resources }: GroupVersion) {
  const groupVersion = group === '' ? version : `${group}/${version}`;
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion,
    resources: resources.flatMap(resource => [
      {
        name: resource.plural,
        singularName: resource.singular,
        namespaced: resource.namespaced,
        kind: resource.kind,
        verbs: resource.verbs,
        ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
        ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
      },
      ...resource.subresources.map(sub => ({
        name: `${resource.plural}/${sub.name}`,
        singularName: '',
        namespaced: resource.namespaced,
        ...(sub.group === group ? {} : { group: sub.group, version: sub.version }),
        kind: sub.kind,
        verbs: sub.verbs,
      })),
    ]),
  };
}

/** The aggregated form: all of /api, or all of /apis, in one answer. */
export function aggregatedDiscovery(root: 'api' | 'apis', served: readonly GroupVersion[]) {
  const groups = [...new Set(served.map(({ group }) => group))];
  const shown = groups.filter(group => (group === '') === (root === 'api'));
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: shown.map(name => ({
      metadata: { name, creationTimestamp: null },
      versions: versionsOf(name, served).map(({ version, resources }) => ({
        version,
        freshness: 'Current',
        resources: resources.map(resource => aggregatedResource(name, version, resource)),
      })),
    })),
  };
}

function aggregatedResource(group: string, version: string, resource: Resource) {
  const scope = resource.namespaced ? 'Namespaced' : 'Cluster';
  return {
    resource: resource.plural,
    responseKind: { group, version, kind: resource.kind },
    scope,
    singularResource: resource.singular || resource.kind.toLowerCase(),
    verbs: resource.verbs,
    ...(resource.shortNames.length === 0 ? {} : { shortNames: resource.shortNames }),
    ...(resource.categories.length === 0 ? {} : { categories: resource.categories }),
    subresources: resource.subresources.map(({ name, verbs, ...responseKind }) => ({
      subresource: name,
      responseKind: { group: responseKind.group, version: responseKind.version, kind: responseKind.kind },
      verbs,
    })),
  };
}

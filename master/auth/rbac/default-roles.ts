/**
 * The ClusterRoles and ClusterRoleBindings that every cluster has. Names and rules are Kubernetes's, as far as they concern
 * what is served here. Source: k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go.
 */
import type * as rbac from 'kubernetes-types/rbac/v1';
import type { Kind } from '../../registry/kind.ts';
import { AUTHENTICATED, MASTERS, UNAUTHENTICATED } from '../identity.ts';
import type { PolicyRule } from './rules.ts';

const RBAC = 'rbac.authorization.k8s.io';
const READ = ['get', 'list', 'watch'];
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update'];

const AGGREGATE = `${RBAC}/aggregate-to-`;

/** Rules for resources of one group, given as words. */
function on(group: string, resources: string, verbs: readonly string[]): PolicyRule {
  return { apiGroups: [group], resources: resources.split(' '), verbs: [...verbs] };
}

function onPaths(paths: string): PolicyRule {
  return { nonResourceURLs: paths.split(' '), verbs: ['get'] };
}

const HEALTH = '/healthz /livez /readyz /version /version/';
const MONITORING = '/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*';

const VIEW_RULES: readonly PolicyRule[] = [
  on('', 'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods', READ),
  on(
    '',
    'replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
    READ,
  ),
  on('', 'bindings events limitranges namespaces/status pods/log pods/status', READ),
  on('', 'namespaces replicationcontrollers/status resourcequotas resourcequotas/status', READ),
  on('discovery.k8s.io', 'endpointslices', READ),
  on('apps', 'controllerrevisions daemonsets daemonsets/status', READ),
  on('apps', 'deployments deployments/scale deployments/status', READ),
  on('apps', 'replicasets replicasets/scale replicasets/status', READ),
  on('apps', 'statefulsets statefulsets/scale statefulsets/status', READ),
  on('autoscaling', 'horizontalpodautoscalers horizontalpodautoscalers/status', READ),
  on('batch', 'cronjobs cronjobs/status jobs jobs/status', READ),
  on('policy', 'poddisruptionbudgets poddisruptionbudgets/status', READ),
  on('networking.k8s.io', 'ingresses ingresses/status networkpolicies', READ),
];

const EDIT_RULES: readonly PolicyRule[] = [
  on('', 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy', READ),
  on('', 'serviceaccounts', ['impersonate']),
  on('', 'pods pods/attach pods/exec pods/portforward pods/proxy', WRITE),
  on('', 'pods/eviction serviceaccounts/token', ['create']),
  on('', 'configmaps events persistentvolumeclaims secrets serviceaccounts services services/proxy', WRITE),
  on('', 'replicationcontrollers replicationcontrollers/scale', WRITE),
  on('apps', 'daemonsets deployments deployments/scale replicasets replicasets/scale', WRITE),
  on('apps', 'statefulsets statefulsets/scale', WRITE),
  on('autoscaling', 'horizontalpodautoscalers', WRITE),
  on('batch', 'cronjobs jobs', WRITE),
  on('policy', 'poddisruptionbudgets', WRITE),
  on('networking.k8s.io', 'ingresses networkpolicies', WRITE),
  on('coordination.k8s.io', 'leases', [...READ, ...WRITE]),
];

const ADMIN_RULES: readonly PolicyRule[] = [
  on('authorization.k8s.io', 'localsubjectaccessreviews', ['create']),
  on(RBAC, 'rolebindings roles', [...READ, ...WRITE]),
];

export type DefaultRole = {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly rules: readonly PolicyRule[];
  readonly aggregates?: readonly string[];
};

const aggregateTo = (...roles: string[]) =>
  Object.fromEntries(roles.map(role => [`${AGGREGATE}${role}`, 'true']));

/** Every default role; aggregated ones stand after those that they select. */
export function defaultRoles(kinds: readonly Kind[]): readonly DefaultRole[] {
  return [
    {
      name: 'cluster-admin',
      rules: [on('*', '*', ['*']), { nonResourceURLs: ['*'], verbs: ['*'] }],
    },
    {
      name: 'system:discovery',
      rules: [onPaths(`/api /api/* /apis /apis/* /openapi /openapi/* ${HEALTH}`)],
    },
    { name: 'system:public-info-viewer', rules: [onPaths(HEALTH)] },
    { name: 'system:monitoring', rules: [onPaths(MONITORING)] },
    {
      name: 'system:basic-user',
      rules: [
        on('authorization.k8s.io', 'selfsubjectaccessreviews selfsubjectrulesreviews', ['create']),
        on('authentication.k8s.io', 'selfsubjectreviews', ['create']),
      ],
    },
    {
      name: 'system:service-account-issuer-discovery',
      rules: [onPaths('/.well-known/openid-configuration /openid/v1/jwks')],
    },
    {
      name: 'system:auth-delegator',
      rules: [
        on('authentication.k8s.io', 'tokenreviews', ['create']),
        on('authorization.k8s.io', 'subjectaccessreviews', ['create']),
      ],
    },
    {
      name: 'system:certificates.k8s.io:kube-apiserver-client-approver',
      rules: [
        {
          ...on('certificates.k8s.io', 'signers', ['approve']),
          resourceNames: ['kubernetes.io/kube-apiserver-client'],
        },
      ],
    },
    { name: 'system:aggregate-to-admin', labels: aggregateTo('admin'), rules: ADMIN_RULES },
    { name: 'system:aggregate-to-edit', labels: aggregateTo('edit'), rules: EDIT_RULES },
    { name: 'system:aggregate-to-view', labels: aggregateTo('view'), rules: VIEW_RULES },
    {
      name: 'system:aggregated-metrics-reader',
      labels: aggregateTo('admin', 'edit', 'view'),
      rules: [on('metrics.k8s.io', 'nodes pods', READ)],
    },
    { name: 'view', labels: aggregateTo('edit'), rules: [], aggregates: ['view'] },
    { name: 'edit', labels: aggregateTo('admin'), rules: [], aggregates: ['edit'] },
    { name: 'admin', rules: [], aggregates: ['admin'] },
    { name: 'pikelet:viewers', rules: viewerRules(kinds) },
  ];
}

/** Everything but Secrets, and of pods nothing that does more than read their state: no log, exec or proxy. */
function viewerRules(kinds: readonly Kind[]): readonly PolicyRule[] {
  const core = kinds
    .filter(({ group, id }) => group === '' && id !== 'Secret')
    .flatMap(({ plural, subresources }) => [
      plural,
      ...subresources.filter(name => name === 'status' || name === 'scale').map(name => `${plural}/${name}`),
    ]);
  const groups = [...new Set(kinds.map(({ group }) => group))].filter(group => group !== '');
  return [
    on('', core.join(' '), READ),
    { apiGroups: [...groups, 'metrics.k8s.io'], resources: ['*'], verbs: READ },
  ];
}

/** Groups by the default role that they are bound to, under the role's own name. */
export const DEFAULT_BINDINGS: Readonly<Record<string, readonly string[]>> = {
  'cluster-admin': [MASTERS],
  'system:discovery': [AUTHENTICATED],
  'system:public-info-viewer': [AUTHENTICATED, UNAUTHENTICATED],
  'system:monitoring': ['system:monitoring'],
  'system:basic-user': [AUTHENTICATED],
  'system:service-account-issuer-discovery': ['system:serviceaccounts'],
  'pikelet:viewers': ['pikelet:viewers'],
};

/** What an aggregated role selects. */
export function aggregationRuleOf(roles: readonly string[]): rbac.AggregationRule {
  return { clusterRoleSelectors: roles.map(role => ({ matchLabels: aggregateTo(role) })) };
}

/** An unmodified Prometheus on a real cluster: it discovers what there is, follows it, and reads the master's own figures. */
import { KubeConfig, NetworkingV1Api, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { type ClusterApi, nameOf, openClusterApi, uidOf } from './support/cluster-api.ts';
import { type Prometheus, ROLES, type Role, startPrometheus } from './support/prometheus.ts';
import { until } from './support/until.ts';
import { aDeployment, aPod } from './support/workloads.ts';

const namespace = 'default';
/** As Prometheus documents it, and without what it does not need here. */
const RULES = [
  {
    apiGroups: [''],
    resources: ['nodes', 'nodes/metrics', 'services', 'endpoints', 'pods'],
    verbs: ['get', 'list', 'watch'],
  },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses'], verbs: ['get', 'list', 'watch'] },
  { nonResourceURLs: ['/metrics'], verbs: ['get'] },
];

let cluster: TestCluster;
let api: ClusterApi;
let prometheus: Prometheus;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
  api = openClusterApi(cluster.kubeconfig);
  await api.apps.createNamespacedDeployment({
    namespace,
    body: aDeployment({ name: 'web', container: { ports: [{ name: 'http', containerPort: 8080 }] } }),
  });
  const body = {
    metadata: { name: 'web', labels: { tier: 'front' } },
    spec: { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
  };
  await api.core.createNamespacedService({ namespace, body });
  prometheus = await startPrometheus(await openAccess());
  await api.untilReady('web', 1);
});
afterAll(async () => {
  await prometheus?.stop();
  await cluster?.stop();
});
showLogsOnFailure(() => cluster);

/** A service account with Prometheus's role, and an Ingress to find. */
async function openAccess() {
  const config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const rule = {
    host: 'web.example.com',
    http: {
      paths: [
        { path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { name: 'http' } } } },
      ],
    },
  };
  const ingress = { metadata: { name: 'web' }, spec: { rules: [rule] } };
  await config.makeApiClient(NetworkingV1Api).createNamespacedIngress({ namespace, body: ingress });
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const metadata = { name: 'prometheus' };
  await api.core.createNamespacedServiceAccount({ namespace, body: { metadata } });
  await rbac.createClusterRole({ body: { metadata, rules: RULES } });
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', ...metadata };
  const subjects = [{ kind: 'ServiceAccount', namespace, ...metadata }];
  await rbac.createClusterRoleBinding({ body: { metadata, roleRef, subjects } });
  const { status } = await api.core.createNamespacedServiceAccountToken({
    ...{ namespace, name: 'prometheus' },
    body: { spec: { audiences: [] } },
  });
  const caPem = Buffer.from(config.getCurrentCluster()?.caData ?? '', 'base64').toString('utf8');
  return { server: cluster.server, caPem, token: status?.token ?? '' };
}

/** Waits until a role has found something with at least these labels. */
const untilFound = (role: Role, labels: Record<string, unknown>) =>
  until(async () =>
    expect(await prometheus.discovered(role)).toContainEqual(expect.objectContaining(labels)),
  );

const podNames = async () =>
  (await prometheus.discovered('pod')).map(labels => labels.__meta_kubernetes_pod_name);

describe('prometheus', () => {
  it('discovers the node', async () => {
    const node = await api.node('pi-1');
    const address = node.status?.addresses?.find(({ type }) => type === 'InternalIP')?.address;
    await untilFound('node', {
      __meta_kubernetes_node_name: 'pi-1',
      __meta_kubernetes_node_address_InternalIP: address,
      __meta_kubernetes_node_label_kubernetes_io_hostname: 'pi-1',
      instance: 'pi-1',
    });
  });

  it('discovers pods, with their node, controller and ports', async () => {
    const [pod] = await api.pods('web');
    await untilFound('pod', {
      __meta_kubernetes_namespace: namespace,
      __meta_kubernetes_pod_name: nameOf(pod ?? {}),
      __meta_kubernetes_pod_uid: uidOf(pod ?? {}),
      __meta_kubernetes_pod_ip: pod?.status?.podIP,
      __meta_kubernetes_pod_node_name: 'pi-1',
      __meta_kubernetes_pod_phase: 'Running',
      __meta_kubernetes_pod_ready: 'true',
      __meta_kubernetes_pod_controller_kind: 'ReplicaSet',
      __meta_kubernetes_pod_label_app: 'web',
      __meta_kubernetes_pod_container_name: 'main',
      __meta_kubernetes_pod_container_port_name: 'http',
      __meta_kubernetes_pod_container_port_number: '8080',
      __address__: `${pod?.status?.podIP}:8080`,
    });
  });

  it('discovers services, endpoints and slices', async () => {
    await untilFound('service', {
      __meta_kubernetes_service_name: 'web',
      __meta_kubernetes_service_label_tier: 'front',
      __meta_kubernetes_service_type: 'ClusterIP',
      __meta_kubernetes_service_port_name: 'http',
    });
    const [pod] = await api.pods('web');
    const target = {
      __meta_kubernetes_pod_name: nameOf(pod ?? {}),
      __address__: `${pod?.status?.podIP}:8080`,
    };
    await untilFound('endpoints', {
      ...target,
      __meta_kubernetes_endpoints_name: 'web',
      __meta_kubernetes_endpoint_ready: 'true',
      __meta_kubernetes_endpoint_node_name: 'pi-1',
      __meta_kubernetes_service_label_tier: 'front',
    });
    await untilFound('endpointslice', {
      ...target,
      __meta_kubernetes_endpointslice_endpoint_conditions_ready: 'true',
      __meta_kubernetes_endpointslice_address_type: 'IPv4',
      __meta_kubernetes_service_name: 'web',
    });
  });

  it('discovers ingresses', async () => {
    await untilFound('ingress', {
      __meta_kubernetes_ingress_name: 'web',
      __meta_kubernetes_ingress_host: 'web.example.com',
      __meta_kubernetes_ingress_path: '/',
      __address__: 'web.example.com',
    });
  });

  it('scrapes the master', async () => {
    await until(async () => expect(await prometheus.masterHealth()).toEqual(['up']));
    await until(async () => {
      expect(await prometheus.query('pikelet_nodes{ready="True"}')).toEqual(['1']);
      expect(await prometheus.query('apiserver_longrunning_requests{verb="WATCH"} >= 6')).toHaveLength(1);
      const lists = 'apiserver_request_total{verb="LIST",resource="endpointslices",code="200"} > 0';
      expect(await prometheus.query(lists)).toHaveLength(1);
      expect(await prometheus.query('process_resident_memory_bytes > 1e6')).toHaveLength(1);
    });
  });

  it('sees a pod come and go', async () => {
    await api.core.createNamespacedPod({ namespace, body: aPod({ name: 'brief' }) });
    await untilFound('pod', { __meta_kubernetes_pod_name: 'brief', __meta_kubernetes_pod_ready: 'true' });
    await api.core.deleteNamespacedPod({ namespace, name: 'brief' });
    await until(async () => expect(await podNames()).not.toContain('brief'));
  });

  it('goes on after the master was killed', async () => {
    await cluster.killMaster();
    await cluster.startMaster();
    await until(() => api.core.createNamespacedPod({ namespace, body: aPod({ name: 'after' }) }));
    await untilFound('pod', { __meta_kubernetes_pod_name: 'after', __meta_kubernetes_pod_ready: 'true' });
    await api.core.deleteNamespacedPod({ namespace, name: 'after' });
    await until(async () => expect(await podNames()).not.toContain('after'));
    for (const role of ROLES) expect((await prometheus.discovered(role)).length, role).toBeGreaterThan(0);
    await until(async () => expect(await prometheus.masterHealth()).toEqual(['up']));
  });
});

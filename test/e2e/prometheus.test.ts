/** An unmodified Prometheus reads the figures of a real master. */
import { KubeConfig, RbacAuthorizationV1Api } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster.ts';
import { showLogsOnFailure } from '../support/logs-on-failure.ts';
import { type ClusterApi, openClusterApi } from './support/cluster-api.ts';
import { type Prometheus, startPrometheus } from './support/prometheus.ts';
import { until } from './support/until.ts';

const account = { namespace: 'default', name: 'prometheus' };
const metadata = { name: account.name };

let cluster: TestCluster;
let api: ClusterApi;
let config: KubeConfig;
let prometheus: Prometheus;
beforeAll(async () => {
  cluster = await startCluster({ nodes: 1 });
  api = openClusterApi(cluster.kubeconfig);
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  await api.core.createNamespacedServiceAccount({ ...account, body: { metadata } });
  const { status } = await api.core.createNamespacedServiceAccountToken({
    ...account,
    body: { spec: { audiences: [] } },
  });
  const caPem = Buffer.from(config.getCurrentCluster()?.caData ?? '', 'base64').toString('utf8');
  prometheus = await startPrometheus({ server: cluster.server, caPem, token: status?.token ?? '' });
});
afterAll(async () => {
  await prometheus?.stop();
  await cluster?.stop();
});
showLogsOnFailure(() => cluster);

const untilHealth = (health: string | RegExp) =>
  until(async () => expect(await prometheus.health()).toMatch(health));

describe('prometheus', () => {
  it('is refused without a role', async () => {
    await untilHealth(/HTTP status 403/);
  });

  it('is let in by system:monitoring', async () => {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:monitoring' };
    const subjects = [{ kind: 'ServiceAccount', ...account }];
    await config
      .makeApiClient(RbacAuthorizationV1Api)
      .createClusterRoleBinding({ body: { metadata, roleRef, subjects } });
    await untilHealth('up');
  });

  it('reads figures', async () => {
    await api.core.listNode();
    await until(async () => {
      expect(await prometheus.query('pikelet_nodes{ready="True"}')).toEqual(['1']);
      const lists =
        'apiserver_request_total{verb="LIST",group="",version="v1",resource="nodes",code="200"} > 0';
      expect(await prometheus.query(lists)).toHaveLength(1);
      expect(await prometheus.query('apiserver_longrunning_requests{verb="WATCH"}')).toHaveLength(1);
      expect(await prometheus.query('pikelet_store_revision > 1')).toHaveLength(1);
      expect(await prometheus.query('process_resident_memory_bytes > 1e6')).toHaveLength(1);
      expect(await prometheus.query('process_cpu_seconds_total > 0')).toHaveLength(1);
    });
  });

  it('goes on after the master was killed', async () => {
    await cluster.killMaster();
    await untilHealth(/refused/);
    await cluster.startMaster();
    await untilHealth('up');
  });
});

import { describe, expect, it } from 'vitest';
import { aNamespace } from '../../../test/support/builders.ts';
import { aCluster, converge, given } from '../../../test/support/converge.ts';
import { namespaceDefaultsController } from './plan.ts';

const account = { namespace: 'default', name: 'default' };
const rootCa = { namespace: 'default', name: 'kube-root-ca.crt' };

describe('namespace defaults', () => {
  it('come with the namespace, come back when they are deleted, and follow the authority', async () => {
    const cluster = aCluster();
    given(cluster, 'Namespace', aNamespace({ name: 'default' }));
    await converge(namespaceDefaultsController('old'), cluster);
    expect(cluster.view.get('ServiceAccount', account)).toBeDefined();
    expect(cluster.view.get('ConfigMap', rootCa)?.data).toEqual({ 'ca.crt': 'old' });
    cluster.delete('ServiceAccount', account);
    await converge(namespaceDefaultsController('new'), cluster);
    expect(cluster.view.get('ServiceAccount', account)).toBeDefined();
    expect(cluster.view.get('ConfigMap', rootCa)?.data).toEqual({ 'ca.crt': 'new' });
  });

  it('are not made in a namespace that is going', async () => {
    const cluster = aCluster();
    given(cluster, 'Namespace', aNamespace({ name: 'default' }));
    cluster.delete('Namespace', { name: 'default' });
    await converge(namespaceDefaultsController('ca'), cluster);
    expect(cluster.view.list('ServiceAccount')).toEqual([]);
  });
});

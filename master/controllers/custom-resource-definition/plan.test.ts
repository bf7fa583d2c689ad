import { describe, expect, it } from 'vitest';
import { CLEANUP_FINALIZER } from '../../../shared/kubernetes/custom-resources.ts';
import { aCluster, converge, given } from '../../../test/support/converge.ts';
import { crontabDefinition } from '../../../test/support/crontab.ts';
import { customResourceDefinitionController as controller } from './plan.ts';

const NAME = 'crontabs.stable.example.com';

function aDefinition(name = NAME, names: object = {}) {
  const definition = crontabDefinition();
  const [plural] = name.split('.');
  Object.assign(definition.metadata, { name, finalizers: [CLEANUP_FINALIZER] });
  Object.assign(definition.spec.names, { plural, singular: undefined, shortNames: undefined }, names);
  return definition;
}

describe('a custom resource definition', () => {
  it('is established, and comes to rest', async () => {
    const cluster = aCluster();
    given(cluster, 'CustomResourceDefinition', aDefinition());
    const { rounds } = await converge(controller, cluster);
    expect(rounds).toBe(1);
    expect(cluster.view.get('CustomResourceDefinition', { name: NAME })?.status).toMatchObject({
      conditions: [
        { type: 'NamesAccepted', status: 'True' },
        { type: 'Established', status: 'True' },
      ],
      acceptedNames: { plural: 'crontabs', kind: 'CronTab' },
      storedVersions: ['v1'],
    });
  });

  it('waits for a name until the other one gives it up', async () => {
    const cluster = aCluster();
    given(cluster, 'CustomResourceDefinition', aDefinition());
    await converge(controller, cluster);
    given(cluster, 'CustomResourceDefinition', aDefinition('tabs.stable.example.com'));
    await converge(controller, cluster);
    const conditions = () =>
      cluster.view
        .get('CustomResourceDefinition', { name: 'tabs.stable.example.com' })
        ?.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]);
    expect(conditions()).toEqual([
      ['NamesAccepted', 'False', 'KindConflict'],
      ['Established', 'False', 'NotAccepted'],
    ]);
    cluster.delete('CustomResourceDefinition', { name: NAME });
    await converge(controller, cluster);
    expect(conditions()).toEqual([
      ['NamesAccepted', 'True', 'NoConflicts'],
      ['Established', 'True', 'InitialNamesAccepted'],
    ]);
  });

  it('goes after its objects', async () => {
    const cluster = aCluster();
    given(cluster, 'CustomResourceDefinition', aDefinition());
    given(cluster, NAME, {
      apiVersion: 'stable.example.com/v1',
      kind: 'CronTab',
      metadata: { namespace: 'default', name: 'held', finalizers: ['example.com/hold'] },
    });
    await converge(controller, cluster);
    cluster.delete('CustomResourceDefinition', { name: NAME });
    await converge(controller, cluster);
    const [held] = cluster.view.list(NAME);
    expect(held?.metadata.deletionTimestamp).toBeDefined();
    expect(cluster.view.get('CustomResourceDefinition', { name: NAME })).toBeDefined();
    if (held !== undefined) cluster.update(NAME, { ...held, metadata: { ...held.metadata, finalizers: [] } });
    await converge(controller, cluster);
    expect(cluster.view.list(NAME)).toEqual([]);
    expect(cluster.view.get('CustomResourceDefinition', { name: NAME })).toBeUndefined();
  });
});

import { describe, expect, it } from 'vitest';
import type { PodSpec } from '../../../shared/kubernetes/objects.ts';
import { aPod } from '../../../test/support/builders.ts';
import { aCluster } from '../../../test/support/converge.ts';
import { withServiceAccount } from './service-account.ts';

const PATH = '/var/run/secrets/kubernetes.io/serviceaccount';
const main = { name: 'main', image: 'hello' };

function admitted(spec: Partial<PodSpec>, account?: { automountServiceAccountToken?: boolean }): PodSpec {
  const cluster = aCluster();
  const metadata = { namespace: 'default', name: 'default' };
  if (account)
    cluster.create('ServiceAccount', { apiVersion: 'v1', kind: 'ServiceAccount', metadata, ...account });
  const refuse = (why: string): never => {
    throw new Error(why);
  };
  return withServiceAccount(aPod({ spec }), cluster.view, refuse, () => 'abcde').spec;
}

describe('the token of a service account', () => {
  it('is mounted in every container, with the authority and the namespace', () => {
    const spec = admitted({ containers: [main], initContainers: [{ ...main, name: 'init' }] });
    const mount = { name: 'kube-api-access-abcde', readOnly: true, mountPath: PATH };
    expect(spec.containers[0]?.volumeMounts).toEqual([mount]);
    expect(spec.initContainers?.[0]?.volumeMounts).toEqual([mount]);
    const sources = spec.volumes?.[0]?.projected?.sources ?? [];
    expect(sources.flatMap(source => Object.keys(source))).toEqual([
      'serviceAccountToken',
      'configMap',
      'downwardAPI',
    ]);
  });

  it.each([
    { name: 'the pod', spec: { automountServiceAccountToken: false }, account: {}, isMounted: false },
    { name: 'the account', spec: {}, account: { automountServiceAccountToken: false }, isMounted: false },
    {
      name: 'the pod before the account',
      spec: { automountServiceAccountToken: true },
      account: { automountServiceAccountToken: false },
      isMounted: true,
    },
  ])('follows $name', ({ spec, account, isMounted }) => {
    expect(admitted(spec, account).volumes !== undefined).toBe(isMounted);
  });

  it('leaves a container alone that has something else there', () => {
    const own = { ...main, volumeMounts: [{ name: 'v', mountPath: PATH }] };
    const volumes = [{ name: 'v', emptyDir: {} }];
    expect(admitted({ containers: [own], volumes })).toMatchObject({ containers: [own], volumes });
    const spec = admitted({ containers: [own, { ...main, name: 'other' }], volumes });
    expect(spec.volumes?.map(({ name }) => name)).toEqual(['v', 'kube-api-access-abcde']);
    expect(spec.containers[0]).toEqual(own);
  });

  it('is refused for an account that does not exist', () => {
    expect(() => admitted({ serviceAccountName: 'robot' })).toThrow('serviceaccount "robot" not found');
  });
});

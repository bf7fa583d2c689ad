/** What clients expect in every namespace: the service account `default`, and the authority that proves who the API is. */
import type { ObjectRef } from '../../../shared/kubernetes/objects.ts';
import type { Action, Controller, Plan, PlanInput } from '../controller.ts';

const ACCOUNT = 'default';
const ROOT_CA = 'kube-root-ca.crt';
const ABOUT_ROOT_CA =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.';

type Named = { readonly metadata: { readonly name: string; readonly namespace?: string } };

function homeOf({ metadata }: Named, wanted: string): readonly ObjectRef[] {
  return metadata.name === wanted && metadata.namespace !== undefined ? [{ name: metadata.namespace }] : [];
}

/** `caPem`: the cluster's certificate authority. */
export function namespaceDefaultsController(caPem: string): Controller<'Namespace'> {
  return {
    name: 'namespace-defaults-controller',
    of: 'Namespace',
    wakes: {
      ServiceAccount: object => homeOf(object, ACCOUNT),
      ConfigMap: object => homeOf(object, ROOT_CA),
    },
    plan: input => planDefaults(input, caPem),
  };
}

function planDefaults({ view, ref }: PlanInput, caPem: string): Plan {
  const home = view.get('Namespace', ref);
  if (home === undefined || home.metadata.deletionTimestamp !== undefined) return { actions: [] };
  return { actions: [...accountActions(view, ref.name), ...rootCaActions(view, ref.name, caPem)] };
}

function accountActions(view: PlanInput['view'], namespace: string): Action[] {
  const metadata = { namespace, name: ACCOUNT };
  if (view.get('ServiceAccount', metadata) !== undefined) return [];
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata };
  return [{ kind: 'create', of: 'ServiceAccount', object }];
}

function rootCaActions(view: PlanInput['view'], namespace: string, caPem: string): Action[] {
  const found = view.get('ConfigMap', { namespace, name: ROOT_CA });
  const data = { 'ca.crt': caPem };
  if (found !== undefined)
    return found.data?.['ca.crt'] === caPem
      ? []
      : [{ kind: 'update', of: 'ConfigMap', object: { ...found, data } }];
  const metadata = { namespace, name: ROOT_CA, annotations: { 'kubernetes.io/description': ABOUT_ROOT_CA } };
  return [
    { kind: 'create', of: 'ConfigMap', object: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } },
  ];
}

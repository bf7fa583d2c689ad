/**
 * Secret: one of type `kubernetes.io/service-account-token` is filled with a token of the account that it names, and goes with
 * that account. Source: k8s.io/kubernetes/pkg/controller/serviceaccount/tokens_controller.go.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Secret } from '../../../shared/kubernetes/objects.ts';
import { refOf } from '../../../shared/kubernetes/references.ts';
import { secretMembers } from '../../auth/secret-text.ts';
import {
  ACCOUNT_NAME,
  ACCOUNT_UID,
  type ServiceAccountTokens,
  TOKEN_SECRET_TYPE,
} from '../../auth/service-account/tokens.ts';
import { deleteOf } from '../actions.ts';
import type { Controller, Plan, PlanInput } from '../controller.ts';

export type TokenSecretKeys = { readonly tokens: ServiceAccountTokens; readonly caPem: string };

export function tokenSecretController(keys: TokenSecretKeys): Controller<'Secret'> {
  return {
    name: 'token-secret-controller',
    of: 'Secret',
    wakes: {
      ServiceAccount: ({ metadata }, view) =>
        view
          .list('Secret', metadata.namespace)
          .filter(secret => accountOf(secret) === metadata.name)
          .map(refOf),
    },
    plan: input => planSecret(keys, input),
  };
}

function accountOf({ type, metadata }: Secret): string | undefined {
  return type === TOKEN_SECRET_TYPE ? metadata.annotations?.[ACCOUNT_NAME] : undefined;
}

function planSecret({ tokens, caPem }: TokenSecretKeys, { view, ref }: PlanInput): Plan {
  const secret = view.get('Secret', ref);
  const name = secret === undefined ? undefined : accountOf(secret);
  if (secret === undefined || name === undefined || secret.metadata.deletionTimestamp !== undefined)
    return { actions: [] };
  const account = view.get('ServiceAccount', { name, namespace: ref.namespace });
  const { annotations = {} } = secret.metadata;
  const uid = annotations[ACCOUNT_UID];
  // Another account of the same name is none of this Secret's business.
  if (account === undefined || (uid !== undefined && uid !== account.metadata.uid))
    return { actions: [deleteOf('Secret', secret)] };
  const { token } = secret.data ?? {};
  const filled: Secret = {
    ...secret,
    metadata: { ...secret.metadata, annotations: { ...annotations, [ACCOUNT_UID]: account.metadata.uid } },
    data: {
      ...secret.data,
      ...secretMembers({ 'ca.crt': caPem, namespace: ref.namespace ?? '' }),
      ...(token ? { token } : secretMembers({ token: tokens.issueForSecret(account, ref.name) })),
    },
  };
  if (isDeepStrictEqual(filled, secret)) return { actions: [] };
  return { actions: [{ kind: 'update', of: 'Secret', object: filled }] };
}

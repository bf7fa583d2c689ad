/** Who owns what a request writes. Source: metav1 validation ValidateFieldManager and apiserver's managerOrUserAgent. */
import { invalid } from '../../shared/kubernetes/api-error.ts';
import type { Exchange } from './exchange.ts';

const MAX_MANAGER_BYTES = 128;
const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu;

type Options = 'CreateOptions' | 'UpdateOptions' | 'PatchOptions';

/** The `fieldManager` of the query; for want of one, what the client calls itself. Throws ApiError Invalid. */
export function fieldManagerOf(exchange: Exchange, options: Options): string {
  return givenManager(exchange, options) ?? userAgentName(exchange);
}

/** An apply must say who it is for, and may say that it takes what others own. Throws ApiError Invalid. */
export function applierOf(exchange: Exchange): { readonly manager: string; readonly force: boolean } {
  const manager = givenManager(exchange, 'PatchOptions');
  if (manager !== undefined) return { manager, force: exchange.flag('force') };
  throw refusal(
    'PatchOptions',
    'FieldValueRequired',
    'fieldManager',
    'Required value: is required for apply patch',
  );
}

export function refuseForce(exchange: Exchange): void {
  if (exchange.query('force') === undefined) return;
  throw refusal(
    'PatchOptions',
    'FieldValueForbidden',
    'force',
    'Forbidden: may not be specified for non-apply patch',
  );
}

function givenManager(exchange: Exchange, options: Options): string | undefined {
  const manager = exchange.query('fieldManager');
  if (!manager) return undefined;
  if (Buffer.byteLength(manager) > MAX_MANAGER_BYTES)
    throw refusal(
      options,
      'FieldValueTooLong',
      'fieldManager',
      `Too long: may not be more than ${MAX_MANAGER_BYTES} bytes`,
    );
  if (manager.search(UNPRINTABLE) >= 0)
    throw refusal(
      options,
      'FieldValueInvalid',
      'fieldManager',
      `Invalid value: ${JSON.stringify(manager)}: should only contain printable characters`,
    );
  return manager;
}

function userAgentName(exchange: Exchange): string {
  const [name = ''] = (exchange.header('user-agent') ?? '').split('/');
  // A header arrives as Latin-1: one character is at most two bytes of UTF-8.
  return name.replaceAll(UNPRINTABLE, '').slice(0, MAX_MANAGER_BYTES / 2) || 'unknown';
}

function refusal(kind: Options, reason: string, field: string, message: string) {
  return invalid({ group: 'meta.k8s.io', plural: '', kind }, '', [{ reason, message, field }]);
}

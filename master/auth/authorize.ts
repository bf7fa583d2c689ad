/** Who may do what. Role-based access control has its place in this one function and is not built. */

/** Who a request comes from, as its credential says. */
export type Identity = { readonly user: string; readonly groups: readonly string[] };

/** A request about objects, or one about a path that is none (`/version`, `/healthz`). */
export type AccessRequest =
  | {
      /** Kubernetes's: get, list, watch, create, update, patch, delete, deletecollection. */
      readonly verb: string;
      /** Empty for the core group. */
      readonly group: string;
      /** Plural, such as `pods`. */
      readonly resource: string;
      readonly subresource?: string;
      readonly namespace?: string;
      readonly name?: string;
    }
  | { readonly verb: string; readonly path: string };

const READ_VERBS: readonly string[] = ['get', 'list', 'watch'];
/** Read by GET as well, but do more than read: exec, attach, port-forward, proxy; and log, which may hold secrets. */
const PLAIN_SUBRESOURCES: readonly (string | undefined)[] = [undefined, '', 'status', 'scale'];
const OPEN_PATHS = /^\/(?:api|apis|version|openapi|healthz|livez|readyz)(?:\/|$)/;

/** True when this identity may make this request; nobody unknown may make any. */
export function isAllowed(identity: Identity | undefined, request: AccessRequest): boolean {
  if (identity === undefined) return false;
  if (identity.groups.includes('system:masters')) return true;
  if ('path' in request) return READ_VERBS.includes(request.verb) && OPEN_PATHS.test(request.path);
  if (!identity.groups.includes('pikelet:viewers')) return false;
  return (
    READ_VERBS.includes(request.verb) &&
    !(request.group === '' && request.resource === 'secrets') &&
    PLAIN_SUBRESOURCES.includes(request.subresource)
  );
}

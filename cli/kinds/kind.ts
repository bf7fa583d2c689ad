/** What the command needs to know of a kind to build paths and to name objects. */

export type Kind = {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly categories: readonly string[];
  readonly verbs: readonly string[];
};

/** `v1`, or `apps/v1`. */
export function apiVersionOf(kind: Kind): string {
  return kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;
}

/** `pods`, or `deployments.apps`. */
export function qualifiedPlural(kind: Kind): string {
  return kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`;
}

/** `pod`, or `deployment.apps`: how kubectl names a kind in what it prints. */
export function qualifiedSingular(kind: Kind): string {
  return kind.group === '' ? kind.singular : `${kind.singular}.${kind.group}`;
}

/** The path of a collection; without a namespace that of all namespaces. */
export function collectionPath(kind: Kind, namespace?: string): string {
  const root = kind.group === '' ? `/api/${kind.version}` : `/apis/${kind.group}/${kind.version}`;
  const scope =
    kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${kind.plural}`;
}

/** The path of one object, or of one of its subresources. */
export function objectPath(
  kind: Kind,
  ref: { readonly namespace?: string; readonly name: string },
  subresource?: string,
): string {
  const path = `${collectionPath(kind, ref.namespace)}/${encodeURIComponent(ref.name)}`;
  return subresource === undefined ? path : `${path}/${subresource}`;
}

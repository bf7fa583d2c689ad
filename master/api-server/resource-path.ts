/** Kubernetes's resource paths, taken apart. Pure. Source: Kubernetes API concepts, "Resource URIs". */

export type ResourcePath = {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
  /** The old way to watch, /api/v1/watch/…; as good as ?watch=true. */
  readonly isWatchPath: boolean;
};

/** Undefined when `pathname` names no resource. Segments are percent-decoded; a malformed escape names nothing. */
export function parseResourcePath(pathname: string): ResourcePath | undefined {
  const segments = decodeSegments(pathname);
  if (segments === undefined) return undefined;
  const [root, ...rest] = segments;
  if (root === 'api') {
    const [version, ...resource] = rest;
    return version === undefined ? undefined : parseResource('', version, resource);
  }
  if (root !== 'apis') return undefined;
  const [group, version, ...resource] = rest;
  return group === undefined || version === undefined ? undefined : parseResource(group, version, resource);
}

function decodeSegments(pathname: string): string[] | undefined {
  try {
    return pathname
      .split('/')
      .filter(segment => segment !== '')
      .map(decodeURIComponent);
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}

function parseResource(
  group: string,
  version: string,
  segments: readonly string[],
): ResourcePath | undefined {
  const isWatchPath = segments[0] === 'watch';
  const path = isWatchPath ? segments.slice(1) : segments;
  const base = { group, version, isWatchPath };
  // /namespaces/x and its own subresources are about the namespace; anything longer lies inside it.
  const [first, second, third, fourth, fifth, ...more] = path;
  // A proxied path goes on as it likes.
  if (first === undefined || (more.length > 0 && fifth !== 'proxy')) return undefined;
  const isOwnSubresource = third === 'status' || third === 'finalize';
  if (first === 'namespaces' && second !== undefined && third !== undefined && !isOwnSubresource)
    return { ...base, namespace: second, plural: third, ...optional(fourth, fifth) };
  if (fourth !== undefined) return undefined;
  return { ...base, plural: first, ...optional(second, third) };
}

function optional(name: string | undefined, subresource: string | undefined) {
  return { ...(name === undefined ? {} : { name }), ...(subresource === undefined ? {} : { subresource }) };
}

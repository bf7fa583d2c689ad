/** `$(NAME)` in commands, arguments and values, as Kubernetes expands it. Pure. */

/**
 * Replaces each `$(NAME)` that `variables` knows; an unknown one stays as it is unless `onUnknown` says otherwise, and `$$`
 * stands for one `$`, so that `$$(NAME)` is never replaced. Source: k8s.io/kubernetes/third_party/forked/golang/expansion.
 */
export function expandVariables(
  text: string,
  variables: ReadonlyMap<string, string>,
  onUnknown?: (name: string) => string,
): string {
  return text.replace(/\$(?:\$|\(([^)]*)\))/g, (match, name: string | undefined) =>
    name === undefined ? '$' : (variables.get(name) ?? onUnknown?.(name) ?? match),
  );
}

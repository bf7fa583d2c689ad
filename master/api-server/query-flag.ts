/**
 * A query's flag as Kubernetes reads it: there, and neither `false` (in any case) nor `0`. Go's clients say `true` or the bare name,
 * Python's `True`. Pure. Source: k8s.io/apimachinery, pkg/runtime/conversion.go.
 */
export function isFlagSet(query: URLSearchParams, name: string): boolean {
  return !/^(false|0)$/i.test(query.get(name) ?? 'false');
}

/** Which version of an API clients prefer. Pure. Source: k8s.io/apimachinery/pkg/version.CompareKubeAwareVersionStrings. */

const STAGES: Readonly<Record<string, number>> = { alpha: 0, beta: 1 };

/** v10 before v2 before v1, before v2beta1, before v1alpha2, before every other name in its own order. */
export function byPriority(a: string, b: string): number {
  const [left, right] = [partsOf(a), partsOf(b)];
  if (left === undefined || right === undefined) {
    if (left === right) return a < b ? -1 : a > b ? 1 : 0;
    return left === undefined ? 1 : -1;
  }
  return left.map((part, index) => (right[index] ?? 0) - part).find(difference => difference !== 0) ?? 0;
}

function partsOf(version: string): readonly number[] | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version);
  if (match === null) return undefined;
  const [, major, stage, minor = '0'] = match;
  return [stage === undefined ? 2 : (STAGES[stage] ?? 0), Number(major), Number(minor)];
}

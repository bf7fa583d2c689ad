/** What one policy rule allows. Pure. Source: k8s.io/kubernetes/pkg/apis/rbac/v1/evaluation_helpers.go. */
import type * as rbac from 'kubernetes-types/rbac/v1';

export type PolicyRule = rbac.PolicyRule;

/** A request about objects, or one about a path that is none (`/version`, `/healthz`). */
export type AccessRequest =
  | {
      /** Kubernetes's: get, list, watch, create, update, patch, delete, deletecollection; or one of its special ones. */
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

/** True when the rule allows the request, wherever it applies. */
export function ruleAllows(rule: PolicyRule, request: AccessRequest): boolean {
  if (!hasOrAll(rule.verbs, request.verb)) return false;
  if ('path' in request) return (rule.nonResourceURLs ?? []).some(url => urlCovers(url, request.path));
  const { group, resource, subresource = '', name = '' } = request;
  return (
    hasOrAll(rule.apiGroups, group) &&
    (rule.resources ?? []).some(wanted => resourceCovers(wanted, resource, subresource)) &&
    (isEmpty(rule.resourceNames) || rule.resourceNames?.includes(name) === true)
  );
}

/** True when whoever holds `held` may do all that `wanted` allows, each part of it by one rule. */
export function isCovered(held: readonly PolicyRule[], wanted: PolicyRule): boolean {
  return uncoveredParts(held, [wanted]).length === 0;
}

/** The single grants in `wanted` that nothing in `held` gives: one verb on one resource, or on one path, each. */
export function uncoveredParts(
  held: readonly PolicyRule[],
  wanted: readonly PolicyRule[],
): readonly PolicyRule[] {
  return wanted.flatMap(partsOf).filter(part => !held.some(rule => coversPart(rule, part)));
}

function partsOf(rule: PolicyRule): PolicyRule[] {
  const { verbs, apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule;
  const names = resourceNames.length === 0 ? [undefined] : resourceNames;
  const ofResources = apiGroups.flatMap(group =>
    resources.flatMap(resource =>
      names.flatMap(name =>
        verbs.map(verb => ({
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          ...(name === undefined ? {} : { resourceNames: [name] }),
        })),
      ),
    ),
  );
  const ofPaths = nonResourceURLs.flatMap(url =>
    verbs.map(verb => ({ verbs: [verb], nonResourceURLs: [url] })),
  );
  return [...ofResources, ...ofPaths];
}

function coversPart(held: PolicyRule, part: PolicyRule): boolean {
  const all = (values: readonly string[] | undefined, covers: (value: string) => boolean) =>
    (values ?? []).every(covers);
  return (
    all(part.verbs, verb => hasOrAll(held.verbs, verb)) &&
    all(part.apiGroups, group => hasOrAll(held.apiGroups, group)) &&
    all(part.resources, text => {
      const [resource = '', subresource = ''] = text.split('/');
      return (held.resources ?? []).some(own => own === text || resourceCovers(own, resource, subresource));
    }) &&
    (isEmpty(held.resourceNames) ||
      (!isEmpty(part.resourceNames) &&
        all(part.resourceNames, name => held.resourceNames?.includes(name) === true))) &&
    all(part.nonResourceURLs, url => (held.nonResourceURLs ?? []).some(own => urlCovers(own, url)))
  );
}

/** `*` is everything, `pods/log` one subresource, and `*` before a slash that subresource of every resource. */
function resourceCovers(wanted: string, resource: string, subresource: string): boolean {
  if (wanted === '*') return true;
  if (subresource === '') return wanted === resource;
  return wanted === `${resource}/${subresource}` || wanted === `*/${subresource}`;
}

function urlCovers(wanted: string, path: string): boolean {
  if (wanted === '*' || wanted === path) return true;
  return wanted.endsWith('*') && path.startsWith(wanted.slice(0, -1));
}

function hasOrAll(values: readonly string[] | undefined, value: string): boolean {
  return values?.some(own => own === '*' || own === value) === true;
}

function isEmpty(values: readonly string[] | undefined): boolean {
  return values === undefined || values.length === 0;
}

/** Single grants put together again where only their verbs differ. */
export function compacted(parts: readonly PolicyRule[]): readonly PolicyRule[] {
  const byRest = new Map<string, PolicyRule>();
  for (const { verbs, ...rest } of parts) {
    const key = JSON.stringify(rest);
    const known = byRest.get(key)?.verbs ?? [];
    byRest.set(key, { ...rest, verbs: [...new Set([...known, ...verbs])] });
  }
  return [...byRest.values()];
}

/** A rule as Kubernetes's messages show it: `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`. */
export function ruleText(rule: PolicyRule): string {
  const members: [string, readonly string[] | undefined][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const shown = members
    .filter(([, values]) => !isEmpty(values))
    .map(([name, values]) => `${name}:${quotedList(values ?? [])}`);
  return `{${shown.join(', ')}}`;
}

/** A list of texts as Go's %q prints it. */
export function quotedList(values: readonly string[]): string {
  return `[${values.map(value => JSON.stringify(value)).join(' ')}]`;
}

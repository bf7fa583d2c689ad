import { describe, expect, test } from 'vitest';
import { compacted, type PolicyRule, ruleAllows, ruleText, uncoveredParts } from './rules.ts';

const on = (group: string, resources: string, verbs: string, names?: string): PolicyRule => ({
  apiGroups: [group],
  resources: resources.split(' '),
  verbs: verbs.split(' '),
  ...(names === undefined ? {} : { resourceNames: names.split(' ') }),
});
const paths = (urls: string): PolicyRule => ({ nonResourceURLs: urls.split(' '), verbs: ['get'] });
const get = (resource: string, more: object = {}) => ({ verb: 'get', group: '', resource, ...more });

describe('ruleAllows', () => {
  const rows = [
    { rule: on('', 'pods', 'get list'), request: get('pods'), want: true },
    { rule: on('', 'pods', 'get list'), request: { ...get('pods'), verb: 'delete' }, want: false },
    { rule: on('', 'pods', '*'), request: { ...get('pods'), verb: 'delete' }, want: true },
    { rule: on('apps', 'pods', 'get'), request: get('pods'), want: false },
    { rule: on('*', 'pods', 'get'), request: get('pods'), want: true },
    { rule: on('', 'pods', 'get'), request: get('pods', { subresource: 'log' }), want: false },
    { rule: on('', 'pods/log', 'get'), request: get('pods', { subresource: 'log' }), want: true },
    { rule: on('', 'pods/log', 'get'), request: get('pods'), want: false },
    { rule: on('', '*/scale', 'get'), request: get('deployments', { subresource: 'scale' }), want: true },
    { rule: on('', '*/scale', 'get'), request: get('deployments'), want: false },
    { rule: on('', '*', 'get'), request: get('pods', { subresource: 'exec' }), want: true },
    { rule: on('', 'pods', 'get', 'a b'), request: get('pods', { name: 'b' }), want: true },
    { rule: on('', 'pods', 'get', 'a b'), request: get('pods', { name: 'c' }), want: false },
    { rule: on('', 'pods', 'get', 'a'), request: get('pods'), want: false },
    { rule: paths('/healthz /apis/*'), request: { verb: 'get', path: '/healthz' }, want: true },
    { rule: paths('/healthz /apis/*'), request: { verb: 'get', path: '/healthz/x' }, want: false },
    { rule: paths('/healthz /apis/*'), request: { verb: 'get', path: '/apis/apps/v1' }, want: true },
    { rule: paths('*'), request: { verb: 'get', path: '/metrics' }, want: true },
    { rule: on('*', '*', '*'), request: { verb: 'get', path: '/metrics' }, want: false },
    { rule: paths('*'), request: get('pods'), want: false },
  ];
  test.each(rows)('$rule $request: $want', ({ rule, request, want }) =>
    expect(ruleAllows(rule, request)).toBe(want),
  );
});

describe('uncoveredParts', () => {
  const rows = [
    { held: [on('', 'pods', 'get'), on('', 'pods', 'list')], wanted: on('', 'pods', 'get list'), want: [] },
    { held: [on('*', '*', '*')], wanted: on('apps', 'deployments/scale', 'get', 'a'), want: [] },
    { held: [on('*', '*', '*')], wanted: paths('/x'), want: ['{NonResourceURLs:["/x"], Verbs:["get"]}'] },
    { held: [paths('/a/*')], wanted: paths('/a/b /a/*'), want: [] },
    {
      held: [on('', 'pods', 'get', 'a')],
      wanted: on('', 'pods', 'get'),
      want: ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
    },
    {
      held: [on('', 'pods', 'get')],
      wanted: on('', 'pods secrets', 'get list', 's'),
      want: [
        '{APIGroups:[""], Resources:["pods"], ResourceNames:["s"], Verbs:["list"]}',
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get" "list"]}',
      ],
    },
    { held: [on('', '*/scale', 'get')], wanted: on('', 'x/scale', 'get'), want: [] },
    {
      held: [on('', 'pods', 'get')],
      wanted: on('', '*', 'get'),
      want: ['{APIGroups:[""], Resources:["*"], Verbs:["get"]}'],
    },
  ];
  test.each(rows)('$held $wanted', ({ held, wanted, want }) =>
    expect(compacted(uncoveredParts(held, [wanted])).map(ruleText)).toEqual(want),
  );
});

/**
 * Label and field selectors: parsing and matching.
 * Grammar: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api
 */
import type { LabelSelector } from './objects.ts';

const OPERATORS = ['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'] as const;

export type Requirement = {
  readonly key: string;
  readonly operator: (typeof OPERATORS)[number];
  readonly values: readonly string[];
};

export type Labels = Readonly<Record<string, string>>;
type Parsed =
  | { readonly ok: true; readonly requirements: readonly Requirement[] }
  | { readonly ok: false; readonly reason: string };

const KEY = /^([a-z0-9A-Z]([-a-z0-9A-Z_.]*[a-z0-9A-Z])?\/)?[a-z0-9A-Z]([-a-z0-9A-Z_.]{0,61}[a-z0-9A-Z])?$/;
const VALUE = /^([a-z0-9A-Z]([-a-z0-9A-Z_.]{0,61}[a-z0-9A-Z])?)?$/;
const TERM =
  /^\s*(?:(!)\s*([^\s=!(),]+)|([^\s=!(),]+)\s+(in|notin)\s*\(([^()]*)\)|([^\s=!(),<>]+)\s*(?:(==|=|!=|>|<)\s*([^\s=!(),<>]*))?)\s*$/;

/** Parses `a=b,c!=d,e in (f,g),!h`. An empty string selects everything. */
export function parseLabelSelector(text: string): Parsed {
  const requirements: Requirement[] = [];
  for (const term of splitOutsideParentheses(text)) {
    const match = TERM.exec(term);
    if (!match) return { ok: false, reason: `unable to parse requirement: ${JSON.stringify(term.trim())}` };
    const requirement = requirementOf(match);
    if (!KEY.test(requirement.key))
      return { ok: false, reason: `invalid label key ${JSON.stringify(requirement.key)}` };
    const bad = requirement.values.find(value => !VALUE.test(value));
    if (bad !== undefined) return { ok: false, reason: `invalid label value ${JSON.stringify(bad)}` };
    requirements.push(requirement);
  }
  return { ok: true, requirements };
}

function requirementOf(match: RegExpExecArray): Requirement {
  const [, not, absentKey, setKey, setOperator, setValues, key, operator, value] = match;
  if (not !== undefined) return { key: absentKey ?? '', operator: 'DoesNotExist', values: [] };
  if (setOperator !== undefined) {
    const values = (setValues ?? '').split(',').map(item => item.trim());
    return { key: setKey ?? '', operator: setOperator === 'in' ? 'In' : 'NotIn', values };
  }
  if (operator === undefined) return { key: key ?? '', operator: 'Exists', values: [] };
  const kind = ({ '=': 'In', '==': 'In', '!=': 'NotIn', '>': 'Gt', '<': 'Lt' } as const)[operator] ?? 'In';
  return { key: key ?? '', operator: kind, values: [value ?? ''] };
}

function splitOutsideParentheses(text: string): string[] {
  if (text.trim() === '') return [];
  const terms = [''];
  let depth = 0;
  for (const char of text) {
    if (char === '(') depth++;
    if (char === ')') depth--;
    if (char === ',' && depth === 0) terms.push('');
    else terms[terms.length - 1] += char;
  }
  return terms;
}

export function requirementsOf(selector: LabelSelector | undefined): readonly Requirement[] {
  const equals = Object.entries(selector?.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({ key, operator: 'In', values: [value] }),
  );
  const expressions = (selector?.matchExpressions ?? []).map(
    ({ key, operator, values = [] }): Requirement => {
      const known = OPERATORS.find(name => name === operator);
      // What is none of Kubernetes's operators matches nothing, as `in ()` does.
      return known === undefined ? { key, operator: 'In', values: [] } : { key, operator: known, values };
    },
  );
  return [...equals, ...expressions];
}

export function matchesRequirements(requirements: readonly Requirement[], labels: Labels = {}): boolean {
  return requirements.every(requirement => matches(requirement, labels));
}

/** True when the selector matches; an absent or empty selector matches every object. */
export function matchesLabelSelector(selector: LabelSelector | undefined, labels: Labels = {}): boolean {
  return matchesRequirements(requirementsOf(selector), labels);
}

function matches({ key, operator, values }: Requirement, labels: Labels): boolean {
  const has = Object.hasOwn(labels, key);
  const value = has ? (labels[key] ?? '') : '';
  switch (operator) {
    case 'In':
      return has && values.includes(value);
    case 'NotIn':
      return !has || !values.includes(value);
    case 'Exists':
      return has;
    case 'DoesNotExist':
      return !has;
    case 'Gt':
      return has && Number(value) > Number(values[0]);
    case 'Lt':
      return has && Number(value) < Number(values[0]);
  }
}

export type FieldRequirement = { readonly field: string; readonly equal: boolean; readonly value: string };

/** Parses `metadata.name=a,status.phase!=Running`. Which fields a kind selects by is the caller's to check. */
export function parseFieldSelector(
  text: string,
): { ok: true; requirements: readonly FieldRequirement[] } | { ok: false; reason: string } {
  const requirements: FieldRequirement[] = [];
  for (const term of text.split(',').filter(part => part.trim() !== '')) {
    const match = /^\s*([^=!\s]+)\s*(==|=|!=)\s*(.*?)\s*$/.exec(term);
    if (!match)
      return { ok: false, reason: `invalid selector: ${JSON.stringify(term)}; can't understand it` };
    requirements.push({ field: match[1] ?? '', equal: match[2] !== '!=', value: match[3] ?? '' });
  }
  return { ok: true, requirements };
}

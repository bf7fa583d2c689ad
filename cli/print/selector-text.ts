/** Label selectors of objects, as text for a query and for people. Pure. */
import { isRecord } from '../../shared/is-record.ts';
import { at, listAt, stringsAt, textAt } from '../json.ts';

/** The `spec.selector` of a workload as a query; undefined when it has none. */
export function selectorText(object: unknown): string | undefined {
  const selector = at(object, 'spec', 'selector');
  if (!isRecord(selector)) return undefined;
  const structured = 'matchLabels' in selector || 'matchExpressions' in selector;
  const labels = structured ? stringsAt(selector, 'matchLabels') : stringsAt(selector);
  const terms = [
    ...Object.entries(labels).map(([key, value]) => `${key}=${value}`),
    ...listAt(selector, 'matchExpressions').map(expressionText),
  ];
  return terms.length === 0 ? undefined : terms.sort().join(',');
}

function expressionText(expression: unknown): string {
  const key = textAt(expression, 'key') ?? '';
  const values = listAt(expression, 'values').map(String).join(',');
  switch (textAt(expression, 'operator')) {
    case 'In':
      return `${key} in (${values})`;
    case 'NotIn':
      return `${key} notin (${values})`;
    case 'DoesNotExist':
      return `!${key}`;
    default:
      return key;
  }
}

/** The names of a CustomResourceDefinition, in Kubernetes's words. Pure. Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { CustomResourceNames } from '../../../shared/kubernetes/custom-resources.ts';
import type { CustomResourceDefinition } from '../../../shared/kubernetes/objects.ts';
import { groupOf, KIND_INFO } from '../../../shared/kubernetes/references.ts';
import { checkDnsSubdomain, checkOneOf, invalidValue, requiredValue } from '../field-checks.ts';

const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const DNS_1035_MESSAGE =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

const APPROVAL = 'api-approved.kubernetes.io';

export function checkDns1035(field: string, value: string | undefined): StatusCause[] {
  if (value === undefined || value === '') return [];
  if (value.length > 63) return [invalidValue(field, value, 'must be no more than 63 characters')];
  return DNS_1035.test(value) ? [] : [invalidValue(field, value, DNS_1035_MESSAGE)];
}

export function checkIdentity({ metadata, spec }: CustomResourceDefinition): StatusCause[] {
  const { group = '', names } = spec;
  const wanted = `${names?.plural}.${group}`;
  return [
    ...(metadata.name === wanted
      ? []
      : [invalidValue('metadata.name', metadata.name, 'must be spec.names.plural+"."+spec.group')]),
    ...checkGroup(group, metadata.annotations?.[APPROVAL]),
    ...checkOneOf('spec.scope', spec.scope, ['Cluster', 'Namespaced']),
  ];
}

function checkGroup(group: string, approval: string | undefined): StatusCause[] {
  if (group === '') return [requiredValue('spec.group')];
  if (Object.values(KIND_INFO).some(({ apiVersion }) => groupOf(apiVersion) === group))
    return [invalidValue('spec.group', group, 'is a built-in group, to which nothing can be added')];
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(group);
  return [
    ...checkDnsSubdomain('spec.group', group),
    ...(group.includes('.')
      ? []
      : [invalidValue('spec.group', group, 'should be a domain with at least one dot')]),
    ...(isProtected && !approval
      ? [
          requiredValue(
            `metadata.annotations[${APPROVAL}]`,
            `protected groups must have approval annotation "${APPROVAL}", see https://github.com/kubernetes/enhancements/pull/1111`,
          ),
        ]
      : []),
  ];
}

export function checkNames(names: CustomResourceNames | undefined): StatusCause[] {
  if (names === undefined) return [];
  const kindFault = (field: string, value: string | undefined) =>
    checkDns1035(field, value?.toLowerCase()).map(() =>
      invalidValue(field, value, `may have mixed case, but should otherwise match: ${DNS_1035_MESSAGE}`),
    );
  const { plural, singular, kind, listKind, shortNames = [], categories = [] } = names;
  return [
    ...(plural === '' ? [requiredValue('spec.names.plural')] : checkDns1035('spec.names.plural', plural)),
    ...checkDns1035('spec.names.singular', singular),
    ...(kind === '' ? [requiredValue('spec.names.kind')] : kindFault('spec.names.kind', kind)),
    ...kindFault('spec.names.listKind', listKind),
    ...(kind && kind === listKind
      ? [invalidValue('spec.names.listKind', listKind, 'kind and listKind may not be the same')]
      : []),
    ...shortNames.flatMap((name, index) => checkDns1035(`spec.names.shortNames[${index}]`, name)),
    ...categories.flatMap((name, index) => checkDns1035(`spec.names.categories[${index}]`, name)),
  ];
}

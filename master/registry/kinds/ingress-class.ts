/** networking.k8s.io/v1 IngressClass. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import {
  checkDnsSubdomain,
  checkOneOf,
  checkUnchanged,
  forbidden,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn, column } from './columns.ts';

export const ingressClass: Kind<'IngressClass'> = {
  id: 'IngressClass',
  kind: 'IngressClass',
  group: 'networking.k8s.io',
  version: 'v1',
  plural: 'ingressclasses',
  singular: 'ingressclass',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1IngressClass',
  subresources: [],
  columns: [
    column('Controller', ({ spec }) => spec?.controller ?? ''),
    column('Parameters', ({ spec }) => {
      const { apiGroup, kind, name } = spec?.parameters ?? {};
      return kind === undefined ? '<none>' : `${kind}${apiGroup ? `.${apiGroup}` : ''}/${name}`;
    }),
    ageColumn,
  ],
  selectableFields: {},
  defaults: object => object,
  validate: ({ spec }) => [
    ...(spec?.controller ? checkController(spec.controller) : [requiredValue('spec.controller')]),
    ...(spec?.parameters?.scope === 'Namespace' && !spec.parameters.namespace
      ? [requiredValue('spec.parameters.namespace', "`parameters.scope` is set to 'Namespace'")]
      : []),
    ...(spec?.parameters?.scope === 'Cluster' && spec.parameters.namespace
      ? [forbidden('spec.parameters.namespace', "`parameters.scope` is set to 'Cluster'")]
      : []),
    ...checkOneOf('spec.parameters.scope', spec?.parameters?.scope, ['Cluster', 'Namespace']),
  ],
  validateUpdate: (next, current) =>
    checkUnchanged('spec.controller', next.spec?.controller, current.spec?.controller),
};

const MAX_CONTROLLER = 250;

/** A controller's name is a domain and a path: `example.com/ingress`. */
function checkController(controller: string): StatusCause[] {
  const [domain = '', ...path] = controller.split('/');
  return [
    ...(controller.length > MAX_CONTROLLER
      ? [
          {
            reason: 'FieldValueTooLong',
            message: `Too long: may not be more than ${MAX_CONTROLLER} bytes`,
            field: 'spec.controller',
          },
        ]
      : []),
    ...(path.join('/') === ''
      ? [
          invalidValue(
            'spec.controller',
            controller,
            'must be a domain-prefixed path (such as "acme.io/foo")',
          ),
        ]
      : checkDnsSubdomain('spec.controller', domain)),
  ];
}

/** core/v1 PodTemplate. */
import type { Container, PodTemplateSpec } from '../../../shared/kubernetes/objects.ts';
import { checkLabels, requiredValue } from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { column, shownLabels } from './columns.ts';
import { validatePodSpec } from './pod-spec.ts';
import { defaultTemplate } from './pod-template.ts';

export const podTemplate: Kind<'PodTemplate'> = {
  id: 'PodTemplate',
  kind: 'PodTemplate',
  group: '',
  version: 'v1',
  plural: 'podtemplates',
  singular: 'podtemplate',
  shortNames: [],
  categories: [],
  namespaced: true,
  type: 'V1PodTemplate',
  subresources: [],
  columns: [
    column('Containers', ({ template }) => containersOf(template, ({ name }) => name)),
    column('Images', ({ template }) => containersOf(template, ({ image }) => image ?? '')),
    column('Pod Labels', ({ template }) => shownLabels(template?.metadata?.labels)),
  ],
  selectableFields: {},
  defaults: object =>
    object.template === undefined ? object : { ...object, template: defaultTemplate(object.template) },
  validate: ({ template }) => [
    ...checkLabels('template.metadata.labels', template?.metadata?.labels),
    ...(template?.spec === undefined
      ? [requiredValue('template.spec')]
      : validatePodSpec(template.spec, 'template.spec')),
  ],
};

function containersOf(
  template: PodTemplateSpec | undefined,
  shown: (container: Container) => string,
): string {
  return (template?.spec?.containers ?? []).map(shown).join(',');
}

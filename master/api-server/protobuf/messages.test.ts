import { describe, expect, it } from 'vitest';
import schema from '../../../shared/kubernetes/generated/schema.json' with { type: 'json' };
import { definitionOfMessage, messageFields, messageOfType } from './messages.ts';

/** Fields that came after the Kubernetes of the field tables; a client that sends one hears of an unknown field. */
const NEWER = [
  'apiextensions.v1.CustomResourceDefinitionCondition.observedGeneration',
  'apiextensions.v1.CustomResourceDefinitionStatus.observedGeneration',
  'core.v1.NodeStatus.declaredFeatures',
  'core.v1.PodCertificateProjection.userAnnotations',
  'core.v1.PodSpec.schedulingGroup',
  'core.v1.PodStatus.allocatedResources',
  'core.v1.PodStatus.nodeAllocatableResourceClaimStatuses',
  'core.v1.PodStatus.resources',
  'core.v1.ResourceHealth.message',
  'core.v1.VolumeMountStatus.volumeStatus',
  'storage.v1.CSIDriverSpec.preventPodSchedulingIfMissing',
  'storage.v1.CSIDriverSpec.serviceAccountTokenInSecrets',
];

/** Types that Kubernetes's clients never send. */
const ONLY_JSON: readonly string[] = ['V1ListMeta', 'V1Status', 'V1StatusCause', 'V1StatusDetails'];

/** JSON name → type of all that stands in a message, inlined messages too. */
/** Fields that hold one of several types; the field tables say which of them is served. */
const UNIONS = ['V1JSONSchemaProps.items', 'V1JSONSchemaProps.additionalProperties'];

function members(message: string): Record<string, string> {
  return Object.fromEntries(
    [...(messageFields(message)?.values() ?? [])].flatMap(({ name, type }) =>
      name === '' ? Object.entries(members(type)) : [[name, valueType(type)]],
    ),
  );
}

/** A message that stands for one value is that value; for one of several, anything; so is one without fields. */
function valueType(type: string): string {
  const [, prefix = '', message = ''] = /^(\[\]|\{\})?(.*)$/.exec(type) ?? [];
  const fields = messageFields(message);
  if (fields?.size === 0) return `${prefix}any`;
  const values = [...(fields?.values() ?? [])].filter(({ name }) => name === '*');
  return values.length === 0 ? type : `${prefix}${values.length === 1 ? values[0]?.type : 'any'}`;
}

describe('the table of protobuf messages', () => {
  it('has every type of the field tables', () => {
    expect(
      Object.keys(schema)
        .filter(type => messageOfType(type) === undefined)
        .toSorted(),
    ).toEqual(ONLY_JSON);
  });

  const sent = Object.entries(schema).filter(([type]) => !ONLY_JSON.includes(type));
  it.each(sent)('has the fields of %s, with their types', (type, { fields }) => {
    const message = messageOfType(type) ?? '';
    const want = Object.entries<string>(fields).map(([name, expression]) => [
      name,
      UNIONS.includes(`${type}.${name}`)
        ? 'any'
        : expression.replace(/\w+$/, word => messageOfType(word) ?? word),
    ]);
    // The envelope says what an object is.
    const said = Object.entries(members(message)).filter(([name]) => !NEWER.includes(`${message}.${name}`));
    const ofObject = want.filter(([name]) => name === 'apiVersion' || name === 'kind');
    expect(Object.fromEntries([...ofObject, ...said])).toEqual(Object.fromEntries(want));
  });

  it.each([
    ['V1Pod', 'io.k8s.api.core.v1.Pod'],
    ['CoreV1Event', 'io.k8s.api.core.v1.Event'],
    ['V1ObjectMeta', 'io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'],
    ['V1Deployment', 'io.k8s.api.apps.v1.Deployment'],
    [
      'V1CustomResourceDefinition',
      'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition',
    ],
  ])('calls %s by its name in OpenAPI', (type, name) => {
    expect(definitionOfMessage(messageOfType(type) ?? '')).toBe(name);
  });
});

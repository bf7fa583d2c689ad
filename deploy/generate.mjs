/**
 * Makes shared/kubernetes/generated/: the field tables of every served kind, read from the published package
 * @kubernetes/client-node (Kubernetes 1.34's own OpenAPI, as classes). Plain JavaScript, so that it runs before any build.
 *
 *   schema.json        type → { fields: { name: type expression }, required: [names] }
 *   descriptions.json  type → { "": text, field: text }, read only by OpenAPI and explain
 *
 * Type expressions: string bool int32 int64 double time microTime quantity intOrString bytes any, a type's name,
 * "[]" before an element type, "{}" before a map's value type.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const models = path.join(root, 'node_modules/@kubernetes/client-node/dist/gen/models');
const target = path.join(root, 'shared/kubernetes/generated');

const ROOTS = [
  'V1Namespace',
  'V1Node',
  'V1Pod',
  'V1Binding',
  'CoreV1Event',
  'EventsV1Event',
  'V1ConfigMap',
  'V1Secret',
  'V1Service',
  'V1Endpoints',
  'V1ServiceAccount',
  'V1PersistentVolume',
  'V1PersistentVolumeClaim',
  'V1ReplicationController',
  'V1ResourceQuota',
  'V1LimitRange',
  'V1PodTemplate',
  'V1Lease',
  'V1Deployment',
  'V1ReplicaSet',
  'V1DaemonSet',
  'V1StatefulSet',
  'V1ControllerRevision',
  'V1Job',
  'V1CronJob',
  'V1HorizontalPodAutoscaler',
  'V2HorizontalPodAutoscaler',
  'V1PodDisruptionBudget',
  'V1Role',
  'V1RoleBinding',
  'V1ClusterRole',
  'V1ClusterRoleBinding',
  'V1EndpointSlice',
  'V1PriorityClass',
  'V1StorageClass',
  'V1CSIDriver',
  'V1CSINode',
  'V1CSIStorageCapacity',
  'V1VolumeAttachment',
  'V1Ingress',
  'V1IngressClass',
  'V1NetworkPolicy',
  'V1RuntimeClass',
  'V1CertificateSigningRequest',
  'V1CustomResourceDefinition',
  'V1Scale',
  'V1DeleteOptions',
  'V1Status',
  'V1Eviction',
  'V1TokenReview',
  'V1SubjectAccessReview',
  'V1LocalSubjectAccessReview',
  'V1SelfSubjectAccessReview',
  'V1SelfSubjectRulesReview',
  'V1SelfSubjectReview',
  'AuthenticationV1TokenRequest',
];

/** The OpenAPI classes write a quantity as a plain string; these fields are quantities (or maps of them). */
const QUANTITIES = {
  V1ResourceRequirements: ['limits', 'requests'],
  V1VolumeResourceRequirements: ['limits', 'requests'],
  V1NodeStatus: ['capacity', 'allocatable'],
  V1ContainerStatus: ['allocatedResources'],
  V1PodStatus: ['allocatedResources'],
  V1PodSpec: ['overhead'],
  V1EmptyDirVolumeSource: ['sizeLimit'],
  V1ResourceFieldSelector: ['divisor'],
  V1PersistentVolumeSpec: ['capacity'],
  V1PersistentVolumeClaimStatus: ['allocatedResources', 'capacity'],
  V1ResourceQuotaSpec: ['hard'],
  V1ResourceQuotaStatus: ['hard', 'used'],
  V1LimitRangeItem: ['default', 'defaultRequest', 'max', 'maxLimitRequestRatio', 'min'],
  V1CSIStorageCapacity: ['capacity', 'maximumVolumeSize'],
  V1Overhead: ['podFixed'],
  V2HPAScalingRules: ['tolerance'],
  V2MetricTarget: ['averageValue', 'value'],
  V2MetricValueStatus: ['averageValue', 'value'],
};

/** Fields whose types the classes do not say. */
const UNSAID = {
  V1JSONSchemaProps: { items: 'V1JSONSchemaProps', additionalProperties: 'schemaOrBool' },
};

function expressionOf(type, format, isQuantity) {
  const array = /^Array<(.+)>$/.exec(type);
  if (array) return `[]${expressionOf(array[1], format, isQuantity)}`;
  const map = /^\{ \[key: string\]: (.+); \}$/.exec(type);
  if (map) return `{}${expressionOf(map[1], format, isQuantity)}`;
  if (isQuantity) return 'quantity';
  if (type === 'string') return format === 'byte' ? 'bytes' : 'string';
  if (type === 'boolean') return 'bool';
  if (type === 'number') return format === 'int64' ? 'int64' : format === 'double' ? 'double' : 'int32';
  if (type === 'Date') return 'time';
  if (type === 'V1MicroTime') return 'microTime';
  if (type === 'IntOrString') return 'intOrString';
  if (type === 'any' || type === 'object') return 'any';
  return type;
}

const FIELD = /(?:\/\*\*\n((?:\s*\*[^\n]*\n)+?)\s*\*\/\n)?\s*'([^']+)'(\?)?: /g;

async function readModel(name) {
  const file = path.join(models, `${name}.js`);
  const model = (await import(pathToFileURL(file).href))[name];
  const declared = readFileSync(file.replace(/\.js$/, '.d.ts'), 'utf8');
  const describedAs = text =>
    (text ?? '')
      .split('\n')
      .map(line => line.replace(/^\s*\* ?/, ''))
      .join(' ')
      .replace(/\\(["'])/g, '$1')
      .trim();
  const about = {
    '': describedAs(/\/\*\*\n((?:\*[^\n]*\n)+)\*\/\nexport declare class/.exec(declared)?.[1]),
  };
  const required = [];
  const optional = new Set();
  for (const [, text, field, mark] of declared.matchAll(FIELD)) {
    about[field] = describedAs(text);
    if (mark) optional.add(field);
  }
  const fields = {};
  for (const attribute of model.attributeTypeMap) {
    const isQuantity = QUANTITIES[name]?.includes(attribute.baseName) ?? false;
    fields[attribute.baseName] =
      UNSAID[name]?.[attribute.baseName] ?? expressionOf(attribute.type, attribute.format, isQuantity);
    // The classes rename members that are words of the language (_continue); the table keeps the wire's names.
    if (attribute.name !== attribute.baseName) about[attribute.baseName] = about[attribute.name];
    if (!optional.has(attribute.name)) required.push(attribute.baseName);
  }
  return { fields, required, about };
}

const schema = {};
const descriptions = {};
const pending = [...ROOTS];
for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
  if (schema[name]) continue;
  const { fields, required, about } = await readModel(name);
  schema[name] = { fields, required };
  descriptions[name] = about;
  for (const expression of Object.values(fields)) {
    const type = expression.replace(/^(\[\]|\{\})+/, '');
    if (/^[A-Z]/.test(type)) pending.push(type);
  }
}
mkdirSync(target, { recursive: true });
writeFileSync(path.join(target, 'schema.json'), JSON.stringify(schema));
writeFileSync(path.join(target, 'descriptions.json'), JSON.stringify(descriptions));

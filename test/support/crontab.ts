/** The CronTab of the Kubernetes documentation, as a definition and as an object. */
import type { Json } from './api.ts';

export const CRONTAB_SCHEMA = {
  type: 'object',
  properties: {
    spec: {
      type: 'object',
      required: ['cronSpec'],
      properties: {
        cronSpec: { type: 'string', pattern: String.raw`^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$` },
        image: { type: 'string', default: 'busybox', description: 'What runs.' },
        replicas: { type: 'integer', minimum: 1, maximum: 10 },
        color: { type: 'string', enum: ['red', 'blue'] },
        port: { 'x-kubernetes-int-or-string': true },
        free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
        ports: {
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['name'],
          items: {
            type: 'object',
            required: ['name'],
            properties: { name: { type: 'string' }, number: { type: 'integer' } },
          },
        },
      },
      'x-kubernetes-validations': [
        { rule: '!has(self.replicas) || self.replicas != 7', message: 'seven is not a number of replicas' },
        { rule: '!has(oldSelf.color) || self.color == oldSelf.color', message: 'color is immutable' },
      ],
    },
    status: {
      type: 'object',
      properties: { replicas: { type: 'integer' }, labelSelector: { type: 'string' } },
    },
  },
};

export function crontabDefinition(changes: Json = {}): Json {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'crontabs.stable.example.com' },
    spec: {
      group: 'stable.example.com',
      scope: 'Namespaced',
      names: {
        plural: 'crontabs',
        singular: 'crontab',
        kind: 'CronTab',
        shortNames: ['ct'],
        categories: ['all'],
      },
      versions: [crontabVersion('v1', { storage: true }), crontabVersion('v1beta1', { deprecated: true })],
      ...changes,
    },
  };
}

export function crontabVersion(name: string, changes: Json = {}): Json {
  return {
    name,
    served: true,
    storage: false,
    schema: { openAPIV3Schema: CRONTAB_SCHEMA },
    subresources: {
      status: {},
      scale: {
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.replicas',
        labelSelectorPath: '.status.labelSelector',
      },
    },
    additionalPrinterColumns: [
      { name: 'Spec', type: 'string', jsonPath: '.spec.cronSpec' },
      { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
    ],
    selectableFields: [{ jsonPath: '.spec.color' }],
    ...changes,
  };
}

export function aCronTab(name: string, spec: Json = {}, version = 'v1'): Json {
  return {
    apiVersion: `stable.example.com/${version}`,
    kind: 'CronTab',
    metadata: { name },
    spec: { cronSpec: '* * * * */5', ...spec },
  };
}

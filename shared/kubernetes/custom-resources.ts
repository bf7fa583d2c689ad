/** CustomResourceDefinitions as types: `kubernetes-types` leaves out what OpenAPI calls an extension. */
import type * as ext from 'kubernetes-types/apiextensions/v1';

/** Stays on a definition until its objects are gone. */
export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io';

export type ValidationRule = {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
};

/** A schema of apiextensions.k8s.io/v1. What a structural schema may not have is here too, so that it can be refused. */
export type JSONSchemaProps = {
  readonly id?: string;
  readonly $schema?: string;
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly maximum?: number;
  readonly exclusiveMaximum?: boolean;
  readonly minimum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly maxItems?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly multipleOf?: number;
  readonly enum?: readonly unknown[];
  readonly maxProperties?: number;
  readonly minProperties?: number;
  readonly required?: readonly string[];
  readonly items?: JSONSchemaProps;
  readonly allOf?: readonly JSONSchemaProps[];
  readonly oneOf?: readonly JSONSchemaProps[];
  readonly anyOf?: readonly JSONSchemaProps[];
  readonly not?: JSONSchemaProps;
  readonly properties?: Readonly<Record<string, JSONSchemaProps>>;
  readonly additionalProperties?: JSONSchemaProps | boolean;
  readonly patternProperties?: Readonly<Record<string, JSONSchemaProps>>;
  readonly dependencies?: unknown;
  readonly additionalItems?: unknown;
  readonly definitions?: unknown;
  readonly nullable?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly 'x-kubernetes-embedded-resource'?: boolean;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[];
};

export type CustomResourceVersion = Omit<
  ext.CustomResourceDefinitionVersion,
  'schema' | 'selectableFields'
> & {
  schema?: { readonly openAPIV3Schema?: JSONSchemaProps };
  selectableFields?: { readonly jsonPath: string }[];
};

export type CustomResourceNames = ext.CustomResourceDefinitionNames;
export type CustomResourceCondition = ext.CustomResourceDefinitionCondition;
export type CustomResourceColumn = ext.CustomResourceColumnDefinition;
export type CustomResourceSubresources = ext.CustomResourceSubresources;
export type CustomResourceDefinitionStatus = ext.CustomResourceDefinitionStatus;

export type CustomResourceDefinitionSpec = Omit<ext.CustomResourceDefinitionSpec, 'versions'> & {
  versions: CustomResourceVersion[];
};

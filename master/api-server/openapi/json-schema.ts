/** What Pikelet says of a type in OpenAPI: the part of JSON Schema that versions 2 and 3 share, and what Kubernetes adds. */

export type JsonSchema = {
  readonly $ref?: string;
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema;
  /** Version 3 only. */
  readonly allOf?: readonly JsonSchema[];
  /** Version 3 only. */
  readonly oneOf?: readonly JsonSchema[];
  readonly [extension: `x-${string}`]: unknown;
};

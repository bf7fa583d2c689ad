/** A container's environment from its document: literals, ConfigMaps, Secrets, fields of the pod, resources. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { expandVariables } from './expand-variables.ts';
import { type FieldFacts, readField, readResourceField } from './read-field.ts';
import { configMapOf, secretOf } from './references.ts';
import { RenderError } from './render-error.ts';
import { serviceEnvironment } from './service-environment.ts';

/**
 * The variables in order of definition, later ones replacing earlier of the same name; those of Services last, and never
 * in place of another. Throws RenderError. Source: the kubelet's makeEnvironmentVariables.
 */
export function renderEnvironment(
  document: PodDocument,
  container: core.Container,
  facts: FieldFacts,
): ReadonlyMap<string, string> {
  const environment = new Map<string, string>();
  for (const source of container.envFrom ?? [])
    for (const [name, value] of Object.entries(valuesOf(document, source)))
      environment.set(`${source.prefix ?? ''}${name}`, value);
  const services = serviceEnvironment(document.services ?? []);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? readSource(document, container, variable.valueFrom, facts)
      : expandVariables(variable.value ?? '', new Map([...services, ...environment]));
    if (value !== undefined) environment.set(variable.name, value);
  }
  return new Map([...environment, ...[...services].filter(([name]) => !environment.has(name))]);
}

function valuesOf(document: PodDocument, source: core.EnvFromSource): Record<string, string> {
  if (source.configMapRef) {
    const { name = '', optional } = source.configMapRef;
    return configMapOf(document, name, optional)?.data ?? {};
  }
  if (source.secretRef) {
    const { name = '', optional } = source.secretRef;
    const encoded = Object.entries(secretOf(document, name, optional)?.data ?? {});
    return Object.fromEntries(encoded.map(([key, value]) => [key, decode(value)]));
  }
  return {};
}

function readSource(
  document: PodDocument,
  container: core.Container,
  source: core.EnvVarSource,
  facts: FieldFacts,
): string | undefined {
  if (source.configMapKeyRef) {
    const { name = '', key, optional } = source.configMapKeyRef;
    const map = configMapOf(document, name, optional);
    return (
      map && (map.data[key] ?? missingKey(`key ${key} in ConfigMap ${document.namespace}/${name}`, optional))
    );
  }
  if (source.secretKeyRef) {
    const { name = '', key, optional } = source.secretKeyRef;
    const secret = secretOf(document, name, optional);
    const value = secret?.data[key];
    if (value !== undefined) return decode(value);
    return secret && missingKey(`key ${key} in Secret ${document.namespace}/${name}`, optional);
  }
  if (source.fieldRef) return readField(document, source.fieldRef.fieldPath, facts);
  if (source.resourceFieldRef) return readResourceField(document, container, source.resourceFieldRef, facts);
  throw new RenderError('an environment variable has a source that this node does not know');
}

function missingKey(what: string, optional: boolean | undefined): undefined {
  if (!optional) throw new RenderError(`couldn't find ${what}`);
}

function decode(base64: string): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}

/** The ConfigMaps and Secrets that a document brings along. Pure. */
import type { PodDocument } from '../../shared/protocol/messages.ts';
import { RenderError } from './render-error.ts';

/** The ConfigMap; undefined when it is missing and optional. Throws RenderError in Kubernetes's words when it is needed. */
export function configMapOf(
  document: PodDocument,
  name: string,
  optional: boolean | undefined,
): PodDocument['configMaps'][string] | undefined {
  const found = document.configMaps[name];
  if (!found && !optional) throw new RenderError(`configmap "${name}" not found`);
  return found;
}

/** The Secret; undefined when it is missing and optional. Throws RenderError in Kubernetes's words when it is needed. */
export function secretOf(
  document: PodDocument,
  name: string,
  optional: boolean | undefined,
): PodDocument['secrets'][string] | undefined {
  const found = document.secrets[name];
  if (!found && !optional) throw new RenderError(`secret "${name}" not found`);
  return found;
}

/**
 * The annotation by which kubectl's client-side apply remembers, kept right while the same object is applied on the server, so
 * that people may go back. Pure. Source: managedfields/internal/lastapplied*.go.
 */
import type * as meta from 'kubernetes-types/meta/v1';
import { isRecord } from '../../../shared/is-record.ts';
import type { KubeObject } from '../../../shared/kubernetes/objects.ts';

export const KUBECTL = 'kubectl';
const ANNOTATION = 'kubectl.kubernetes.io/last-applied-configuration';

/** What the annotation says was applied last; undefined when it says nothing that can be read. */
export function lastApplied(object: KubeObject): Record<string, unknown> | undefined {
  try {
    const said: unknown = JSON.parse(object.metadata.annotations?.[ANNOTATION] ?? 'null');
    return isRecord(said) ? said : undefined;
  } catch {
    // A text that anybody may write; unreadable, it vouches for nothing.
    return undefined;
  }
}

/** Metadata whose annotation, if there is one, says this configuration; unchanged for no configuration. */
export function withLastApplied<T extends meta.ObjectMeta>(metadata: T, config: unknown): T {
  if (config === undefined || metadata.annotations?.[ANNOTATION] === undefined) return metadata;
  const text = `${JSON.stringify(withoutAnnotation(config), sortedMembers)}\n`;
  return { ...metadata, annotations: { ...metadata.annotations, [ANNOTATION]: text } };
}

function withoutAnnotation(config: unknown): unknown {
  if (!isRecord(config) || !isRecord(config.metadata)) return config;
  const { managedFields: _, ...metadata } = config.metadata;
  const { [ANNOTATION]: _own, ...annotations } = isRecord(metadata.annotations) ? metadata.annotations : {};
  return { ...config, metadata: { ...metadata, annotations } };
}

function sortedMembers(_name: string, value: unknown): unknown {
  return isRecord(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
    : value;
}

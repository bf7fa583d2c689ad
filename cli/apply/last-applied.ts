/** The annotation in which client-side apply remembers what it applied, byte for byte as kubectl writes it. Pure. */
import { isRecord } from '../../shared/is-record.ts';
import { parseJson } from '../../shared/parse-json.ts';
import { type JsonObject, objectAt, textAt } from '../json.ts';
import { goJson } from '../print/go-json.ts';

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';

/** The object with the annotation that remembers it. */
export function withLastApplied(object: JsonObject): JsonObject {
  const metadata = objectAt(object, 'metadata');
  const { [LAST_APPLIED]: _, ...annotations } = objectAt(metadata, 'annotations');
  const remembered = { ...object, metadata: { ...metadata, annotations } };
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...annotations, [LAST_APPLIED]: `${goJson(remembered)}\n` } },
  };
}

/** What was applied to the live object the last time; undefined when apply never was, or left nothing readable. */
export function lastAppliedOf(live: JsonObject): JsonObject | undefined {
  const text = textAt(live, 'metadata', 'annotations', LAST_APPLIED);
  const parsed = parseJson(text ?? '');
  return isRecord(parsed) ? parsed : undefined;
}

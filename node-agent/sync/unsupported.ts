/** What a pod asks for and this version lets pass without giving: each is a warning on the pod, so that it is never silent. Pure. */
import type { PodDocument } from '../../shared/protocol/messages.ts';

export type UnsupportedFeature = { readonly reason: string; readonly message: string };

/** One entry for each kind of thing that the pod asks for in vain; none for most pods. */
export function unsupportedFeatures({ spec }: PodDocument): readonly UnsupportedFeature[] {
  const fields = Object.entries({
    runtimeClassName: spec.runtimeClassName,
  }).flatMap(([field, value]) => (value ? [field] : []));
  if (fields.length === 0) return [];
  return [{ reason: 'FieldNotSupported', message: `this node does not act on ${fields.join(', ')}` }];
}

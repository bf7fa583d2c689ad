/** What a pod asks for and this version lets pass without giving: each is a warning on the pod, so that it is never silent. Pure. */
import type { PodDocument } from '../../shared/protocol/messages.ts';

export type UnsupportedFeature = { readonly reason: string; readonly message: string };

/** One entry for each kind of thing that the pod asks for in vain; none for most pods. */
export function unsupportedFeatures({ spec }: PodDocument): readonly UnsupportedFeature[] {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const probed = containers.filter(each => each.livenessProbe || each.readinessProbe || each.startupProbe);
  const hooked = containers.filter(each => each.lifecycle);
  const fields = Object.entries({
    runtimeClassName: spec.runtimeClassName,
  }).flatMap(([field, value]) => (value ? [field] : []));
  return [
    ...(probed.length > 0
      ? [
          {
            reason: 'ProbeNotSupported',
            message: `probes are not run by this node; ready means running: ${namesOf(probed)}`,
          },
        ]
      : []),
    ...(hooked.length > 0
      ? [
          {
            reason: 'LifecycleNotSupported',
            message: `lifecycle hooks are not run by this node: ${namesOf(hooked)}`,
          },
        ]
      : []),
    ...(fields.length > 0
      ? [{ reason: 'FieldNotSupported', message: `this node does not act on ${fields.join(', ')}` }]
      : []),
  ];
}

function namesOf(containers: readonly { readonly name: string }[]): string {
  return containers.map(({ name }) => name).join(', ');
}

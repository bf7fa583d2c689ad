/** A pod's containers of every sort, as one list. */
import type * as core from 'kubernetes-types/core/v1';

type AnyContainer = core.Container | core.EphemeralContainer;

/** Init containers, containers, ephemeral ones. */
export function allContainers(
  spec: Pick<core.PodSpec, 'initContainers' | 'containers' | 'ephemeralContainers'>,
): readonly AnyContainer[] {
  return [...(spec.initContainers ?? []), ...spec.containers, ...(spec.ephemeralContainers ?? [])];
}

/** In the same order. */
export function allContainerStatuses(
  status:
    | Pick<core.PodStatus, 'initContainerStatuses' | 'containerStatuses' | 'ephemeralContainerStatuses'>
    | undefined,
): readonly core.ContainerStatus[] {
  return [
    ...(status?.initContainerStatuses ?? []),
    ...(status?.containerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
}

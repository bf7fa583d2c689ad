/** Which container's output a `logs` call means, by the status that the user sees. Pure; as the kubelet's validateContainerLogStatus. */
import type * as core from 'kubernetes-types/core/v1';
import { allContainerStatuses } from '../../shared/kubernetes/pod-containers.ts';

export type LogContainer =
  | { readonly ok: true; readonly id: string }
  | { readonly ok: false; readonly reason: 'NotFound' | 'BadRequest'; readonly message: string };

/** The runtime's id of the container, or why there is none, in the kubelet's words. */
export function logContainer(
  status: core.PodStatus | undefined,
  podName: string,
  container: string,
  previous: boolean,
): LogContainer {
  const all = allContainerStatuses(status);
  const found = all.find(({ name }) => name === container);
  if (!found)
    return {
      ok: false,
      reason: 'NotFound',
      message: `container "${container}" in pod "${podName}" is not available`,
    };
  const { state, lastState } = found;
  const last = lastState?.terminated?.containerID;
  if (previous)
    return last
      ? { ok: true, id: bare(last) }
      : {
          ok: false,
          reason: 'BadRequest',
          message: `previous terminated container "${container}" in pod "${podName}" not found`,
        };
  const id = (state?.running && found.containerID) || state?.terminated?.containerID || last;
  if (id) return { ok: true, id: bare(id) };
  const why = state?.waiting?.reason;
  const isImage = why === 'ErrImagePull' || why === 'ImagePullBackOff' || why === 'ErrImageNeverPull';
  return {
    ok: false,
    reason: 'BadRequest',
    message: isImage
      ? `container "${container}" in pod "${podName}" is waiting to start: trying and failing to pull image`
      : `container "${container}" in pod "${podName}" is waiting to start: ${why ?? 'no logs available yet'}`,
  };
}

function bare(containerId: string): string {
  return containerId.slice(containerId.indexOf('://') + 3);
}

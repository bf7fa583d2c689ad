/** The events that follow from a change of a pod's status, in the kubelet's words. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import { allContainerStatuses } from '../../shared/kubernetes/pod-containers.ts';
import type { EventReport, PodDocument } from '../../shared/protocol/messages.ts';

/** One or two events for each container that newly waits for a reason a user should know; none for most changes. */
export function statusEvents(
  document: PodDocument,
  before: core.PodStatus | undefined,
  after: core.PodStatus,
): readonly EventReport[] {
  const earlier = new Map(
    allContainerStatuses(before).map(status => [status.name, status.state?.waiting?.reason]),
  );
  return allContainerStatuses(after).flatMap(({ name, state, image }): EventReport[] => {
    const reason = state?.waiting?.reason;
    if (reason === undefined || reason === earlier.get(name)) return [];
    const about = { podUid: document.uid, fieldPath: containerFieldPath(document.spec, name) };
    const error: EventReport = { ...about, type: 'Warning', reason: 'Failed', message: `Error: ${reason}` };
    if (reason === 'CrashLoopBackOff') {
      const pod = `${document.name}_${document.namespace}(${document.uid})`;
      const message = `Back-off restarting failed container ${name} in pod ${pod}`;
      return [{ ...about, type: 'Warning', reason: 'BackOff', message }];
    }
    if (reason === 'ImagePullBackOff')
      return [
        { ...about, type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${image}"` },
        error,
      ];
    if (reason === 'InvalidImageName')
      return [
        { ...about, type: 'Warning', reason: 'InspectFailed', message: state?.waiting?.message ?? reason },
        error,
      ];
    if (reason === 'ErrImageNeverPull')
      return [{ ...about, type: 'Warning', reason, message: state?.waiting?.message ?? reason }, error];
    return [];
  });
}

/** How an event names the container that it is about. */
export function containerFieldPath(spec: core.PodSpec, name: string): string {
  const lists = ['initContainers', 'ephemeralContainers'] as const;
  const list = lists.find(each => spec[each]?.some(container => container.name === name));
  return `spec.${list ?? 'containers'}{${name}}`;
}

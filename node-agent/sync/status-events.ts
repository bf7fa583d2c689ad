/** The events that follow from a change of a pod's status, in the kubelet's words. Pure. */
import type * as core from 'kubernetes-types/core/v1';
import type { EventReport, PodDocument } from '../../shared/protocol/messages.ts';

/** One or two events for each container that newly waits for a reason a user should know; none for most changes. */
export function statusEvents(
  document: PodDocument,
  before: core.PodStatus | undefined,
  after: core.PodStatus,
): readonly EventReport[] {
  const earlier = new Map(all(before).map(status => [status.name, status.state?.waiting?.reason]));
  return all(after).flatMap(({ name, state, image }): EventReport[] => {
    const reason = state?.waiting?.reason;
    if (reason === undefined || reason === earlier.get(name)) return [];
    const isInit = document.spec.initContainers?.some(each => each.name === name);
    const fieldPath = `spec.${isInit ? 'initContainers' : 'containers'}{${name}}`;
    const about = { podUid: document.uid, fieldPath };
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

function all(status: core.PodStatus | undefined): readonly core.ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** What a node says happened, as the recorder of events takes it. Pure. */
import type { Node, Pod } from '../../shared/kubernetes/objects.ts';
import type { EventReport } from '../../shared/protocol/messages.ts';
import { type Occurrence, subjectOf } from '../events/event.ts';

const AGENT = 'pikelet-agent';

/** About the pod that the report names, or else about the node; undefined when that pod is not known any more. */
export function occurrenceOf(
  event: EventReport,
  subjects: { readonly node: Node; readonly podByUid: (uid: string) => Pod | undefined },
): Occurrence | undefined {
  const { podUid, type, reason, message, fieldPath } = event;
  if (podUid === undefined)
    return { about: subjectOf('Node', subjects.node), type, reason, message, component: AGENT };
  const pod = subjects.podByUid(podUid);
  if (pod === undefined) return undefined;
  const about = { ...subjectOf('Pod', pod), ...(fieldPath && { fieldPath }) };
  return { about, type, reason, message, component: AGENT };
}

/** The bridge's own word about a pod whose document no message can carry. */
export function tooLargeOccurrence(pod: Pod, bytes: number): Occurrence {
  return {
    about: subjectOf('Pod', pod),
    type: 'Warning',
    reason: 'PodTooLarge',
    message: `the pod with its ConfigMaps and Secrets is ${Math.ceil(bytes / 1024)} KiB, more than one message to a node may have: split it, or mount less`,
    component: 'pikelet-bridge',
  };
}

/** Why a container is stopped, in the kubelet's words. Pure. */
import type { PodDocument } from '../../shared/protocol/messages.ts';
import type { StopReason } from './steps.ts';

/** The message of the event `Killing`. */
export function stopMessage(
  { container, reason }: { readonly container: string; readonly reason: StopReason },
  document: PodDocument | undefined,
): string {
  switch (reason) {
    case 'changed':
      return `Container ${container} definition changed, will be restarted`;
    case 'network':
      return `Container ${container} lost its pod's network, will be restarted`;
    case 'liveness':
    case 'startup': {
      const isSidecar = document?.spec.initContainers?.some(({ name }) => name === container);
      const isEnd = document?.spec.restartPolicy === 'Never' && !isSidecar;
      return `Container ${container} failed ${reason} probe${isEnd ? '' : ', will be restarted'}`;
    }
    default:
      return `Stopping container ${container}`;
  }
}

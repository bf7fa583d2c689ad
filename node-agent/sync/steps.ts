/** What the plan may ask for: one act on the device each. */

export type StopReason =
  | 'terminated'
  | 'unwanted'
  | 'changed'
  | 'network'
  | 'sandbox'
  | 'duplicate'
  | 'finished'
  | 'ended'
  /** The device shuts down. */
  | 'shutdown'
  /** Its probe of this kind failed. */
  | 'liveness'
  | 'startup';

/** `joined`: that of the container `id`, whose address is `ip`. `sandbox`: all that the sandbox `id` holds for the pod. */
export type NetworkChoice =
  | { readonly kind: 'host' }
  | { readonly kind: 'own' }
  | { readonly kind: 'joined' | 'sandbox'; readonly id: string; readonly ip?: string };

export type Step =
  | {
      readonly kind: 'pull';
      readonly image: string;
      /** See pullKeyOf. */
      readonly pullKey: string;
      /** The pod whose Secrets the registry is shown. */
      readonly uid: string;
      /** All that wait for the image, of this pod and of others with the same key: they are told of it. */
      readonly waiting: readonly { readonly uid: string; readonly container: string }[];
    }
  /** Creates attempt number `attempt` and starts it. */
  | {
      readonly kind: 'run';
      readonly uid: string;
      readonly container: string;
      readonly attempt: number;
      readonly network: NetworkChoice;
      /** True for the one container that carries the pod's published ports. */
      readonly ownsPorts: boolean;
      /** Id of the container whose processes it shall see. */
      readonly target?: string;
    }
  /** Creates attempt number `attempt` of the pod's sandbox, unless it is there, and starts it. */
  | {
      readonly kind: 'run-sandbox';
      readonly uid: string;
      readonly container: string;
      readonly attempt: number;
    }
  /** Starts a container that was created before. */
  | { readonly kind: 'start'; readonly uid: string; readonly container: string; readonly id: string }
  | {
      readonly kind: 'stop';
      readonly uid: string;
      readonly container: string;
      readonly id: string;
      readonly graceSeconds: number;
      readonly reason: StopReason;
    }
  | { readonly kind: 'remove'; readonly uid: string; readonly container: string; readonly id: string }
  /** Writes the pod's ConfigMaps and Secrets into its volumes anew. */
  | { readonly kind: 'refresh-files'; readonly uid: string }
  /** Deletes the pod's folder. */
  | { readonly kind: 'delete-files'; readonly uid: string }
  /** Deletes a volume that outlived its pods. */
  | { readonly kind: 'remove-volume'; readonly volume: string };

/** What one step excludes while it is under way: one act per container, one pull per image. */
export function stepKey(step: Step): string {
  switch (step.kind) {
    case 'pull':
      return `image:${step.image}`;
    case 'refresh-files':
    case 'delete-files':
      return `files:${step.uid}`;
    case 'remove-volume':
      return `volume:${step.volume}`;
    default:
      return `${step.uid}/${step.container}`;
  }
}

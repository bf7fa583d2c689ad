/** Every control loop of the master, started together. */
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { KindName } from '../../shared/kubernetes/objects.ts';
import { EventRecorder } from '../events/recorder.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import type { UsageReader } from '../watch/usage-reader.ts';
import { autoscalerController } from './autoscaler/plan.ts';
import { certificateSigningController } from './certificate-signing/plan.ts';
import { clusterRoleAggregationController } from './clusterrole-aggregation/plan.ts';
import type { Controller } from './controller.ts';
import { cronJobController } from './cronjob/plan.ts';
import { customResourceDefinitionController } from './custom-resource-definition/plan.ts';
import { daemonSetController } from './daemonset/plan.ts';
import { deploymentController } from './deployment/plan.ts';
import { disruptionController } from './disruption/plan.ts';
import { endpointsMirror } from './endpoints/mirror.ts';
import { endpointsController } from './endpoints/plan.ts';
import { eventExpiryController } from './event-expiry/plan.ts';
import type { SignRequest } from './execute.ts';
import { garbageCollector } from './garbage-collector/plan.ts';
import { jobController } from './job/plan.ts';
import { namespaceController } from './namespace/plan.ts';
import { namespaceDefaultsController } from './namespace-defaults/plan.ts';
import { nodeLifecycleController } from './node-lifecycle/plan.ts';
import { persistentVolumeClaimController } from './persistent-volume/claim.ts';
import { ephemeralVolumeController } from './persistent-volume/ephemeral.ts';
import { persistentVolumeController } from './persistent-volume/volume.ts';
import { podGarbageCollector } from './pod-garbage-collector/plan.ts';
import { replicaSetController, replicationController } from './replicaset/plan.ts';
import { resourceQuotaController } from './resource-quota/plan.ts';
import { runController, runLoop } from './runner.ts';
import { statefulSetController } from './statefulset/plan.ts';
import { type TokenSecretKeys, tokenSecretController } from './token-secret/plan.ts';

export type ControllersDeps = {
  /** Must have been filled once. */
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
  /** The certificate of the cluster's authority, as every namespace holds it. */
  readonly caPem: string;
  /** The cluster's keys; without them nothing is signed, and the control loops that sign do not run. */
  readonly keys?: TokenSecretKeys & { readonly signRequest: SignRequest };
  /** Grows when the store was restored from a backup; 1 without. */
  readonly incarnation?: number;
  /** What pods use, for those who size by it. */
  readonly usage: Pick<UsageReader, 'podUsage'>;
};

/** Those on the way from a lost node to its replacements come first: they hear of each change before the others. */
const CONTROLLERS: readonly Controller[] = [
  nodeLifecycleController,
  replicaSetController,
  replicationController,
  statefulSetController,
  jobController,
  deploymentController,
  daemonSetController,
  endpointsController,
  endpointsMirror,
  disruptionController,
  persistentVolumeClaimController,
  ephemeralVolumeController,
  podGarbageCollector,
  cronJobController,
  namespaceController,
  customResourceDefinitionController,
  resourceQuotaController,
  eventExpiryController,
  clusterRoleAggregationController,
];

/**
 * Runs until aborted, then waits for the writes under way. Rejects when a control loop breaks an invariant, after the others
 * have ended.
 */
export async function startControllers(deps: ControllersDeps, signal: AbortSignal): Promise<void> {
  const events = new EventRecorder(deps);
  const { keys } = deps;
  const runnerDeps = { ...deps, record: events.record.bind(events), signRequest: keys?.signRequest };
  const controllers: readonly Controller[] = [
    ...CONTROLLERS,
    namespaceDefaultsController(deps.caPem),
    persistentVolumeController(deps.incarnation ?? 1),
    autoscalerController(deps.usage),
    ...(keys === undefined ? [] : [tokenSecretController(keys), certificateSigningController]),
  ];
  const stop = new AbortController();
  setMaxListeners(controllers.length + 2, stop.signal);
  const onAbort = () => stop.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const loops = [
    events.run(stop.signal),
    ...controllers.map(controller => runController<KindName>(controller, runnerDeps, stop.signal)),
    runLoop(garbageCollector, runnerDeps, stop.signal),
  ];
  try {
    await Promise.all(loops);
  } finally {
    stop.abort();
    signal.removeEventListener('abort', onAbort);
    await Promise.allSettled(loops);
  }
}

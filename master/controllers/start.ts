/** Every control loop of the master, started together. */
import { setMaxListeners } from 'node:events';
import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import type { KindName } from '../../shared/kubernetes/objects.ts';
import { EventRecorder } from '../events/recorder.ts';
import type { Registry } from '../registry/registry.ts';
import type { LiveView } from '../watch/cluster-view.ts';
import type { Controller } from './controller.ts';
import { customResourceDefinitionController } from './custom-resource-definition/plan.ts';
import { daemonSetController } from './daemonset/plan.ts';
import { deploymentController } from './deployment/plan.ts';
import { eventExpiryController } from './event-expiry/plan.ts';
import { garbageCollector } from './garbage-collector/plan.ts';
import { namespaceController } from './namespace/plan.ts';
import { nodeLifecycleController } from './node-lifecycle/plan.ts';
import { podGarbageCollector } from './pod-garbage-collector/plan.ts';
import { replicaSetController } from './replicaset/plan.ts';
import { resourceQuotaController } from './resource-quota/plan.ts';
import { runController, runLoop } from './runner.ts';

export type ControllersDeps = {
  /** Must have been filled once. */
  readonly view: LiveView;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
  /** In [0, 1). */
  readonly random: () => number;
};

/** Those on the way from a lost node to its replacements come first: they hear of each change before the others. */
const CONTROLLERS: readonly Controller[] = [
  nodeLifecycleController,
  replicaSetController,
  deploymentController,
  daemonSetController,
  podGarbageCollector,
  namespaceController,
  customResourceDefinitionController,
  resourceQuotaController,
  eventExpiryController,
];

/**
 * Runs until aborted, then waits for the writes under way. Rejects when a control loop breaks an invariant, after the others
 * have ended.
 */
export async function startControllers(deps: ControllersDeps, signal: AbortSignal): Promise<void> {
  const events = new EventRecorder(deps);
  const runnerDeps = { ...deps, record: events.record.bind(events) };
  const stop = new AbortController();
  setMaxListeners(CONTROLLERS.length + 2, stop.signal);
  const onAbort = () => stop.abort(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  const loops = [
    events.run(stop.signal),
    ...CONTROLLERS.map(controller => runController<KindName>(controller, runnerDeps, stop.signal)),
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

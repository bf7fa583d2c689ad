/** How far a rollout is, in kubectl's words. Pure. */
import { CliError } from '../errors.ts';
import { at, countAt, type JsonObject, listAt, textAt } from '../json.ts';

export type RolloutStatus = { readonly message: string; readonly done: boolean };

/** Throws CliError when the rollout has failed, or for a kind that has none. */
export function rolloutStatus(object: JsonObject): RolloutStatus {
  const kind = textAt(object, 'kind');
  if (kind === 'Deployment') return deploymentStatus(object);
  if (kind === 'DaemonSet') return daemonSetStatus(object);
  if (kind === 'StatefulSet') return statefulSetStatus(object);
  throw new CliError(`no status viewer has been implemented for ${kind}`);
}

const isSeen = (object: JsonObject) =>
  countAt(object, 'metadata', 'generation') <= countAt(object, 'status', 'observedGeneration');

function deploymentStatus(object: JsonObject): RolloutStatus {
  const name = textAt(object, 'metadata', 'name');
  if (!isSeen(object))
    return { message: 'Waiting for deployment spec update to be observed...', done: false };
  const progressing = listAt(object, 'status', 'conditions').find(
    each => textAt(each, 'type') === 'Progressing',
  );
  if (textAt(progressing, 'reason') === 'ProgressDeadlineExceeded')
    throw new CliError(`deployment "${name}" exceeded its progress deadline`);
  const wanted = at(object, 'spec', 'replicas') === undefined ? 1 : countAt(object, 'spec', 'replicas');
  const [replicas, updated, available] = ['replicas', 'updatedReplicas', 'availableReplicas'].map(field =>
    countAt(object, 'status', field),
  );
  const waiting = (what: string) => ({
    message: `Waiting for deployment "${name}" rollout to finish: ${what}...`,
    done: false,
  });
  if ((updated ?? 0) < wanted) return waiting(`${updated} out of ${wanted} new replicas have been updated`);
  if ((replicas ?? 0) > (updated ?? 0))
    return waiting(`${(replicas ?? 0) - (updated ?? 0)} old replicas are pending termination`);
  if ((available ?? 0) < (updated ?? 0))
    return waiting(`${available} of ${updated} updated replicas are available`);
  return { message: `deployment "${name}" successfully rolled out`, done: true };
}

function daemonSetStatus(object: JsonObject): RolloutStatus {
  const name = textAt(object, 'metadata', 'name');
  if (!isSeen(object))
    return { message: 'Waiting for daemon set spec update to be observed...', done: false };
  const status = (field: string) => countAt(object, 'status', field);
  const wanted = status('desiredNumberScheduled');
  const waiting = (what: string) => ({
    message: `Waiting for daemon set "${name}" rollout to finish: ${what}...`,
    done: false,
  });
  if (status('updatedNumberScheduled') < wanted)
    return waiting(`${status('updatedNumberScheduled')} out of ${wanted} new pods have been updated`);
  if (status('numberAvailable') < wanted)
    return waiting(`${status('numberAvailable')} of ${wanted} updated pods are available`);
  return { message: `daemon set "${name}" successfully rolled out`, done: true };
}

function statefulSetStatus(object: JsonObject): RolloutStatus {
  if (textAt(object, 'spec', 'updateStrategy', 'type') !== 'RollingUpdate')
    throw new CliError('rollout status is only available for RollingUpdate strategy type');
  if (!isSeen(object))
    return { message: 'Waiting for statefulset spec update to be observed...', done: false };
  const status = (field: string) => countAt(object, 'status', field);
  const wanted = at(object, 'spec', 'replicas') === undefined ? 1 : countAt(object, 'spec', 'replicas');
  const missing = wanted - status('readyReplicas');
  if (missing > 0) return { message: `Waiting for ${missing} pods to be ready...`, done: false };
  const partition = countAt(object, 'spec', 'updateStrategy', 'rollingUpdate', 'partition');
  const updated = status('updatedReplicas');
  if (partition > 0)
    return updated < wanted - partition
      ? {
          message: `Waiting for partitioned roll out to finish: ${updated} out of ${wanted - partition} new pods have been updated...`,
          done: false,
        }
      : { message: `partitioned roll out complete: ${updated} new pods have been updated...`, done: true };
  const revision = textAt(object, 'status', 'updateRevision');
  if (revision !== textAt(object, 'status', 'currentRevision'))
    return {
      message: `waiting for statefulset rolling update to complete ${updated} pods at revision ${revision}...`,
      done: false,
    };
  const current = status('currentReplicas');
  return {
    message: `statefulset rolling update complete ${current} pods at revision ${revision}...`,
    done: true,
  };
}

import { describe, expect, it } from 'vitest';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { aNamespace, aPod } from '../../../test/support/builders.ts';
import { aCluster, converge, given, NOW_MS } from '../../../test/support/converge.ts';
import { newEvent, subjectOf } from '../../events/event.ts';
import { EVENT_TTL_MS, EXPIRED_EVENTS_PER_BATCH, MAX_EVENTS_PER_NAMESPACE } from '../limits.ts';
import { eventExpiryController } from './plan.ts';

function withEvents(old: number, fresh: number) {
  const cluster = aCluster();
  given(cluster, 'Namespace', aNamespace());
  const about = subjectOf('Pod', aPod());
  const add = (message: string, atMs: number) =>
    given(
      cluster,
      'Event',
      newEvent({ about, type: 'Normal', reason: 'R', message, component: 'c' }, 1, atMs),
    );
  for (let i = 0; i < old; i++) add(`old ${i}`, NOW_MS - EVENT_TTL_MS - 1000);
  for (let i = 0; i < fresh; i++) add(`fresh ${formatTime(NOW_MS)} ${i}`, NOW_MS);
  return cluster;
}

describe('event expiry', () => {
  it.each([
    [
      'keeps expired events until there is a batch of them',
      EXPIRED_EVENTS_PER_BATCH - 1,
      3,
      EXPIRED_EVENTS_PER_BATCH + 2,
    ],
    ['deletes a batch and keeps the fresh', EXPIRED_EVENTS_PER_BATCH, 3, 3],
    [
      'makes room when a namespace holds too many',
      0,
      MAX_EVENTS_PER_NAMESPACE + 1,
      MAX_EVENTS_PER_NAMESPACE - EXPIRED_EVENTS_PER_BATCH,
    ],
  ])('%s', async (_name, old, fresh, want) => {
    const cluster = withEvents(old, fresh);
    await converge(eventExpiryController, cluster);
    expect(cluster.view.list('Event')).toHaveLength(want);
  });
});

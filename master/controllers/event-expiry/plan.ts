/**
 * Event expiry. No timer: a namespace's events are looked at when one of them is written, and expired ones go in batches.
 * So a cluster in which nothing happens writes nothing, and its last events stay to be read until something happens again.
 */
import type { Event } from '../../../shared/kubernetes/objects.ts';
import { formatTime } from '../../../shared/kubernetes/time.ts';
import { deleteOf } from '../actions.ts';
import type { Controller, Plan, PlanInput } from '../controller.ts';
import {
  EVENT_TTL_MS,
  EXPIRED_EVENTS_PER_BATCH,
  MAX_DELETES_PER_PLAN,
  MAX_EVENTS_PER_NAMESPACE,
} from '../limits.ts';

export const eventExpiryController: Controller<'Namespace'> = {
  name: 'event-expiry',
  of: 'Namespace',
  wakes: { Event: event => [{ name: event.metadata.namespace ?? 'default' }] },
  plan: planEventExpiry,
};

/** Deletes what is older than it may be once there is a batch of it, and the oldest beyond what a namespace may hold. */
function planEventExpiry({ view, ref, nowMs }: PlanInput): Plan {
  const events = view.list('Event', ref.name);
  const oldest = formatTime(nowMs - EVENT_TTL_MS);
  const expired = events.filter(event => seenLast(event) < oldest);
  const batch = expired.length >= EXPIRED_EVENTS_PER_BATCH ? expired : [];
  const excess = events.length - MAX_EVENTS_PER_NAMESPACE;
  const crowded = excess > 0 ? [...events].sort(oldestFirst).slice(0, excess + EXPIRED_EVENTS_PER_BATCH) : [];
  const gone = [...new Set([...batch, ...crowded])].slice(0, MAX_DELETES_PER_PLAN);
  return { actions: gone.map(event => deleteOf('Event', event)) };
}

function oldestFirst(a: Event, b: Event): number {
  return seenLast(a) < seenLast(b) ? -1 : 1;
}

/** Comparable as text with any time of whole seconds. */
function seenLast({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
}

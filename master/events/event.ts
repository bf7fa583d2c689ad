/** Events as objects: pure. One subject, reason and message have one event, whose count grows. */
import { digestOf } from '../../shared/digest.ts';
import type { Event, New } from '../../shared/kubernetes/objects.ts';
import { KIND_INFO } from '../../shared/kubernetes/references.ts';
import { formatTime } from '../../shared/kubernetes/time.ts';
import { MAX_MESSAGE_CHARS } from './limits.ts';

/** The object that an event is about, as `involvedObject` names it. */
export type Subject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly fieldPath?: string;
};

/** Something worth telling a user about one object. */
export type Occurrence = {
  readonly about: Subject;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Who says so, such as `default-scheduler`. */
  readonly component: string;
};

/** Names an object as the subject of an event. */
export function subjectOf(
  kind: keyof typeof KIND_INFO,
  object: { readonly metadata: { readonly name: string; readonly namespace?: string; readonly uid: string } },
): Subject {
  const { name, namespace, uid } = object.metadata;
  return { apiVersion: KIND_INFO[kind].apiVersion, kind, name, uid, ...(namespace ? { namespace } : {}) };
}

/** Where the event of an occurrence lives: a digest of what makes it the same event again is part of its name. */
export function eventRefOf(occurrence: Occurrence): { readonly namespace: string; readonly name: string } {
  const { about, type, reason, component } = occurrence;
  const digest = digestOf([about.uid, about.fieldPath, type, reason, messageOf(occurrence), component]);
  return { namespace: about.namespace ?? 'default', name: `${about.name}.${digest.slice(0, 16)}` };
}

function messageOf({ message }: Occurrence): string {
  return message.length <= MAX_MESSAGE_CHARS ? message : `${message.slice(0, MAX_MESSAGE_CHARS - 3)}...`;
}

/** The event of an occurrence that had none, seen `times` times. */
export function newEvent(occurrence: Occurrence, times: number, nowMs: number): New<Event> {
  const { about, type, reason, component } = occurrence;
  const now = formatTime(nowMs);
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: eventRefOf(occurrence),
    involvedObject: about,
    type,
    reason,
    message: messageOf(occurrence),
    count: times,
    firstTimestamp: now,
    lastTimestamp: now,
    source: { component },
    reportingComponent: component,
    reportingInstance: '',
  };
}

/** The event, seen `times` times more. */
export function repeatedEvent(event: Event, times: number, nowMs: number): Event {
  return { ...event, count: (event.count ?? 1) + times, lastTimestamp: formatTime(nowMs) };
}

/** events.k8s.io/v1 Event: the same objects as core/v1 Event, under newer names of the fields. */
import type * as events from 'kubernetes-types/events/v1';
import type { Event } from '../../../shared/kubernetes/objects.ts';
import type { Kind } from '../kind.ts';
import { event } from './event.ts';

type EventsEvent = Omit<events.Event, 'metadata' | 'eventTime' | 'series'> &
  Pick<Event, 'metadata' | 'series'> & { readonly eventTime?: string | null };

const { selectableFields } = event;

export const eventsEvent: Kind<'Event'> = {
  ...event,
  group: 'events.k8s.io',
  type: 'EventsV1Event',
  selectableFields: {
    ...Object.fromEntries(
      Object.entries(selectableFields).flatMap(([name, read]) =>
        name.startsWith('involvedObject.') ? [[name.replace('involvedObject', 'regarding'), read]] : [],
      ),
    ),
    reason: ({ reason }) => reason ?? '',
    reportingController: ({ reportingComponent }) => reportingComponent ?? '',
    type: ({ type }) => type ?? '',
  },
  conversion: { toStored, fromStored },
};

function toStored(shown: EventsEvent): Omit<Event, 'apiVersion' | 'kind'> {
  const {
    note,
    regarding,
    reportingController,
    deprecatedCount,
    deprecatedFirstTimestamp,
    deprecatedLastTimestamp,
    deprecatedSource,
    eventTime,
    ...same
  } = shown;
  return defined({
    ...same,
    eventTime: eventTime ?? undefined,
    message: note,
    involvedObject: regarding ?? {},
    reportingComponent: reportingController,
    count: deprecatedCount,
    firstTimestamp: deprecatedFirstTimestamp,
    lastTimestamp: deprecatedLastTimestamp,
    source: deprecatedSource,
  });
}

function fromStored(stored: Event): EventsEvent {
  const {
    apiVersion: _apiVersion,
    kind: _kind,
    message,
    involvedObject,
    reportingComponent,
    count,
    firstTimestamp,
    lastTimestamp,
    source,
    eventTime,
    ...same
  } = stored;
  return defined({
    ...same,
    eventTime: eventTime ?? null,
    note: message,
    regarding: involvedObject,
    reportingController: reportingComponent,
    deprecatedCount: count,
    deprecatedFirstTimestamp: firstTimestamp,
    deprecatedLastTimestamp: lastTimestamp,
    deprecatedSource: source,
  });
}

function defined<T extends object>(object: T): T {
  // biome-ignore lint/suspicious/noExplicitAny: leaving out what is undefined keeps the type
  const kept: any = Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
  return kept;
}

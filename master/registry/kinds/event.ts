/** core/v1 Event. */
import type { Event } from '../../../shared/kubernetes/objects.ts';
import { formatAge } from '../../../shared/kubernetes/time.ts';
import type { Kind } from '../kind.ts';

export const event: Kind<'Event'> = {
  id: 'Event',
  kind: 'Event',
  group: '',
  version: 'v1',
  plural: 'events',
  singular: 'event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  type: 'CoreV1Event',
  subresources: [],
  columns: [
    { name: 'Last Seen', type: 'string', cell: (object, nowMs) => formatAge(lastSeen(object), nowMs) },
    { name: 'Type', type: 'string', cell: ({ type }) => type ?? '' },
    { name: 'Reason', type: 'string', cell: ({ reason }) => reason ?? '' },
    {
      name: 'Object',
      type: 'string',
      cell: ({ involvedObject: { kind, name } }) => `${(kind ?? '').toLowerCase()}/${name ?? ''}`,
    },
    {
      name: 'Subobject',
      type: 'string',
      priority: 1,
      cell: ({ involvedObject }) => involvedObject.fieldPath ?? '',
    },
    { name: 'Source', type: 'string', priority: 1, cell: shownSource },
    { name: 'Message', type: 'string', cell: ({ message }) => (message ?? '').trim() },
    {
      name: 'First Seen',
      type: 'string',
      priority: 1,
      cell: ({ firstTimestamp, metadata }, nowMs) =>
        formatAge(firstTimestamp ?? metadata.creationTimestamp, nowMs),
    },
    { name: 'Count', type: 'string', priority: 1, cell: ({ count }) => String(count ?? 1) },
    { name: 'Name', type: 'string', priority: 1, cell: ({ metadata }) => metadata.name },
  ],
  selectableFields: {
    'involvedObject.kind': ({ involvedObject }) => involvedObject.kind ?? '',
    'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace ?? '',
    'involvedObject.name': ({ involvedObject }) => involvedObject.name ?? '',
    'involvedObject.uid': ({ involvedObject }) => involvedObject.uid ?? '',
    'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion ?? '',
    'involvedObject.resourceVersion': ({ involvedObject }) => involvedObject.resourceVersion ?? '',
    'involvedObject.fieldPath': ({ involvedObject }) => involvedObject.fieldPath ?? '',
    reason: ({ reason }) => reason ?? '',
    reportingComponent: ({ reportingComponent }) => reportingComponent ?? '',
    source: ({ source }) => source?.component ?? '',
    type: ({ type }) => type ?? '',
  },
  defaults: object => object,
  validate: () => [],
};

function lastSeen({ lastTimestamp, eventTime, metadata }: Event): string {
  return lastTimestamp ?? eventTime ?? metadata.creationTimestamp;
}

function shownSource({ source, reportingComponent }: Event): string {
  return [source?.component ?? reportingComponent ?? '', source?.host].filter(Boolean).join(', ');
}

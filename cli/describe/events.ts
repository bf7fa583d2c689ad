/** The events of an object, as a description ends with them. Pure. */
import { formatAge } from '../../shared/kubernetes/time.ts';
import { countAt, type JsonObject, textAt } from '../json.ts';
import { indent, type Lines } from './lines.ts';

/** The oldest first, as kubectl sorts them. */
export function eventLines(events: readonly JsonObject[], nowMs: number): Lines {
  if (events.length === 0) return ['Events:\t<none>'];
  const sorted = [...events].sort((a, b) => Date.parse(lastSeen(a) ?? '') - Date.parse(lastSeen(b) ?? ''));
  return [
    'Events:',
    ...indent(1, [
      'Type\tReason\tAge\tFrom\tMessage',
      '----\t------\t----\t----\t-------',
      ...sorted.map(event =>
        [
          textAt(event, 'type') ?? '',
          textAt(event, 'reason') ?? '',
          interval(event, nowMs),
          textAt(event, 'source', 'component') || textAt(event, 'reportingComponent') || '',
          (textAt(event, 'message') ?? '').trim().replaceAll('\n', ' '),
        ].join('\t'),
      ),
    ]),
  ];
}

function lastSeen(event: JsonObject): string | undefined {
  return (
    textAt(event, 'series', 'lastObservedTime') ??
    textAt(event, 'lastTimestamp') ??
    textAt(event, 'eventTime') ??
    textAt(event, 'metadata', 'creationTimestamp')
  );
}

function interval(event: JsonObject, nowMs: number): string {
  const count = countAt(event, 'series', 'count') || countAt(event, 'count');
  const age = formatAge(lastSeen(event), nowMs);
  const first = textAt(event, 'firstTimestamp') ?? textAt(event, 'eventTime');
  return count > 1 ? `${age} (x${count} over ${formatAge(first, nowMs)})` : age;
}

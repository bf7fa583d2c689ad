/** A pod in detail. Pure; the layout is kubectl's. */
import { at, type JsonObject, listAt, stringsAt, textAt } from '../json.ts';
import { containerLines, placementLines, volumeLines } from './containers.ts';
import {
  annotationLines,
  conditionTable,
  controlledBy,
  indent,
  type Lines,
  labelLines,
  timeText,
} from './lines.ts';

export function describePod(pod: JsonObject): Lines {
  const status = (field: string) => textAt(pod, 'status', field);
  const node = textAt(pod, 'spec', 'nodeName');
  const deletion = textAt(pod, 'metadata', 'deletionTimestamp');
  const optional = (title: string, value: string | undefined) => (value ? [`${title}:\t${value}`] : []);
  const ips = listAt(pod, 'status', 'podIPs').map(each => `IP:\t${textAt(each, 'ip')}`);
  return [
    `Name:\t${textAt(pod, 'metadata', 'name')}`,
    `Namespace:\t${textAt(pod, 'metadata', 'namespace')}`,
    ...optional('Priority', textAt(pod, 'spec', 'priority')),
    ...optional('Service Account', textAt(pod, 'spec', 'serviceAccountName')),
    `Node:\t${node ? `${node}/${status('hostIP') ?? ''}` : '<none>'}`,
    ...(status('startTime') ? [`Start Time:\t${timeText(status('startTime'))}`] : []),
    ...labelLines(stringsAt(pod, 'metadata', 'labels')),
    ...annotationLines(pod, 'metadata'),
    ...(deletion === undefined
      ? [`Status:\t${status('phase') ?? ''}`]
      : [
          `Status:\tTerminating (since ${timeText(deletion)})`,
          `Termination Grace Period:\t${textAt(pod, 'metadata', 'deletionGracePeriodSeconds') ?? 0}s`,
        ]),
    ...optional('Reason', status('reason')),
    ...optional('Message', status('message')),
    `IP:\t${status('podIP') ?? ''}`,
    ...(ips.length === 0 ? ['IPs:\t<none>'] : ['IPs:', ...indent(1, ips)]),
    ...optional('Controlled By', controlledBy(pod)),
    ...containerLines(
      'Init Containers',
      at(pod, 'spec'),
      'initContainers',
      listOrMark(pod, 'initContainerStatuses'),
    ),
    ...containerLines('Containers', at(pod, 'spec'), 'containers', listOrMark(pod, 'containerStatuses')),
    ...podConditions(pod),
    ...volumeLines(at(pod, 'spec')),
    `QoS Class:\t${status('qosClass') ?? ''}`,
    ...placementLines(at(pod, 'spec')),
  ];
}

/** A pod without statuses yet is still a pod, not a template. */
function listOrMark(pod: JsonObject, field: string): readonly unknown[] {
  const statuses = listAt(pod, 'status', field);
  return statuses.length === 0 ? [{}] : statuses;
}

/** kubectl draws no line under the titles here. */
function podConditions(pod: JsonObject): Lines {
  const columns = [
    ['Type', 'type'],
    ['Status', 'status'],
  ] as const;
  return conditionTable(pod, columns, columns.length).filter(line => !line.trim().startsWith('----'));
}

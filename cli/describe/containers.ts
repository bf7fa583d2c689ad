/** Containers, volumes and tolerations, of a pod or of a pod template. Pure; the layout is kubectl's. */
import { isRecord } from '../../shared/is-record.ts';
import { at, type JsonObject, listAt, objectAt, stringsAt, textAt } from '../json.ts';
import { indent, type Lines, many, timeText } from './lines.ts';

/** `Containers:` or `Init Containers:`; `statuses` are empty for a template. */
export function containerLines(
  title: string,
  spec: unknown,
  field: string,
  statuses: readonly unknown[],
): Lines {
  const containers = listAt(spec, field);
  if (containers.length === 0) return [];
  const template = statuses.length === 0;
  return [
    `${title}:`,
    ...containers.flatMap(container => {
      const name = textAt(container, 'name') ?? '';
      const status = statuses.find(each => textAt(each, 'name') === name);
      return template
        ? [` ${name}:`, ...indent(1, describeContainer(container, status))]
        : [`  ${name}:`, ...indent(2, describeContainer(container, status))];
    }),
  ];
}

function describeContainer(container: unknown, status: unknown): Lines {
  const ports = listAt(container, 'ports');
  const portText = (port: unknown, field: string) =>
    `${textAt(port, field) ?? 0}/${textAt(port, 'protocol') ?? 'TCP'}`;
  const plural = ports.length > 1 ? 's' : '';
  const joined = (field: string) => ports.map(port => portText(port, field)).join(', ') || '<none>';
  return [
    ...(status === undefined ? [] : [`Container ID:\t${textAt(status, 'containerID') ?? ''}`]),
    `Image:\t${textAt(container, 'image') ?? ''}`,
    ...(status === undefined ? [] : [`Image ID:\t${textAt(status, 'imageID') ?? ''}`]),
    `Port${plural}:\t${joined('containerPort')}`,
    `Host Port${plural}:\t${joined('hostPort')}`,
    ...words('Command', listAt(container, 'command')),
    ...words('Args', listAt(container, 'args')),
    ...(status === undefined ? [] : statusLines(status)),
    ...amounts('Limits', stringsOrNumbers(container, 'limits')),
    ...amounts('Requests', stringsOrNumbers(container, 'requests')),
    ...['liveness', 'readiness', 'startup'].flatMap(kind => probeLine(kind, at(container, `${kind}Probe`))),
    ...environmentLines(container),
    ...mountLines(container),
  ];
}

function stringsOrNumbers(container: unknown, field: string): readonly (readonly [string, string])[] {
  return Object.entries(objectAt(container, 'resources', field)).map(([key, value]) => [key, String(value)]);
}

function words(title: string, values: readonly unknown[]): Lines {
  if (values.length === 0) return [];
  return [
    `${title}:`,
    ...indent(
      1,
      values.flatMap(value => String(value).split('\n')),
    ),
  ];
}

function amounts(title: string, values: readonly (readonly [string, string])[]): Lines {
  if (values.length === 0) return [];
  return [
    `${title}:`,
    ...indent(
      1,
      [...values].sort().map(([key, value]) => `${key}:\t${value}`),
    ),
  ];
}

function statusLines(status: unknown): Lines {
  const last = objectAt(status, 'lastState');
  return [
    ...stateLines('State', objectAt(status, 'state')),
    ...(Object.keys(last).length === 0 ? [] : stateLines('Last State', last)),
    `Ready:\t${at(status, 'ready') === true ? 'True' : 'False'}`,
    `Restart Count:\t${textAt(status, 'restartCount') ?? 0}`,
  ];
}

function stateLines(title: string, state: JsonObject): Lines {
  if (isRecord(state.running))
    return [
      `${title}:\tRunning`,
      ...indent(1, [`Started:\t${timeText(textAt(state, 'running', 'startedAt'))}`]),
    ];
  const optional = (name: string, value: string | undefined) => (value ? [`${name}:\t${value}`] : []);
  if (isRecord(state.terminated)) {
    const { terminated } = state;
    return [
      `${title}:\tTerminated`,
      ...indent(1, [
        ...optional('Reason', textAt(terminated, 'reason')),
        ...optional('Message', textAt(terminated, 'message')?.replaceAll('\n', ' ')),
        `Exit Code:\t${textAt(terminated, 'exitCode') ?? ''}`,
        ...optional('Signal', textAt(terminated, 'signal')),
        `Started:\t${timeText(textAt(terminated, 'startedAt'))}`,
        `Finished:\t${timeText(textAt(terminated, 'finishedAt'))}`,
      ]),
    ];
  }
  return [`${title}:\tWaiting`, ...indent(1, optional('Reason', textAt(state, 'waiting', 'reason')))];
}

function probeLine(kind: string, probe: unknown): Lines {
  if (!isRecord(probe)) return [];
  const title = kind.replace(/^./, first => first.toUpperCase());
  const attributes = `delay=${textAt(probe, 'initialDelaySeconds') ?? 0}s timeout=${textAt(probe, 'timeoutSeconds') ?? 1}s period=${textAt(probe, 'periodSeconds') ?? 10}s #success=${textAt(probe, 'successThreshold') ?? 1} #failure=${textAt(probe, 'failureThreshold') ?? 3}`;
  return [`${title}:\t${probeAction(probe)} ${attributes}`];
}

function probeAction(probe: JsonObject): string {
  const { httpGet, exec, tcpSocket, grpc } = probe;
  if (isRecord(exec)) return `exec [${listAt(exec, 'command').join(' ')}]`;
  if (isRecord(httpGet))
    return `http-get ${(textAt(httpGet, 'scheme') ?? 'HTTP').toLowerCase()}://${textAt(httpGet, 'host') ?? ''}:${textAt(httpGet, 'port') ?? ''}${textAt(httpGet, 'path') ?? '/'}`;
  if (isRecord(tcpSocket))
    return `tcp-socket ${textAt(tcpSocket, 'host') ?? ''}:${textAt(tcpSocket, 'port') ?? ''}`;
  if (isRecord(grpc)) return `grpc <pod>:${textAt(grpc, 'port') ?? ''} ${textAt(grpc, 'service') ?? ''}`;
  return 'unknown';
}

function environmentLines(container: unknown): Lines {
  const from = listAt(container, 'envFrom').map(source => {
    const isMap = at(source, 'configMapRef') !== undefined;
    const ref = at(source, isMap ? 'configMapRef' : 'secretRef');
    return `${textAt(ref, 'name')}\t${isMap ? 'ConfigMap' : 'Secret'}\tOptional: ${at(ref, 'optional') === true}`;
  });
  const variables = listAt(container, 'env').map(variable => {
    const name = textAt(variable, 'name');
    const [[source, ref] = ['', undefined]] = Object.entries(objectAt(variable, 'valueFrom'));
    if (source === 'fieldRef')
      return `${name}:\t (${textAt(ref, 'apiVersion') ?? 'v1'}:${textAt(ref, 'fieldPath')})`;
    if (source === 'resourceFieldRef') return `${name}:\t (${textAt(ref, 'resource')})`;
    if (source !== '')
      return `${name}:\t<set to the key '${textAt(ref, 'key')}' ${source === 'secretKeyRef' ? 'in secret' : 'of config map'} '${textAt(ref, 'name')}'>\tOptional: ${at(ref, 'optional') === true}`;
    return `${name}:\t${(textAt(variable, 'value') ?? '').replaceAll('\n', '\\n')}`;
  });
  return [
    ...(from.length === 0 ? [] : ['Environment Variables from:', ...indent(1, from)]),
    ...(variables.length === 0 ? ['Environment:\t<none>'] : ['Environment:', ...indent(1, variables)]),
  ];
}

function mountLines(container: unknown): Lines {
  const mounts = listAt(container, 'volumeMounts').map(mount => {
    const subPath = textAt(mount, 'subPath');
    const mode = at(mount, 'readOnly') === true ? 'ro' : 'rw';
    return `${textAt(mount, 'mountPath')} from ${textAt(mount, 'name')} (${mode}${subPath ? `,path="${subPath}"` : ''})`;
  });
  return mounts.length === 0 ? ['Mounts:\t<none>'] : ['Mounts:', ...indent(1, mounts.sort())];
}

type VolumeTitle = {
  readonly title: string;
  readonly fields: readonly (readonly [string, string, string])[];
};

/** What a volume of each kind is called, and its fields: title, name, and what stands there without one. */
const VOLUMES: Readonly<Record<string, VolumeTitle>> = {
  emptyDir: {
    title: "EmptyDir (a temporary directory that shares a pod's lifetime)",
    fields: [
      ['Medium', 'medium', ''],
      ['SizeLimit', 'sizeLimit', '<unset>'],
    ],
  },
  hostPath: {
    title: 'HostPath (bare host directory volume)',
    fields: [
      ['Path', 'path', ''],
      ['HostPathType', 'type', '<none>'],
    ],
  },
  configMap: {
    title: 'ConfigMap (a volume populated by a ConfigMap)',
    fields: [
      ['Name', 'name', ''],
      ['Optional', 'optional', 'false'],
    ],
  },
  secret: {
    title: 'Secret (a volume populated by a Secret)',
    fields: [
      ['SecretName', 'secretName', ''],
      ['Optional', 'optional', 'false'],
    ],
  },
  projected: { title: 'Projected (a volume that contains injected data from multiple sources)', fields: [] },
  downwardAPI: { title: 'DownwardAPI (a volume populated by information about the pod)', fields: [] },
};

/** `Volumes:`, each with its source. */
export function volumeLines(spec: unknown): Lines {
  const volumes = listAt(spec, 'volumes');
  if (volumes.length === 0) return ['Volumes:\t<none>'];
  return [
    'Volumes:',
    ...volumes.flatMap(volume => {
      const [kind = 'unknown', source] =
        Object.entries(objectAt(volume)).find(([key]) => key !== 'name') ?? [];
      const { title, fields } = VOLUMES[kind] ?? { title: kind, fields: [] };
      const lines = fields.map(([name, field, without]) => `${name}:\t${textAt(source, field) ?? without}`);
      return [`  ${textAt(volume, 'name')}:`, ...indent(2, [`Type:\t${title}`, ...lines])];
    }),
  ];
}

/** `Node-Selectors:` and `Tolerations:`. */
export function placementLines(spec: unknown): Lines {
  const tolerations = listAt(spec, 'tolerations').map(each => {
    const [key, value, effect] = ['key', 'value', 'effect'].map(field => textAt(each, field) ?? '');
    const exists = textAt(each, 'operator') === 'Exists';
    const seconds = textAt(each, 'tolerationSeconds');
    return [
      `${key}${value ? `=${value}` : ''}${effect ? `:${effect}` : ''}`,
      ...(exists && !value ? ['op=Exists'] : []),
      ...(seconds === undefined ? [] : [`for ${seconds}s`]),
    ].join(' ');
  });
  const selectors = Object.entries(stringsAt(spec, 'nodeSelector')).map(([key, value]) => `${key}=${value}`);
  return [...many('Node-Selectors', selectors.sort()), ...many('Tolerations', tolerations.sort())];
}

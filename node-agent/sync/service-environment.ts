/** The variables by which a container finds Services, as Docker's links once had them. Pure. Source: the kubelet's envvars.FromServices. */
import type { PodDocument } from '../../shared/protocol/messages.ts';

type Service = NonNullable<PodDocument['services']>[number];

/** `{NAME}_SERVICE_HOST`, `{NAME}_SERVICE_PORT`, `{NAME}_PORT_80_TCP…` of each Service of the document. */
export function serviceEnvironment(services: readonly Service[]): ReadonlyMap<string, string> {
  return new Map(services.flatMap(variablesOf));
}

function variablesOf({ name, host, ports }: Service): [string, string][] {
  const [first] = ports;
  if (!first) return [];
  const prefix = upperName(name);
  const named = ports.flatMap(({ name: port, port: number }): [string, string][] =>
    port ? [[`${prefix}_SERVICE_PORT_${upperName(port)}`, String(number)]] : [],
  );
  return [
    [`${prefix}_SERVICE_HOST`, host],
    [`${prefix}_SERVICE_PORT`, String(first.port)],
    ...named,
    [`${prefix}_PORT`, urlOf(host, first)],
    ...ports.flatMap((port): [string, string][] => {
      const at = `${prefix}_PORT_${port.port}_${port.protocol}`;
      return [
        [at, urlOf(host, port)],
        [`${at}_PROTO`, port.protocol.toLowerCase()],
        [`${at}_PORT`, String(port.port)],
        [`${at}_ADDR`, host],
      ];
    }),
  ];
}

function urlOf(host: string, { port, protocol }: Service['ports'][number]): string {
  return `${protocol.toLowerCase()}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function upperName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

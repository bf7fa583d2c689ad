/** The ports that probes and hooks name. Pure. */
import type * as core from 'kubernetes-types/core/v1';

/** A port by number, by its name in the container, or by a number as text. Throws an error that says what is wrong with it. */
export function portNumber(port: number | string, container: core.Container): number {
  const named = container.ports?.find(({ name }) => name === port)?.containerPort;
  const number = typeof port === 'number' ? port : (named ?? Number(port));
  if (Number.isInteger(number) && number > 0 && number < 65_536) return number;
  throw new Error(
    typeof port === 'string' && Number.isNaN(number)
      ? `couldn't find port: port named "${port}" not found in container "${container.name}"`
      : `invalid port number: ${port}`,
  );
}

/** `host:port`, with brackets where the host has colons. */
export function hostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

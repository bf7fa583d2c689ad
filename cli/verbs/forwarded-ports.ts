/** Which ports `port-forward` means. Pure. */
import { CliError, UsageError } from '../errors.ts';
import { at, type JsonObject, listAt, textAt } from '../json.ts';

/** `local` is 0 for any free one; `remote` is a number, or the name of a port. */
export type Forwarded = { readonly local: number; readonly remote: string };

/** Throws UsageError for a word that is no `[LOCAL:]REMOTE`. */
export function parsePorts(words: readonly string[]): readonly Forwarded[] {
  return words.map(word => {
    const match = /^(?:(\d*):)?([a-z0-9-]+)$/i.exec(word);
    const remote = match?.[2] ?? '';
    const local = match?.[1] === undefined ? remote : match[1] || '0';
    // A named port alone has the number that stands for it only there: any free one here.
    const number = /^\d+$/.test(local) ? Number(local) : 0;
    if (remote === '' || number > 65_535 || (/^\d+$/.test(remote) && !isPort(Number(remote))))
      throw new UsageError(`invalid port format ${JSON.stringify(word)}: expected [LOCAL_PORT:]REMOTE_PORT`);
    return { local: number, remote };
  });
}

function isPort(port: number): boolean {
  return port >= 1 && port <= 65_535;
}

/** The pod's port that `remote` stands for: through the service, when one was named, and by name. Throws CliError when there is none. */
export function targetPort(remote: string, object: JsonObject, pod: JsonObject): number {
  const target = textAt(object, 'kind') === 'Service' ? servicePort(remote, object) : remote;
  if (/^\d+$/.test(target)) return Number(target);
  const ports = listAt(pod, 'spec', 'containers').flatMap(container => listAt(container, 'ports'));
  const named = at(
    ports.find(port => textAt(port, 'name') === target),
    'containerPort',
  );
  if (typeof named === 'number') return named;
  throw new CliError(`Pod '${textAt(pod, 'metadata', 'name')}' does not have a named port '${target}'`);
}

function servicePort(remote: string, service: JsonObject): string {
  const port = listAt(service, 'spec', 'ports').find(
    each => textAt(each, 'name') === remote || String(at(each, 'port')) === remote,
  );
  if (port === undefined)
    throw new CliError(
      `Service ${textAt(service, 'metadata', 'name')} does not have a service port ${remote}`,
    );
  return String(at(port, 'targetPort') ?? at(port, 'port'));
}

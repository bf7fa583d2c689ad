/** One verb's talk with one cluster: opened from the options, closed whatever happens. */
import type { Cli, GlobalOptions } from './cli.ts';
import { type Connection, connect } from './connection/connect.ts';
import { CliError, SessionError } from './errors.ts';
import { createKindFinder, type KindFinder } from './kinds/kind-finder.ts';

export type Session = Connection & { readonly cli: Cli; readonly kinds: KindFinder };

/** Runs `work` with a session. Errors that are not the command's own come wrapped in SessionError, which knows the kubeconfig read. */
export async function withSession<T>(
  cli: Cli,
  options: GlobalOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const connection = await connect(cli, options);
  try {
    return await work({ ...connection, cli, kinds: createKindFinder(connection.api, cli.signal) });
  } catch (cause) {
    if (cause instanceof CliError) throw cause;
    throw new SessionError(cause, connection.paths.join(':') || undefined);
  } finally {
    connection.api.close();
  }
}

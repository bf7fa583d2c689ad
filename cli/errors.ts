/** What can go wrong for a user of the command, and how each of it is said. */
import type { Status } from '../shared/kubernetes/api-error.ts';

/** The command was understood and could not be carried out: exit code 1, or another one that `exitCode` says. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly exitCode: number;
  constructor(message: string, options?: ErrorOptions & { readonly exitCode?: number }) {
    super(message, options);
    this.exitCode = options?.exitCode ?? 1;
  }
}

/** The command itself is wrong: exit code 2. */
export class UsageError extends CliError {
  override readonly name = 'UsageError';
  constructor(message: string) {
    super(message, { exitCode: 2 });
  }
}

/** The API refused, in its own words. */
export class StatusError extends Error {
  override readonly name = 'StatusError';
  readonly status: Status;
  constructor(status: Status) {
    super(status.message ?? 'the server refused the request without a message');
    this.status = status;
  }

  get code(): number {
    return this.status.code ?? 500;
  }
}

/** No answer came: the connection failed before there was one. `code` is the system's or TLS's own, such as ECONNREFUSED. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
  readonly server: string;
  readonly code: string;
  constructor(server: string, code: string, options?: ErrorOptions) {
    super(`cannot reach ${server}: ${code}`, options);
    this.server = server;
    this.code = code;
  }
}

/** Several failures of one command, each already fit to be said. */
export class ManyErrors extends Error {
  override readonly name = 'ManyErrors';
  readonly errors: readonly unknown[];
  constructor(errors: readonly unknown[]) {
    super(`${errors.length} errors`);
    this.errors = errors;
  }
}

/** A failure of a session, with the kubeconfig that the session was opened from. */
export class SessionError extends Error {
  override readonly name = 'SessionError';
  readonly source: string | undefined;
  constructor(cause: unknown, source: string | undefined) {
    super('a request to the cluster failed', { cause });
    this.source = source;
  }
}

/** Throws what was collected: nothing when empty, the error itself when there is one. */
export function throwCollected(errors: readonly unknown[]): void {
  if (errors.length === 1) throw errors[0];
  if (errors.length > 1) throw new ManyErrors(errors);
}

/** True for the API's answer that an object is not there. */
export function isNotFound(error: unknown): boolean {
  return error instanceof StatusError && error.code === 404;
}

/** How the process ends because of `error`. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof SessionError) return exitCodeOf(error.cause);
  if (error instanceof ManyErrors) return Math.max(...error.errors.map(exitCodeOf));
  return 1;
}

/** The lines for stderr; `source` is the kubeconfig that was read, when one was. First kubectl's words, then what to do next. */
export function explainError(error: unknown, source?: string): string {
  if (error instanceof SessionError) return explainError(error.cause, error.source);
  if (error instanceof ManyErrors) return error.errors.map(each => explainError(each, source)).join('\n');
  if (error instanceof StatusError) return explainStatus(error, source);
  if (error instanceof UnreachableError) return explainUnreachable(error, source);
  if (error instanceof CliError) return `error: ${error.message}`;
  return `error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}

function explainStatus(error: StatusError, source: string | undefined): string {
  const from = source === undefined ? 'the credentials given' : `the credentials in ${source}`;
  if (error.code === 401)
    return `error: You must be logged in to the server (Unauthorized)\nThe server refuses ${from}; use the admin.kubeconfig of this cluster's data folder (--data-dir DIR or --kubeconfig FILE)`;
  const reason = error.status.reason;
  const said = `Error from server${reason ? ` (${reason})` : ''}: ${error.message}`;
  return error.code === 403
    ? `${said}\nThis user may not do that; with the cluster's admin.kubeconfig it is allowed (--kubeconfig FILE)`
    : said;
}

const TLS_MISTRUST = new Set([
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
]);

function explainUnreachable({ server, code, cause }: UnreachableError, source: string | undefined): string {
  const read = source === undefined ? '' : ` (address from ${source})`;
  const host = server.replace(/^https?:\/\//, '');
  const said = (what: string, next: string) => `${what}${read}\n${next}`;
  if (code === 'ECONNREFUSED')
    return said(
      `The connection to the server ${host} was refused - is the cluster running?`,
      'Start it with: npm run up',
    );
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return said(
      `Unable to connect to the server: no address is known for ${host}`,
      'Check the server address in the kubeconfig, or give another one with -s URL',
    );
  if (TLS_MISTRUST.has(code))
    return said(
      'Unable to connect to the server: tls: failed to verify certificate: signed by unknown authority',
      'The kubeconfig belongs to another cluster (or to an earlier life of this one): use the admin.kubeconfig of its data folder',
    );
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return said(
      `Unable to connect to the server: tls: failed to verify certificate: ${code === 'CERT_HAS_EXPIRED' ? 'it has expired' : 'it is not yet valid'}`,
      'Check the clock of this machine and of the master',
    );
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return said(
      `Unable to connect to the server: tls: failed to verify certificate: it is not valid for ${host}`,
      'Use an address that the certificate names, such as the one in admin.kubeconfig',
    );
  if (code === 'ETIMEDOUT')
    return said(
      `Unable to connect to the server: no answer from ${host} in time`,
      'Check that the master runs and that this machine reaches it',
    );
  const detail = cause instanceof Error ? cause.message : code;
  return said(`Unable to connect to the server: ${detail}`, 'Check that the master runs: npm run up');
}

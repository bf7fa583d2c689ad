/** The command's world, handed to every verb, so that a test can own it. */
import type { Clock } from '../shared/clock.ts';

export type Stdio = Pick<NodeJS.Process, 'stdin' | 'stdout' | 'stderr'>;

export interface Cli {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly home: string;
  /** The folder of the installed project, which may hold a `.pikelet`. */
  readonly installDir: string;
  readonly clock: Clock;
  /** Aborts when the user presses Ctrl-C. */
  readonly signal: AbortSignal;
  /** The result, for stdout, as it is. */
  out(text: string): void;
  /** Talk, for stderr; a line end is added. */
  say(text: string): void;
  /** The process's own streams, for what goes both ways at once. */
  readonly stdio: Stdio;
  /** All of stdin, as text. */
  readStdin(): Promise<string>;
}

/** Options that every verb knows. */
export type GlobalOptions = {
  readonly kubeconfig?: string;
  readonly dataDir?: string;
  readonly context?: string;
  readonly namespace?: string;
  readonly server?: string;
  readonly token?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly certificateAuthority?: string;
  readonly requestTimeout?: string;
};

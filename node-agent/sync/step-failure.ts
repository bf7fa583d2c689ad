/** What a failed step has to say to the user. */
import { PullSecretError } from '../images/pull-credentials.ts';
import { RuntimeError } from '../runtime/container-runtime.ts';
import { RenderError } from './render-error.ts';

/** What to tell the user; throws the error on when it is no failure of the step's own. */
export function failureMessage(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) throw error;
  if (error instanceof RuntimeError) {
    if (error.failure === 'unreachable') throw error;
    return error.message;
  }
  if (error instanceof RenderError || error instanceof PullSecretError) return error.message;
  if (error instanceof Error && 'code' in error) return error.message;
  throw error;
}

/** How a call ended, as the Status that clients read on the error stream. Pure. Source: k8s.io/kubelet, remotecommand. */
import { ApiError, type Status } from '../../../shared/kubernetes/api-error.ts';

const SUCCESS: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };

/** Success, or the exit code where clients look for it. */
export function exitStatus(exitCode: number, command: readonly string[]): Status {
  if (exitCode === 0) return SUCCESS;
  return {
    ...SUCCESS,
    status: 'Failure',
    message: `command terminated with non-zero exit code: error executing command [${command.join(' ')}], exit code ${exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(exitCode) }] },
  };
}

/** The Status of what went wrong on the way. Throws what is no ApiError: that is a fault of ours. */
export function failureStatus(error: unknown): Status {
  if (error instanceof ApiError) return error.toStatus();
  throw error;
}

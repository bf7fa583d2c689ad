/** Runs one probe once, by its handler, and says what came of it in the kubelet's words. */
import type * as core from 'kubernetes-types/core/v1';
import type { Clock } from '../../shared/clock.ts';
import { type ContainerRuntime, RuntimeError } from '../runtime/container-runtime.ts';
import { execCommand } from './exec-command.ts';
import { hostAndPort, portNumber } from './ports.ts';
import { probeTiming } from './probe-state.ts';
import type { ProbeTarget } from './probe-targets.ts';

/** `warning` is a success that a user should hear of; `unknown` counts for nothing: the probe itself could not be run. */
export type ProbeResult = {
  readonly kind: 'success' | 'warning' | 'failure' | 'unknown';
  /** Empty where nobody needs to know. */
  readonly output: string;
};

export type RunProbeDeps = { readonly runtime: ContainerRuntime; readonly clock: Clock };

/**
 * `address` is the pod's; without one only commands can be asked. Ends within the probe's timeout. Rejects with the signal's reason
 * when aborted.
 */
export async function runProbe(
  { runtime, clock }: RunProbeDeps,
  target: ProbeTarget,
  address: string | undefined,
  signal: AbortSignal,
): Promise<ProbeResult> {
  if (address === undefined && !target.probe.exec) return { kind: 'unknown', output: '' };
  const host = address ?? '';
  const { timeoutMs } = probeTiming(target.probe);
  const late = new AbortController();
  const onAbort = () => late.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  const cancel = clock.after(timeoutMs, () => late.abort());
  try {
    signal.throwIfAborted();
    return await ask(runtime, target, host, late.signal);
  } catch (error) {
    signal.throwIfAborted();
    if (late.signal.aborted) return failure(lateMessage(target, host, `${timeoutMs / 1000}s`));
    // The container has just ended, or the engine is away: neither says anything of the program in it.
    if (error instanceof RuntimeError) return { kind: 'unknown', output: '' };
    return failure(error instanceof Error ? error.message : String(error));
  } finally {
    cancel();
    signal.removeEventListener('abort', onAbort);
  }
}

function failure(output: string): ProbeResult {
  return { kind: 'failure', output };
}

async function ask(
  runtime: ContainerRuntime,
  { probe, container, containerId }: ProbeTarget,
  podHost: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  if (exec) {
    const { exitCode, output } = await execCommand(runtime, containerId, exec.command ?? [], signal);
    return exitCode === 0
      ? { kind: 'success', output }
      : failure(output || `command exited with ${exitCode}`);
  }
  if (httpGet) return askHttp(httpGet, { host: podHost, container }, signal);
  if (tcpSocket) {
    const { tcpConnect } = await import('./tcp-connect.ts');
    await tcpConnect(tcpSocket.host || podHost, portNumber(tcpSocket.port, container), signal);
    return { kind: 'success', output: '' };
  }
  if (grpc) return askGrpc(grpc, podHost, signal);
  return { kind: 'unknown', output: `missing probe handler for container ${container.name}` };
}

async function askHttp(
  action: core.HTTPGetAction,
  place: { readonly host: string; readonly container: core.Container },
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { httpGet, httpRequestOf } = await import('./http-get.ts');
  const { status, body } = await httpGet(httpRequestOf(action, { ...place, userAgent: 'probe' }), signal);
  if (status < 200 || status >= 400) return failure(`HTTP probe failed with statuscode: ${status}`);
  if (status < 300) return { kind: 'success', output: body };
  return { kind: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
}

async function askGrpc(
  { port, service = '' }: core.GRPCAction,
  host: string,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { grpcCheck, UNIMPLEMENTED } = await import('./grpc-check.ts');
  const answer = await grpcCheck({ host, port, service: service ?? '' }, signal);
  if (answer.kind === 'answered')
    return answer.serving === 'SERVING'
      ? { kind: 'success', output: '' }
      : failure(`service unhealthy (responded with "${answer.serving}")`);
  return failure(
    answer.code === UNIMPLEMENTED
      ? `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${answer.message}`
      : `error: health rpc probe failed: ${answer.message} (code ${answer.code})`,
  );
}

function lateMessage({ probe }: ProbeTarget, host: string, timeout: string): string {
  const { exec, httpGet, tcpSocket, grpc } = probe;
  if (exec) return `command timed out: "${exec.command?.join(' ')}" timed out after ${timeout}`;
  const place = (named: string | undefined, port: number | string) =>
    typeof port === 'number' ? hostAndPort(named || host, port) : `${named || host}:${port}`;
  if (httpGet)
    return `Get "${(httpGet.scheme ?? 'HTTP').toLowerCase()}://${place(httpGet.host, httpGet.port)}${httpGet.path ?? '/'}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`;
  if (tcpSocket) return `dial tcp ${place(tcpSocket.host, tcpSocket.port)}: i/o timeout`;
  return `timeout: failed to connect service "${place(undefined, grpc?.port ?? 0)}" within ${timeout}: context deadline exceeded`;
}

/**
 * A TCP connection into a container's network. Servers on the container's own address are dialled from the host. Others,
 * which listen on the container's loopback alone, are reached by a helper that enters its network and relays: see
 * docs/decisions/0005-port-forward.md.
 */
import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Clock } from '../../shared/clock.ts';
import { errorCode } from '../../shared/error-code.ts';
import { RuntimeError, type RuntimeStream } from './container-runtime.ts';
import { isProcessOf } from './docker-streams.ts';
import { DIAL_TIMEOUT_MS } from './limits.ts';
import { plainStream } from './socket-stream.ts';

export type ContainerNetwork = {
  readonly id: string;
  readonly pid: number;
  readonly isHost: boolean;
  /** Absent in the host's network and in that of another container. */
  readonly ip?: string;
};

/** Throws RuntimeError `not-found` when nobody listens, or the signal's reason. */
export async function openContainerPort(
  clock: Clock,
  { id, pid, isHost, ip }: ContainerNetwork,
  port: number,
  signal: AbortSignal,
): Promise<RuntimeStream> {
  const host = isHost ? 'localhost' : ip;
  let why = '';
  if (host !== undefined) {
    try {
      const socket = await dial(clock, host, port, signal);
      return plainStream(socket, socket, signal);
    } catch (error) {
      signal.throwIfAborted();
      why = errorCode(error) === 'ECONNREFUSED' ? 'connection refused' : String(error);
    }
  }
  if (!isHost && (await isProcessOf(pid, id))) {
    const relay = await openRelay(pid, port, signal);
    if (relay.ok) return relay.stream;
    signal.throwIfAborted();
    why = relay.reason;
  }
  throw new RuntimeError('connect', 'not-found', `failed to connect to port ${port}: ${why}`);
}

async function dial(clock: Clock, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  signal.throwIfAborted();
  const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
  const onAbort = () => socket.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', onAbort));
  const cancel = clock.after(DIAL_TIMEOUT_MS, () => socket.destroy(new Error('no answer')));
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.on('error', reject);
      socket.once('close', () => reject(new Error('closed')));
    });
    return socket;
  } finally {
    cancel();
  }
}

/**
 * Connects to the loopback, says "+", and copies both ways, each end of input handed on. Perl's base is part of every
 * Debian, as nsenter is, and takes 5 MB where a second Node.js takes 40.
 */
const RELAY = `
use Socket;
sub copy {
  my ($from, $to, $piece) = @_;
  while (my $bytes = sysread $from, $piece, 65536) {
    for (my $at = 0; $at < $bytes; ) {
      my $taken = syswrite $to, $piece, $bytes - $at, $at;
      return unless defined $taken;
      $at += $taken;
    }
  }
}
my $port = shift;
my $why;
my $ip6 = pack_sockaddr_in6($port, Socket::IN6ADDR_LOOPBACK);
for my $way ([AF_INET, pack_sockaddr_in($port, INADDR_LOOPBACK)], [AF_INET6, $ip6]) {
  my $server;
  unless (socket($server, $way->[0], SOCK_STREAM, 0) && connect($server, $way->[1])) {
    $why = lcfirst $! unless defined $why;
    next;
  }
  syswrite STDOUT, "+";
  defined(my $child = fork) or die "fork: $!";
  if ($child) { copy($server, *STDOUT); kill "KILL", $child; exit 0 }
  close STDOUT;
  copy(*STDIN, $server);
  shutdown $server, 1;
  exit 0;
}
print STDERR $why;
exit 1;
`;

type Relay =
  | { readonly ok: true; readonly stream: RuntimeStream }
  | { readonly ok: false; readonly reason: string };

async function openRelay(pid: number, port: number, signal: AbortSignal): Promise<Relay> {
  signal.throwIfAborted();
  const helper = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, 'perl', '-e', RELAY, String(port)], {
    // A group of its own, so that one signal ends both of its processes.
    detached: true,
  });
  const end = () => {
    try {
      if (helper.pid !== undefined) process.kill(-helper.pid, 'SIGKILL');
    } catch {
      // It has ended already.
    }
  };
  signal.addEventListener('abort', end, { once: true });
  let fault = '';
  helper.once('error', error => {
    fault = error.message;
  });
  helper.once('close', () => signal.removeEventListener('abort', end));
  helper.stdin.on('error', () => {}); // Whoever writes hears of it.
  const complaint = text(helper.stderr);
  const pieces: AsyncIterator<Buffer> = helper.stdout[Symbol.asyncIterator]();
  const first = await pieces.next();
  if (first.done || first.value[0] !== 0x2b) return { ok: false, reason: (await complaint).trim() || fault };
  const output = continued(first.value.subarray(1), pieces);
  return { ok: true, stream: plainStream(output, helper.stdin, signal) };
}

async function* continued(first: Buffer, pieces: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  if (first.length > 0) yield first;
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
}

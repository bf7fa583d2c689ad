/** What the kernel counts of a process; /proc is read, nothing is traced. */
import { readdirSync, readFileSync } from 'node:fs';
import * as v from 'valibot';
import { runCommand } from '../../test/support/command.ts';

/** A running program of a cluster. */
export type Program = { readonly name: string; readonly pid: number; readonly args: readonly string[] };

/** The master and the agents of the cluster whose data is in `dataDir`; an agent is called as its data folder is. */
export function programsOf(dataDir: string): readonly Program[] {
  const pids = readdirSync('/proc').filter(name => /^\d+$/.test(name));
  return pids.flatMap(pid => {
    const args = readText(`/proc/${pid}/cmdline`).split('\0').filter(Boolean);
    const folder = args[args.indexOf('--data-dir') + 1] ?? '';
    const isOurs = folder.startsWith(`${dataDir}/`) && args.some(arg => /\/(master|agent)\.cjs$/.test(arg));
    return isOurs ? [{ name: folder.split('/').at(-1) ?? '', pid: Number(pid), args }] : [];
  });
}

export type Figures = {
  readonly rssBytes: number;
  /** Processor time since its start, seconds, all threads together. */
  readonly cpuSeconds: number;
  /** Bytes that it made the kernel write to block devices since its start. */
  readonly writtenBytes: number;
};

/** Throws when the process is gone. */
export function figuresOf({ name, pid }: Program): Figures {
  const status = readText(`/proc/${pid}/status`);
  const rssKb = /^VmRSS:\s*(\d+) kB/m.exec(status)?.[1];
  if (rssKb === undefined) throw new Error(`${name} has ended`);
  // After the name in brackets: utime and stime are fields 14 and 15 of proc_pid_stat(5), in ticks of 10 ms.
  const [, rest = ''] = readText(`/proc/${pid}/stat`).split(') ');
  const fields = rest.split(' ').map(Number);
  return {
    rssBytes: Number(rssKb) * 1024,
    cpuSeconds: ((fields[11] ?? 0) + (fields[12] ?? 0)) / 100,
    writtenBytes: Number(/^write_bytes: (\d+)/m.exec(readText(`/proc/${pid}/io`))?.[1] ?? 0),
  };
}

export type LinkFigures = {
  /** What TCP carried both ways: MQTT packets, whole. */
  readonly payloadBytes: number;
  /** Segments both ways, those that only acknowledge included. */
  readonly segments: number;
};

const LinkSchema = v.pipe(
  v.string(),
  v.transform(text => ({
    payloadBytes: sumOf(text, /\bbytes_(?:sent|received):(\d+)/g),
    segments: sumOf(text, /\bsegs_(?:in|out):(\d+)/g),
  })),
  v.check(({ payloadBytes }) => payloadBytes > 0, 'ss knows nothing of the connection'),
);

/** Of an agent's connection to its virtual cable, since it was made. Throws when there is none, or no `ss` (iproute2). */
export async function linkOf({ args }: Program): Promise<LinkFigures> {
  const port = new URL(args[args.indexOf('--master') + 1] ?? '').port;
  const { stdout } = await runCommand(['ss', '-tinH', 'state', 'established', 'dport', '=', `:${port}`]);
  return v.parse(LinkSchema, stdout);
}

function sumOf(text: string, pattern: RegExp): number {
  return [...text.matchAll(pattern)].reduce((sum, [, count]) => sum + Number(count), 0);
}

/** Empty for a process that has ended. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

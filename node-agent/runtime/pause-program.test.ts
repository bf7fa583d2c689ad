import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { arch, tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { pauseProgram } from './pause-program.ts';

it.each([
  { architecture: 'x86_64', machine: 62, at: 0x400078, bytes: 186 },
  { architecture: 'aarch64', machine: 183, at: 0x400078, bytes: 216 },
  { architecture: 'armv7l', machine: 40, at: 0x400054, bytes: 144 },
  { architecture: 'armv6l', machine: 40, at: 0x400054, bytes: 144 },
])('is a static program for $architecture', ({ architecture, machine, at, bytes }) => {
  const file = Buffer.from(pauseProgram(architecture) ?? []);
  expect(file.subarray(0, 4).toString('latin1')).toBe('\x7fELF');
  expect(file.readUInt16LE(18)).toBe(machine);
  expect(file.readUInt32LE(24)).toBe(at);
  expect(file).toHaveLength(bytes);
});

it('is none for an architecture that nobody knows', () => {
  expect(pauseProgram('vax')).toBeUndefined();
});

it('waits, and ignores the death of its children', async () => {
  const program = pauseProgram(arch() === 'x64' ? 'x86_64' : 'aarch64');
  const folder = await mkdtemp(join(tmpdir(), 'pikelet-pause-'));
  const file = join(folder, 'pause');
  await writeFile(file, program ?? '', { mode: 0o755 });
  const child = spawn(file);
  try {
    const SIGCHLD = 1n << 16n;
    await vi.waitFor(async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
      expect(BigInt(`0x${/SigIgn:\s*(\w+)/.exec(status)?.[1]}`) & SIGCHLD).toBe(SIGCHLD);
      expect(status).toMatch(/State:\s*S/);
    });
  } finally {
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    await rm(folder, { recursive: true, force: true });
  }
});

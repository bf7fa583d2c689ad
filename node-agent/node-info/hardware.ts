/**
 * A description of the hardware by systeminformation, which knows many boards and machines but starts a dozen processes
 * and leaves megabytes in memory: so it runs in a child of its own, once, and only its answer stays.
 * docs/decisions/0003-node-facts.md
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as v from 'valibot';

/** Describing took 0.2 s on a PC; a Pi Zero 2 at boot may be fifty times slower. */
const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 16 * 1024;

const HardwareSchema = v.object({
  manufacturer: v.optional(v.string()),
  model: v.optional(v.string()),
  /** Like `Broadcom BCM2711`. */
  cpu: v.optional(v.string()),
  isVirtual: v.boolean(),
});
export type Hardware = v.InferOutput<typeof HardwareSchema>;

/** The child's side: describes the hardware on stdout, as one line of JSON. */
export async function printHardware(): Promise<void> {
  const { system, cpu } = await import('systeminformation');
  const [machine, processor] = await Promise.all([system(), cpu()]);
  const hardware: Hardware = {
    manufacturer: machine.manufacturer || undefined,
    model: machine.model || undefined,
    cpu: [processor.manufacturer, processor.brand].filter(Boolean).join(' ') || undefined,
    isVirtual: machine.virtual,
  };
  process.stdout.write(`${JSON.stringify(hardware)}\n`);
}

/** The parent's side: runs the command that ends in `printHardware`. Rejects when it fails, is too slow, or prints anything else. */
export async function askHardware(
  command: { readonly file: string; readonly args: readonly string[] },
  signal?: AbortSignal,
): Promise<Hardware> {
  const { stdout } = await promisify(execFile)(command.file, [...command.args], {
    timeout: TIMEOUT_MS,
    maxBuffer: ANSWER_BYTES_MAX,
    signal,
  });
  return v.parse(HardwareSchema, JSON.parse(stdout));
}

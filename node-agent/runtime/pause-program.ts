/**
 * The program of a pod's sandbox: it ignores SIGCHLD, so that the kernel buries what dies below it in a shared process
 * namespace, and waits for ever. A static ELF of under 200 bytes, written here instruction by instruction: no compiler and
 * no registry is needed, and it keeps 12 kB of memory.
 */

/** The instructions, with what rt_sigaction reads (SIG_IGN, no flags, no mask) behind them. */
type Program = {
  readonly is64Bit: boolean;
  /** `e_machine` and `e_flags` of the ELF header: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
  readonly machine: number;
  readonly flags: number;
  readonly code: readonly number[];
};

/** Words as little-endian bytes. */
const words = (...list: number[]) =>
  list.flatMap(word => [0, 8, 16, 24].map(shift => (word >>> shift) & 0xff));

/** `struct sigaction` of the kernel: handler, flags, restorer, mask. */
const ACTION_64 = words(1, 0, 0, 0, 0, 0, 0, 0);
const ACTION_32 = words(1, 0, 0, 0, 0);

const X86_64: Program = {
  is64Bit: true,
  machine: 62,
  flags: 0,
  code: [
    ...[0xb8, 13, 0, 0, 0], // mov eax, rt_sigaction
    ...[0xbf, 17, 0, 0, 0], // mov edi, SIGCHLD
    ...[0x48, 0x8d, 0x35, 17, 0, 0, 0], // lea rsi, [rip + 17]: the action
    ...[0x31, 0xd2], // xor edx, edx
    ...[0x6a, 8, 0x41, 0x5a], // push 8; pop r10
    ...[0x0f, 0x05], // syscall
    ...[0xb8, 34, 0, 0, 0], // mov eax, pause
    ...[0x0f, 0x05], // syscall
    ...[0xeb, 0xf7], // jmp to the line of pause
    ...ACTION_64,
  ],
};

const AARCH64: Program = {
  is64Bit: true,
  machine: 183,
  flags: 0,
  code: [
    ...words(
      0xd28010c8, // mov x8, rt_sigaction (134)
      0xd2800220, // mov x0, SIGCHLD (17)
      0x100001c1, // adr x1, +56: the action
      0xd2800002, // mov x2, 0
      0xd2800103, // mov x3, 8
      0xd4000001, // svc 0
      0xd2800000, // mov x0, 0: there is no pause, but ppoll on nothing
      0xd2800001, // mov x1, 0
      0xd2800002, // mov x2, 0
      0xd2800003, // mov x3, 0
      0xd2800004, // mov x4, 0
      0xd2800928, // mov x8, ppoll (73)
      0xd4000001, // svc 0
      0x17fffff9, // b -28: to `mov x0, 0`
      0xd503201f, // nop
      0xd503201f, // nop
    ),
    ...ACTION_64,
  ],
};

/** ARMv6 and later, EABI 5: a Pi Zero has no more. */
const ARM: Program = {
  is64Bit: false,
  machine: 40,
  flags: 0x05000000,
  code: [
    ...words(
      0xe3a070ae, // mov r7, rt_sigaction (174)
      0xe3a00011, // mov r0, SIGCHLD (17)
      0xe28f1018, // add r1, pc, 24: the action
      0xe3a02000, // mov r2, 0
      0xe3a03008, // mov r3, 8
      0xef000000, // svc 0
      0xe3a0701d, // mov r7, pause (29)
      0xef000000, // svc 0
      0xeafffffc, // b -8: to `mov r7, pause`
      0xe1a00000, // nop
    ),
    ...ACTION_32,
  ],
};

/** By what engines call their architecture. */
const PROGRAMS: Readonly<Record<string, Program>> = {
  x86_64: X86_64,
  amd64: X86_64,
  aarch64: AARCH64,
  arm64: AARCH64,
  armv6l: ARM,
  armv7l: ARM,
  arm: ARM,
};

/** Where the program is put in memory: the usual place of a program that is not moved. */
const BASE = 0x400000;

/** The file's bytes for an architecture as the engine names it; undefined for one that is not known. */
export function pauseProgram(architecture: string): Uint8Array | undefined {
  const program = PROGRAMS[architecture];
  return program && elf(program);
}

function elf({ is64Bit, machine, flags, code }: Program): Uint8Array {
  const [headerSize, segmentSize] = is64Bit ? [64, 56] : [52, 32];
  const codeAt = headerSize + segmentSize;
  const size = codeAt + code.length;
  const half = (value: number) => [value & 0xff, value >>> 8];
  /** An address or offset: as wide as the machine. */
  const wide = (value: number) => (is64Bit ? words(value, 0) : words(value));
  const readAndExecute = 5;
  const header = [
    ...[0x7f, 0x45, 0x4c, 0x46, is64Bit ? 2 : 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0],
    ...[half(2), half(machine), words(1)].flat(),
    ...[wide(BASE + codeAt), wide(headerSize), wide(0), words(flags)].flat(),
    ...[headerSize, segmentSize, 1, 0, 0, 0].flatMap(half),
  ];
  const place = [wide(0), wide(BASE), wide(BASE), wide(size), wide(size)].flat();
  const segment = is64Bit
    ? [...words(1, readAndExecute), ...place, ...wide(0x10000)]
    : [...words(1), ...place, ...words(readAndExecute, 0x10000)];
  return Uint8Array.from([...header, ...segment, ...code]);
}

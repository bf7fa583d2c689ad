/** Makes one boot partition into what the plan says. */
import type { BootPartition } from './boot-partition.ts';
import { WORKING_IMAGES } from './boot-partition.ts';
import { FlashError } from './flash-error.ts';
import { detectImageKind, type ImageKind } from './image-kind.ts';
import {
  type BootPlan,
  type BootView,
  PAYLOAD_FOLDER,
  type PayloadPart,
  planBootFiles,
  READ_FILES,
} from './plan.ts';

export type ProvisionRequest = Omit<BootView, 'kind' | 'existing'>;

/** Looks at the partition and plans; writes nothing. FlashError when the image offers no way into its first boot. */
export function inspectAndPlan(
  boot: BootPartition,
  request: ProvisionRequest,
): { kind: ImageKind; plan: BootPlan } {
  const names = boot.list();
  const kind = detectImageKind(names);
  if (!kind) {
    throw new FlashError(
      `the boot partition has neither user-data nor cmdline.txt (it has ${names.slice(0, 8).join(', ') || 'no files'}); ${WORKING_IMAGES}`,
    );
  }
  const existing = Object.fromEntries(
    READ_FILES.flatMap(path => {
      const contents = boot.read(path);
      return contents === undefined ? [] : [[path, contents.toString('utf8')]];
    }),
  );
  return { kind, plan: planBootFiles({ ...request, kind, existing }) };
}

/**
 * Carries the plan out: the payload first, the file that makes the device use it last. FlashError, with nothing written, when
 * the partition has too little space.
 */
export function applyPlan(
  boot: BootPartition,
  plan: BootPlan,
  payload: Readonly<Record<PayloadPart, Uint8Array | undefined>>,
): void {
  const parts = plan.payload.flatMap(({ path, part }) => {
    const contents = payload[part];
    return contents === undefined ? [] : [{ path, contents }];
  });
  const texts = plan.files.map(({ path, text }) => ({ path, contents: Buffer.from(text) }));
  const files = [...parts, ...texts];
  expectSpace(boot, files);
  boot.makeFolder(PAYLOAD_FOLDER);
  for (const { from, to } of plan.keeps) {
    const original = boot.read(from);
    // The first original is the image's own; a later one is only an earlier flash's leftover.
    if (original !== undefined && boot.read(to) === undefined) boot.write(to, original);
  }
  for (const path of plan.removes) boot.remove(path);
  for (const { path, contents } of files) boot.write(path, contents);
}

/** Slack for the last, half-filled cluster of each file and for the folder itself. */
const SLACK_BYTES = 1024 * 1024;

function expectSpace(boot: BootPartition, files: readonly { path: string; contents: Uint8Array }[]): void {
  const needed = files.reduce((sum, { contents }) => sum + contents.length, SLACK_BYTES);
  const replaced = files.reduce((sum, { path }) => sum + (boot.read(path)?.length ?? 0), 0);
  const free = boot.freeBytes() + replaced;
  if (needed <= free) return;
  const mebibytes = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)} MiB`;
  throw new FlashError(
    `not enough space on the boot partition: ${mebibytes(needed)} needed, ${mebibytes(free)} free`,
  );
}

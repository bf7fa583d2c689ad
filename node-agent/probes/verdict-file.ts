/**
 * The good verdicts of containers, kept in memory's own file system: an agent that starts again takes no container out of
 * its Services for that. (The kubelet forgets them, and its pods are unready until they are probed.)
 */
import { join } from 'node:path';
import * as v from 'valibot';
import { parseJson } from '../../shared/parse-json.ts';
import { readIfThere, writePrivateFile } from '../../shared/private-file.ts';
import type { Verdicts } from './verdicts.ts';

const KeptSchema = v.array(
  v.tuple([
    v.string(),
    v.object({
      startup: v.optional(v.literal('success')),
      readiness: v.optional(v.literal('success')),
      readySinceMs: v.optional(v.number()),
    }),
  ]),
);

export class VerdictFile {
  private readonly path: string;
  private kept = '[]';
  private writing: Promise<void> | undefined;
  private next: string | undefined;

  constructor(folder: string) {
    this.path = join(folder, 'verdicts.json');
  }

  /** By container id; none where there is no file, or a damaged one. Throws what else the file system says. */
  async load(): Promise<readonly (readonly [string, Verdicts])[]> {
    const text = (await readIfThere(this.path)) ?? '[]';
    const found = v.safeParse(KeptSchema, parseJson(text));
    if (!found.success) return [];
    this.kept = text;
    return found.output;
  }

  /** Resolves when what was passed, or something newer, is written; writes nothing when it is kept already. */
  async save(verdicts: ReadonlyMap<string, Verdicts>): Promise<void> {
    const good = [...verdicts].flatMap(([id, { startup, readiness, readySinceMs }]) => {
      const isKept = startup === 'success' || readiness === 'success';
      const kept = {
        ...(startup === 'success' ? { startup } : {}),
        ...(readiness === 'success' ? { readiness, readySinceMs } : {}),
      };
      return isKept ? [[id, kept]] : [];
    });
    this.next = JSON.stringify(good);
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  private async write(): Promise<void> {
    while (this.next !== undefined && this.next !== this.kept) {
      const text = this.next;
      await writePrivateFile(this.path, text);
      this.kept = text;
    }
  }
}

/** What patches make of an object, against what kubectl makes of it with --local. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyPatch } from '../../master/api-server/patch/apply-patch.ts';
import { kubectlPath } from '../support/kubectl.ts';
import { jsonCases, mergeCases, type PatchCase, strategicCases } from '../support/patch-cases.ts';

/** Objects that one kubectl patches: it takes longer to start than to patch. */
const OBJECTS = 6;
const RUNS = { numRuns: 80 };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pikelet-patches-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The objects as kubectl patches them; undefined when it refuses to. */
async function patchedByKubectl(
  flag: string,
  objects: readonly object[],
  patch: unknown,
): Promise<unknown[] | undefined> {
  const file = path.join(folder, 'objects.json');
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));
  const given = ['patch', '--local', '-f', file, `--type=${flag}`, '-p', JSON.stringify(patch), '-o', 'json'];
  try {
    const { stdout } = await promisify(execFile)(kubectlPath ?? '', given, { maxBuffer: 2 ** 26 });
    return JSON.parse(`[${stdout.replaceAll(/^\}\n\{/gm, '},{')}]`);
  } catch {
    return undefined;
  }
}

function patchedByUs(contentType: string, { type, objects, patch }: PatchCase): unknown[] | undefined {
  try {
    return objects.map(object => applyPatch(contentType, type, object, patch));
  } catch {
    return undefined;
  }
}

/** A null member counts as absent wherever an object is decoded. */
function withoutNulls(value: unknown): unknown {
  return value && JSON.parse(JSON.stringify(value), (_name, member) => member ?? undefined);
}

/** True when the patch was carried out. */
async function agree(flag: string, contentType: string, given: PatchCase): Promise<boolean> {
  const theirs = await patchedByKubectl(flag, given.objects, given.patch);
  expect(withoutNulls(patchedByUs(contentType, given))).toEqual(withoutNulls(theirs));
  return theirs !== undefined;
}

describe.skipIf(kubectlPath === undefined)('kubectl agrees (skipped without kubectl)', () => {
  it.each([
    {
      flag: 'strategic',
      contentType: 'application/strategic-merge-patch+json',
      cases: strategicCases(OBJECTS),
    },
    { flag: 'merge', contentType: 'application/merge-patch+json', cases: mergeCases(OBJECTS) },
    { flag: 'json', contentType: 'application/json-patch+json', cases: jsonCases(1) },
  ])('on what a $flag patch does', async ({ flag, contentType, cases }) => {
    let patched = 0;
    await fc.assert(
      fc.asyncProperty(cases, async given => {
        if (await agree(flag, contentType, given)) patched++;
      }),
      RUNS,
    );
    // Many of the patches are ones that both carry out.
    expect(patched).toBeGreaterThan(RUNS.numRuns / 5);
  });
});

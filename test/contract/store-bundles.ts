/** Bundles entries of the store as the product's build does, into a temporary folder that can find node_modules. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

const ROOT = join(import.meta.dirname, '../..');

export type Folder = { readonly path: string; readonly remove: () => void };

/** A new temporary folder. */
export function temporaryFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'pikelet-store-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export type Bundles = {
  readonly workerFile: string;
  readonly writerFile: string;
  readonly remove: () => void;
};

/** The worker, and a program that writes through it. */
export async function bundleStore(): Promise<Bundles> {
  const folder = temporaryFolder();
  symlinkSync(join(ROOT, 'node_modules'), join(folder.path, 'node_modules'));
  await build({
    entryPoints: [join(ROOT, 'master/store/store-worker.ts'), join(ROOT, 'test/contract/store-writer.ts')],
    outdir: folder.path,
    entryNames: '[name]',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['@photostructure/sqlite'],
    logLevel: 'error',
  });
  return {
    workerFile: join(folder.path, 'store-worker.cjs'),
    writerFile: join(folder.path, 'store-writer.cjs'),
    remove: folder.remove,
  };
}

/** The product's source files and what each imports, for the tests of the house's own rules. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

export type SourceFile = {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
  /** What it loads when it runs: paths from the root for its own files, names for packages. Types load nothing. */
  readonly imports: readonly string[];
};

const PARTS = ['shared', 'master', 'node-agent', 'cli', 'dashboard', 'deploy', 'test', 'bench'];

/** `import … from '…'`, `export … from '…'` and `import('…')`, but no `import type`. */
const IMPORTS =
  /(?:^|\n)(?:import|export)\s+(?!type\b)(?:[\w*{][^;'"=()]*?\sfrom\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g;

/** Every file of TypeScript, tests among them; generated ones are left out. */
export function sourceFiles(): SourceFile[] {
  return PARTS.flatMap(part => filesBelow(part)).map(path => {
    const text = readFileSync(path, 'utf8');
    return { path, text, imports: importsOf(path, text) };
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'generated' ? [] : filesBelow(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.d.ts') ? [path] : [];
  });
}

/** What the text of the file at `path` imports when it runs. */
export function importsOf(path: string, text: string): string[] {
  return [...text.matchAll(IMPORTS)].map(([, stated, dynamic]) => {
    const name = stated ?? dynamic ?? '';
    return name.startsWith('.') ? join(dirname(path), name) : name;
  });
}

export function isTest({ path }: SourceFile): boolean {
  return /\.test\.tsx?$/.test(path) || path.startsWith('test/') || path.startsWith('bench/');
}

/** The files given and all of ours that they load, directly or not. */
export function closureOf(start: readonly SourceFile[], all: readonly SourceFile[]): SourceFile[] {
  const byPath = new Map(all.map(file => [file.path, file]));
  const seen = new Set(start);
  for (const file of seen) {
    for (const name of file.imports) {
      const imported = byPath.get(name);
      if (imported !== undefined) seen.add(imported);
    }
  }
  return [...seen];
}

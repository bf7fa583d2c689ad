/** Rules of ARCHITECTURE.md that imports alone cannot say; the others are in .dependency-cruiser.cjs. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PRODUCT_VERSION } from '../../shared/version.ts';
import { closureOf, importsOf, isTest, type SourceFile, sourceFiles } from './source-files.ts';

const files = sourceFiles();
const product = files.filter(file => !isTest(file));

/** The files of `among` whose text has `pattern`. */
function having(pattern: RegExp, among: readonly SourceFile[]): string[] {
  return among.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
}

/** Files that decide and never act, by their names. */
const PURE = [
  /^master\/scheduler\/(filters|scores)\//,
  /^(master|node-agent)\/.*\/(plan|plan-[a-z-]+|desired|fold|diff|next-[a-z-]+|[a-z-]+-status)\.ts$/,
  /^cli\/print\//,
  /^deploy\/flash\/plan\.ts$/,
  /^deploy\/up\/(options|layout|capacity|welcome|restart-plan)\.ts$/,
];
/** What of node computes and touches nothing. */
const HARMLESS = /^node:(path|crypto|util|assert|buffer|url|vm)$/;
/** Packages that compute and touch nothing. */
const COMPUTING = ['valibot', 'js-yaml', 're2js', '@marcbachmann/cel-js'];

describe('files that decide', () => {
  const pure = product.filter(({ path }) => PURE.some(name => name.test(path)));
  const reached = closureOf(pure, product);

  it('are there', () => {
    expect(pure.length).toBeGreaterThan(0);
  });

  it('reach nothing that acts', () => {
    const acting = reached.flatMap(({ path, imports }) =>
      imports
        .filter(name => !name.endsWith('.ts') && !name.endsWith('.tsx') && !name.endsWith('.json'))
        .filter(name => !HARMLESS.test(name) && !COMPUTING.includes(name))
        .map(name => `${path} imports ${name}`),
    );
    expect(acting).toEqual([]);
  });

  it('take time and chance as arguments', () => {
    const impure =
      /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\bset(Timeout|Interval|Immediate)\(|\bperformance\.now\(|\brandom(UUID|Int|Bytes)\(/;
    expect(
      having(
        impure,
        reached.filter(({ path }) => path !== 'shared/clock.ts'),
      ),
    ).toEqual([]);
  });
});

describe('every file', () => {
  it('leaves time to shared/clock.ts', () => {
    const timers = /\bDate\.now\(|(?<!\.)\bset(Timeout|Interval)\(|\bAbortSignal\.timeout\(/;
    const allowed = (path: string) => path === 'shared/clock.ts' || path.startsWith('dashboard/');
    expect(
      having(
        timers,
        product.filter(({ path }) => !allowed(path)),
      ),
    ).toEqual([]);
  });

  it('leaves topics to shared/protocol', () => {
    const elsewhere = product.filter(({ path }) => !path.startsWith('shared/protocol/'));
    expect(having(/pikelet\/v\d/, elsewhere)).toEqual([]);
  });

  it('leaves writes of the store to the registry', () => {
    const others = product.filter(({ path }) => !/^master\/(registry|store)\//.test(path));
    expect(having(/\bstore\.(put|delete)\(/, others)).toEqual([]);
  });

  it('is short enough to be read at one go', () => {
    const isLong = (file: SourceFile) => file.text.split('\n').length > (isTest(file) ? 700 : 500);
    expect(files.filter(isLong).map(({ path }) => path)).toEqual([]);
  });

  it('has a kebab-case name without a banned word', () => {
    const odd = files
      .map(({ path }) => path)
      .filter(path => !/^[a-z0-9-]+(\.[a-z0-9-]+)*\.tsx?$/.test(path.split('/').at(-1) ?? ''));
    const banned = /(^|[/-])(manager|helper|helpers|util|utils|common|misc|base|impl)([/.-]|$)/;
    expect([...odd, ...files.map(({ path }) => path).filter(path => banned.test(path))]).toEqual([]);
  });

  it('exports by name', () => {
    expect(having(/^export default /m, product)).toEqual([]);
  });

  it('fits a CommonJS bundle', () => {
    const bundled = product.filter(({ path }) => !path.startsWith('dashboard/'));
    expect(having(/\bimport\.meta\b|^await /m, bundled)).toEqual([]);
  });
});

it('one version is said everywhere', () => {
  const manifests = ['package.json', 'cli/package.json'].map(path => readFileSync(path, 'utf8'));
  expect(manifests.map(text => JSON.parse(text).version)).toEqual([PRODUCT_VERSION, PRODUCT_VERSION]);
});

describe('importsOf', () => {
  it('finds what a file loads, and no types', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type { B } from './b.ts';",
      "import {\n  c,\n  d,\n} from '../c.ts';",
      "export { e } from 'e';",
      "const f = await import('./f.ts');",
    ].join('\n');
    expect(importsOf('x/y/z.ts', text)).toEqual(['x/y/a.ts', 'x/c.ts', 'e', 'x/y/f.ts']);
  });
});

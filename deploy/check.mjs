/** `npm run check [-- --without-tests]`: everything that can be said of the code without running the product, in under a minute. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './up/setup.mjs';

const SOURCES = ['master', 'node-agent', 'shared', 'cli', 'dashboard', 'deploy', 'test', 'bench'];
const sources = SOURCES.filter(name => existsSync(join(root, name)));
const isWithoutTests = process.argv.includes('--without-tests');

/** One after the other where a step needs the one before; the machine's two cores are busy with each. */
const STEPS = [
  { name: 'generate', script: 'deploy/generate.mjs', args: [] },
  { name: 'types', script: 'node_modules/typescript/bin/tsc', args: ['-p', '.'] },
  {
    name: 'lint and format',
    script: 'node_modules/@biomejs/biome/bin/biome',
    args: ['check', '--error-on-warnings', '.'],
  },
  {
    name: 'layers',
    script: 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    args: ['--config', '.dependency-cruiser.cjs', '--output-type', 'err', ...sources],
  },
  { name: 'unused code', script: 'node_modules/knip/bin/knip.js', args: ['--no-progress'] },
  ...(isWithoutTests
    ? []
    : [
        {
          name: 'unit tests',
          script: 'node_modules/vitest/vitest.mjs',
          args: ['run', '--project', 'unit', '--reporter', 'dot'],
        },
      ]),
];

function runStep({ script, args }) {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [script, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
    child.on('close', code => resolve({ isSound: code === 0, output: output.trim() }));
  });
}

const startedAtMs = Date.now();
let failed = 0;
for (const step of STEPS) {
  if (!existsSync(join(root, step.script))) continue;
  const stepStartedAtMs = Date.now();
  const { isSound, output } = await runStep(step);
  const seconds = ((Date.now() - stepStartedAtMs) / 1000).toFixed(1).padStart(5);
  console.log(`${seconds} s  ${isSound ? 'ok    ' : 'FAILED'}  ${step.name}`);
  if (isSound) continue;
  failed++;
  console.log(output);
}
console.log(
  `${((Date.now() - startedAtMs) / 1000).toFixed(1).padStart(5)} s  ${failed === 0 ? 'all is well' : `${failed} failed`}`,
);
process.exit(failed === 0 ? 0 : 1);

/** `npm run check [-- --without-tests]`: everything that can be said of the code without running the product, in under a minute. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './up/setup.mjs';

const SOURCES = ['master', 'node-agent', 'shared', 'cli', 'dashboard', 'deploy', 'test', 'bench'];
const sources = SOURCES.filter(name => existsSync(join(root, name)));
const isWithoutTests = process.argv.includes('--without-tests');

/** What the compiler learnt last time, so that a second check is quick. */
const typesOf = (name, project) => ({
  name,
  script: 'node_modules/typescript/bin/tsc',
  args: ['-p', project, '--incremental', '--tsBuildInfoFile', `dist/check/${name}.json`],
});

const STEPS = [
  typesOf('types', '.'),
  typesOf('types-dashboard', 'dashboard'),
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
];
const TESTS = {
  name: 'unit tests',
  script: 'node_modules/vitest/vitest.mjs',
  args: ['run', '--project', 'unit', '--reporter', 'dot'],
};

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

function secondsSince(startMs) {
  return `${((Date.now() - startMs) / 1000).toFixed(1).padStart(5)} s`;
}

/** Runs the steps one after the other and says how each went; answers how many failed. */
async function runSteps(steps) {
  let failed = 0;
  for (const step of steps) {
    const startMs = Date.now();
    const { isSound, output } = await runStep(step);
    console.log(`${secondsSince(startMs)}  ${isSound ? 'ok    ' : 'FAILED'}  ${step.name}`);
    if (!isSound) console.log(output);
    failed += isSound ? 0 : 1;
  }
  return failed;
}

const startMs = Date.now();
// The others read what is generated. Then the compiler and the tests, which take longest, each have a core.
const failures = [
  await runSteps([{ name: 'generate', script: 'deploy/generate.mjs', args: [] }]),
  ...(await Promise.all([runSteps(STEPS), runSteps(isWithoutTests ? [] : [TESTS])])),
];
const failed = failures.reduce((sum, count) => sum + count);
console.log(`${secondsSince(startMs)}  ${failed === 0 ? 'all is well' : `${failed} failed`}`);
process.exit(failed === 0 ? 0 : 1);

/**
 * Makes a fresh clone runnable: checks the machine, installs npm packages, builds. Plain JavaScript without a dependency,
 * because none is there yet. `node deploy/up/setup.mjs` does all of it; `npm run up`, `npm test` and CI go through here.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { step } from './progress.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** The oldest Node.js that can `require` an ES module, which some packages need; Debian 13's own is 20.19. */
const MIN_NODE = [20, 19];

/** What is wrong with this machine, in words for a person; undefined when nothing is. */
export function platformFault({ platform, nodeVersion }) {
  if (platform !== 'linux') return `Pikelet runs on Linux, and this is ${platform}`;
  const [major, minor] = nodeVersion.split('.').map(Number);
  if (major > MIN_NODE[0] || (major === MIN_NODE[0] && minor >= MIN_NODE[1])) return undefined;
  return `Pikelet needs Node.js ${MIN_NODE.join('.')} or newer, and this is ${nodeVersion}: install a newer one (Debian 13 has it as "nodejs", https://nodejs.org has it for Debian 12)`;
}

/** True when every package that `wanted` (package-lock.json) asks for is in `installed` (node_modules/.package-lock.json). */
export function hasEveryPackage(wanted, installed) {
  return Object.entries(wanted.packages ?? {}).every(([path, entry]) => {
    if (path === '' || entry.optional || entry.devOptional || entry.peer) return true;
    const found = installed.packages?.[path];
    return found !== undefined && found.version === entry.version && found.resolved === entry.resolved;
  });
}

function hasPackages() {
  const installed = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(installed)) return false;
  const parse = path => JSON.parse(readFileSync(path, 'utf8'));
  return hasEveryPackage(parse(join(root, 'package-lock.json')), parse(installed));
}

/** Runs a program in the repository, silently; rejects with its output when it fails. */
function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += chunk));
    child.on('error', cause => reject(new Error(`cannot run ${command}: ${cause.message}`)));
    child.on('close', code =>
      code === 0
        ? resolve()
        : reject(new Error(`${[command, ...args].join(' ')} failed:\n${shortened(output)}`)),
    );
  });
}

/** npm tells its whole usage after what went wrong. */
function shortened(output) {
  return output
    .split('\n')
    .filter(line => line.trim() !== '')
    .slice(0, 30)
    .join('\n');
}

/** Makes packages and dist/ be there and be up to date; throws an error fit for a person. */
export async function setUp() {
  const fault = platformFault({ platform: process.platform, nodeVersion: process.versions.node });
  if (fault !== undefined) throw new Error(fault);
  if (!hasPackages()) {
    // No package that Pikelet uses needs its install script, and a script could do anything.
    await step('installing npm packages', () =>
      run('npm', ['install', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund']),
    );
  }
  await step('building', () => run(process.execPath, ['deploy/build.mjs', '--if-stale']));
}

/** Ends the process with a plain message when the set-up fails. */
export async function setUpOrExit() {
  try {
    await setUp();
  } catch (error) {
    console.error(`error: ${error.message}`);
    process.exit(1);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setUpOrExit();

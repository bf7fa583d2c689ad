/**
 * Bundles every program into dist/, one file each: `node deploy/build.mjs [--if-stale]`. Owns what goes into a bundle;
 * imports nothing but esbuild. CommonJS, because an ES module entry costs a small device 2.6 MB and more start-up time.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
/** Written last by a build that succeeded; its time is what sources are compared with. */
const stamp = join(dist, '.built');

const SOURCES = [
  'master',
  'node-agent',
  'shared',
  'cli',
  'dashboard',
  'deploy',
  'bench',
  'test/support',
  'package-lock.json',
];

const PROGRAMS = {
  'master.cjs': 'master/main.ts',
  'store-worker.cjs': 'master/store/store-worker.ts',
  'agent.cjs': 'node-agent/main.ts',
  'pikelet.cjs': 'cli/main.ts',
  'up.cjs': 'deploy/up/up.ts',
};

/** The master hands it to devices. */
const INSTALLER = 'deploy/install/install.sh';

const DASHBOARD = 'dashboard/main.tsx';
/** Each file is a program of its own: dist/bench/NAME.cjs, which finds the others in the folder above it. */
const BENCHMARKS = 'bench';
/** What the page is made of besides its script. */
const DASHBOARD_FILES = /\.(html|css|svg|ico|png)$/;

/** Newest change below `path`, milliseconds; folders count too, so that a removed file is noticed. 0 when nothing is there. */
async function newestMs(path) {
  if (!existsSync(path)) return 0;
  const found = await stat(path);
  if (!found.isDirectory()) return found.mtimeMs;
  const entries = (await readdir(path)).filter(name => name !== 'generated' && name !== 'node_modules');
  const times = await Promise.all(entries.map(name => newestMs(join(path, name))));
  return Math.max(found.mtimeMs, ...times);
}

/** True when dist/ is missing or older than a source. */
export async function isStale() {
  if (!existsSync(stamp)) return true;
  const times = await Promise.all(SOURCES.map(name => newestMs(join(root, name))));
  return Math.max(...times) > (await stat(stamp)).mtimeMs;
}

/** Replaces a file at once: a program that starts meanwhile reads the old one or the new one, never half of one. */
async function replaceFile(path, contents) {
  await mkdir(dirname(path), { recursive: true });
  const fresh = `${path}.${process.pid}.new`;
  await writeFile(fresh, contents);
  await rename(fresh, path);
}

async function bundle(options) {
  const { build } = await import('esbuild');
  const result = await build({
    absWorkingDir: root,
    bundle: true,
    write: false,
    logLevel: 'warning',
    minifyWhitespace: true,
    legalComments: 'eof',
    ...options,
  });
  await Promise.all(result.outputFiles.map(file => replaceFile(file.path, file.contents)));
}

async function bundlePrograms() {
  const stubbed = [
    // dockerode's ways to engines that Pikelet never takes.
    ...['ssh2', '@grpc/grpc-js', '@grpc/proto-loader', 'protobufjs', 'tar-fs'],
    // mqtt's, likewise: agents speak MQTT over TCP, with Node.js's own timers.
    ...['socks', 'worker-timers'],
    'thread-stream',
  ];
  const programs = Object.entries(PROGRAMS)
    .filter(([, source]) => existsSync(join(root, source)))
    .map(([output, source]) => [basename(output, '.cjs'), source]);
  const agent = programs.filter(([name]) => name === 'agent');
  const others = programs.filter(([name]) => name !== 'agent');
  // mqtt's way to brokers over WebSocket is dead weight on a device; the API server and the command do speak it.
  await bundleNode(Object.fromEntries(agent), [...stubbed, 'ws']);
  await bundleNode(Object.fromEntries([...others, ...(await benchmarks())]), stubbed);
}

/** CommonJS programs; each of the `stubbed` packages is left out. */
async function bundleNode(entryPoints, stubbed) {
  const stub = join(root, 'deploy/stubs/empty.cjs');
  await bundle({
    entryPoints,
    outdir: dist,
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    // A native module, and one that finds its WebAssembly beside itself: node finds both in node_modules.
    external: ['@photostructure/sqlite', 'js-fatfs'],
    alias: {
      ...Object.fromEntries(stubbed.map(name => [name, stub])),
      // Copies of Node.js's own streams, three of them, for which the original may stand in (their READABLE_STREAM=disable).
      'readable-stream': join(root, 'deploy/stubs/readable-stream.cjs'),
    },
  });
}

async function benchmarks() {
  const files = await readdir(join(root, BENCHMARKS));
  const programs = files.filter(name => /^[a-z-]+\.ts$/.test(name));
  return programs.map(name => [join('bench', basename(name, '.ts')), join(BENCHMARKS, name)]);
}

async function bundleDashboard() {
  if (!existsSync(join(root, DASHBOARD))) return;
  await bundle({
    entryPoints: { app: DASHBOARD },
    outdir: join(dist, 'dashboard'),
    platform: 'browser',
    target: 'es2022',
    format: 'esm',
    minify: true,
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
  const source = join(root, dirname(DASHBOARD));
  const files = (await readdir(source)).filter(name => DASHBOARD_FILES.test(name));
  await Promise.all(files.map(name => copyFile(join(source, name), join(dist, 'dashboard', name))));
}

/** Runs the generators that sources import from; throws when one fails. */
function generate() {
  const script = join(root, 'deploy/generate.mjs');
  if (!existsSync(script)) return;
  const { status } = spawnSync(process.execPath, [script], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error(`${relative(root, script)} failed`);
}

/** Builds everything; throws when a source does not build. */
export async function buildAll() {
  generate();
  const startedAtMs = Date.now();
  await mkdir(dist, { recursive: true });
  await rm(stamp, { force: true });
  await Promise.all([
    bundlePrograms(),
    bundleDashboard(),
    copyFile(join(root, INSTALLER), join(dist, 'install.sh')),
  ]);
  await replaceFile(stamp, '');
  // A source that was saved while this ran must count as newer.
  await utimes(stamp, startedAtMs / 1000, startedAtMs / 1000);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const known = new Set(['--if-stale']);
  const unknown = process.argv.slice(2).find(argument => !known.has(argument));
  if (unknown !== undefined) {
    console.error(`error: unknown option ${unknown}; there is only --if-stale`);
    process.exit(2);
  }
  if (!process.argv.includes('--if-stale') || (await isStale())) await buildAll();
}

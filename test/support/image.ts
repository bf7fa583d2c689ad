/** An image for tests, made on the spot: no registry is needed. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

const TAG = 'pikelet.test/busybox:1';
const BUSYBOX = '/bin/busybox';
const SOCKET = '/var/run/docker.sock';
const PROGRAMS = [
  'sh',
  'sleep',
  'echo',
  'cat',
  'ls',
  'env',
  'true',
  'false',
  'kill',
  'date',
  'id',
  'hostname',
  'dd',
  'seq',
  'touch',
  'rm',
  'test',
  'yes',
  'httpd',
  'wget',
  'nc',
  'ip',
  'tail',
  'head',
  'grep',
  'printf',
];

/** Makes the image (busybox, its programs as links, a /tmp) unless the engine behind the socket has it; answers its reference. Needs Debian's busybox-static. */
export async function ensureTestImage(socketPath = SOCKET): Promise<string> {
  if ((await ask(socketPath, 'GET', `/images/${encodeURIComponent(TAG)}/json`)).status === 200) return TAG;
  await loadImage(TAG, [await rootFilesystem()], socketPath);
  return TAG;
}

/** Puts an image made of these layers (tar files) onto the engine, in the form that `docker save` writes and Podman reads too. */
export async function loadImage(tag: string, layers: readonly Buffer[], socketPath = SOCKET): Promise<void> {
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  const config = Buffer.from(
    JSON.stringify({
      architecture: process.arch === 'x64' ? 'amd64' : process.arch,
      os: 'linux',
      config: { Env: ['PATH=/bin'], Cmd: ['sh'] },
      rootfs: { type: 'layers', diff_ids: layers.map(layer => `sha256:${digest(layer)}`) },
    }),
  );
  const tar = pack();
  const layerNames = layers.map((layer, index) => {
    const name = `${index}-${digest(layer)}/layer.tar`;
    tar.entry({ name }, layer);
    return name;
  });
  const configName = `${digest(config)}.json`;
  tar.entry({ name: configName }, config);
  tar.entry(
    { name: 'manifest.json' },
    JSON.stringify([{ Config: configName, RepoTags: [tag], Layers: layerNames }]),
  );
  tar.finalize();
  const answer = await ask(socketPath, 'POST', '/images/load?quiet=1', await buffer(tar));
  if (answer.status !== 200 || answer.text.includes('"error'))
    throw new Error(`cannot load ${tag}: ${answer.status} ${answer.text}`);
}

/** A tar file: busybox, its programs as links, a /tmp. */
export async function rootFilesystem(): Promise<Buffer> {
  const busybox = await readFile(BUSYBOX).catch(cause => {
    throw new Error(`${BUSYBOX} is missing: apt-get install busybox-static`, { cause });
  });
  const tar = pack();
  for (const name of ['bin', 'etc', 'www']) tar.entry({ name, type: 'directory', mode: 0o755 });
  tar.entry({ name: 'tmp', type: 'directory', mode: 0o1777 });
  tar.entry({ name: 'bin/busybox', mode: 0o755 }, busybox);
  for (const program of PROGRAMS)
    tar.entry({ name: `bin/${program}`, type: 'symlink', linkname: 'busybox', mode: 0o777 });
  tar.entry({ name: 'www/index.html', mode: 0o644 }, 'hello from a test\n');
  tar.finalize();
  return buffer(tar);
}

function ask(
  socketPath: string,
  method: 'GET' | 'POST',
  path: string,
  body?: Buffer,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body && { 'content-type': 'application/x-tar', 'content-length': body.length };
    const outgoing = request({ socketPath, method, path, headers }, incoming => {
      buffer(incoming).then(
        text => resolve({ status: incoming.statusCode ?? 0, text: text.toString('utf8') }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

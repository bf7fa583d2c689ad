/** An image for tests, made on the spot: no registry is needed. */
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

/** Makes the image (busybox, its programs as links, a /tmp) unless the engine has it; answers its reference. Needs Debian's busybox-static. */
export async function ensureTestImage(): Promise<string> {
  const name = TAG.slice(0, TAG.lastIndexOf(':'));
  const tag = TAG.slice(TAG.lastIndexOf(':') + 1);
  if ((await ask('GET', `/images/${encodeURIComponent(TAG)}/json`)).status === 200) return TAG;
  const query = new URLSearchParams({ fromSrc: '-', repo: name, tag });
  query.append('changes', 'ENV PATH=/bin');
  query.append('changes', 'CMD ["sh"]');
  const answer = await ask('POST', `/images/create?${query}`, await rootFilesystem());
  if (answer.status !== 200 || answer.text.includes('"error"'))
    throw new Error(`cannot make ${TAG}: ${answer.status} ${answer.text}`);
  return TAG;
}

async function rootFilesystem(): Promise<Buffer> {
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
  method: 'GET' | 'POST',
  path: string,
  body?: Buffer,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const headers = body && { 'content-type': 'application/x-tar', 'content-length': body.length };
    const outgoing = request({ socketPath: SOCKET, method, path, headers }, incoming => {
      buffer(incoming).then(
        text => resolve({ status: incoming.statusCode ?? 0, text: text.toString('utf8') }),
        reject,
      );
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

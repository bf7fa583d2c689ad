import { DockerRuntime } from '/work/wt/streams-node/node-agent/runtime/docker-runtime.ts';
import { systemClock } from '/work/wt/streams-node/shared/clock.ts';
import { aContainerSpec } from '/work/wt/streams-node/test/support/container-spec.ts';
import { ensureTestImage } from '/work/wt/streams-node/test/support/image.ts';
import { test } from 'vitest';
import { readFileSync } from 'node:fs';
test('x', async () => {
  const image = await ensureTestImage();
  const r = new DockerRuntime({ owner: { cluster: 'try', node: 'try' }, clock: systemClock });
  for (const { id } of await r.list()) await r.remove(id);
  const { id } = await r.create(aContainerSpec({ image, stdin: true, command: ['sh','-c','httpd -p 127.0.0.1:81 -h /www; httpd -p 80 -h /www; cat; exit 5'] }));
  await r.start(id);
  const all = async (s) => { let o=''; for await (const c of s.output) o += `[${c.stream}]`+Buffer.from(c.bytes).toString(); return o + ' => ' + await s.exitCode(); };
  const opts = { command: [], stdin: false, stdout: true, stderr: true, tty: false };
  const sig = () => new AbortController();
  console.log(await all(await r.exec(id, { ...opts, command: ['sh','-c','echo out; echo err >&2; exit 7'] }, sig().signal)));
  console.log(await all(await r.exec(id, { ...opts, command: ['nosuch'] }, sig().signal)));
  console.log(await all(await r.exec(id, { ...opts, command: ['/www/index.html'] }, sig().signal)));
  let s = await r.exec(id, { ...opts, stdin: true, command: ['cat'] }, sig().signal);
  await s.write(Buffer.from('hello')); s.endInput(); console.log(await all(s));
  s = await r.exec(id, { ...opts, stdin: true, tty: true, command: ['sh','-c','read x; busybox stty size; echo $TERM'] }, sig().signal);
  await s.resize({ columns: 99, rows: 33 }); await s.write(Buffer.from('\n')); console.log(JSON.stringify(await all(s)));
  const ab = sig();
  s = await r.exec(id, { ...opts, command: ['sh','-c','echo $$; sleep 1000 & sleep 1000'] }, ab.signal);
  for await (const c of s.output) { console.log('pid', Buffer.from(c.bytes).toString()); break; }
  ab.abort();
  await new Promise(f => setTimeout(f, 300));
  console.log(await all(await r.exec(id, { ...opts, command: ['busybox', 'ps'] }, sig().signal)));
  for (const port of [80, 81, 82]) {
    try {
      const t0 = performance.now();
      s = await r.connect(id, port, sig().signal); 
      await s.write(Buffer.from('GET / HTTP/1.0\r\n\r\n')); s.endInput(); console.log(port, JSON.stringify(await all(s)), performance.now() - t0);
    } catch (e) { console.log(port, String(e)); }
  }
  s = await r.attach(id, { stdin: true, stdout: true, stderr: true }, sig().signal);
  await s.write(Buffer.from('to cat\n'));
  for await (const c of s.output) { console.log('attach', JSON.stringify(Buffer.from(c.bytes).toString())); break; }
  const q = await r.exec(id, { ...opts, stdin: true, command: ['cat'] }, sig().signal);
  await new Promise(f => setTimeout(f, 8000));
  await q.write(Buffer.from('later')); q.endInput(); console.log('idle', await all(q));
  await r.remove(id);
}, 60000);

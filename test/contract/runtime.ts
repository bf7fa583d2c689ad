/** What every ContainerRuntime keeps to, whatever runs behind it. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type {
  ContainerRuntime,
  ContainerSpec,
  ExecOptions,
  LogChunk,
  LogOptions,
  RuntimeContainer,
  RuntimeStream,
} from '../../node-agent/runtime/container-runtime.ts';
import { aContainerSpec } from '../support/container-spec.ts';

/** The programs that the suite runs; an implementation that runs none must act them out. */
export const CONTRACT_PROGRAMS = {
  /** Runs until SIGTERM, then ends with 0. */
  idle: ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'],
  /** Runs until it is killed. */
  stubborn: ['sleep', '1000'],
  exitsWithThree: ['sh', '-c', 'exit 3'],
  /** Ends after it has printed. */
  prints: ['sh', '-c', 'echo one; echo two; echo oops >&2'],
  /** Prints, then runs until SIGTERM, prints again and ends with 0. */
  printsTwice: ['sh', '-c', 'trap "echo bye; exit 0" TERM; echo hello; sleep 1000 & wait'],
  missing: ['/no/such/program'],
  /** Writes 100,000 bytes into a file of its own, then runs on. */
  writes: ['sh', '-c', 'dd if=/dev/zero of=/tmp/file bs=1000 count=100; exec sleep 1000'],
  /** Says back what it reads, line by line; it takes input. */
  echoes: ['cat'],
  /** Serves HTTP: on port 7 to all, on 8 on its loopback alone. */
  serves: ['sh', '-c', 'httpd -p 127.0.0.1:8 -h /www; exec httpd -f -p 7 -h /www'],
} as const;

/** The commands that the suite runs in a running container; an implementation that runs none must act them out. */
export const CONTRACT_COMMANDS = {
  mixed: ['sh', '-c', 'echo out; echo err >&2; exit 7'],
  copies: ['cat'],
  /** The size of its terminal, once it has read a line. */
  measures: ['sh', '-c', 'read line; busybox stty size'],
  missing: ['/no/such/program'],
  /** Prints far more than any buffer on the way holds, and says so in /tmp/done. */
  floods: ['sh', '-c', 'seq 2000000; touch /tmp/done'],
  hasFlooded: ['test', '-e', '/tmp/done'],
  /** Leaves its pid behind and runs for long. */
  lasts: ['sh', '-c', 'echo $$ > /tmp/pid; echo started; sleep 1000'],
  /** As `lasts`, and prints as fast as it can. */
  floodsOn: ['sh', '-c', 'echo $$ > /tmp/pid; echo started; exec yes'],
  /** As `lasts`, and takes no notice of being hung up. */
  defies: ['sh', '-c', 'trap "" HUP; echo $$ > /tmp/pid; echo started; sleep 1000'],
  stillLasts: ['sh', '-c', 'kill -0 $(cat /tmp/pid)'],
} as const;

export type ContractSubject = {
  readonly runtime: ContainerRuntime;
  /** An image that is there, with the programs above. */
  readonly image: string;
  /** A reference that no pull can find, fast. */
  readonly absentImage: string;
  /** True for Podman: a container's input ends with the first who attached to it, `stdinOnce` or not. */
  readonly endsInputAlways?: boolean;
  /** Removes all that is left. */
  readonly close: () => Promise<void>;
};

const WAIT = { timeout: 15_000, interval: 50 };

export function runtimeContract(name: string, open: () => Promise<ContractSubject>): void {
  describe(`${name} keeps the contract of ContainerRuntime`, () => {
    let subject: ContractSubject;
    let runtime: ContainerRuntime;
    beforeAll(async () => {
      subject = await open();
      runtime = subject.runtime;
    });
    afterEach(async () => {
      for (const { id } of await runtime.list()) await runtime.remove(id);
    });
    afterAll(() => subject?.close());

    const spec = (
      program: keyof typeof CONTRACT_PROGRAMS,
      change: Parameters<typeof aContainerSpec>[0] = {},
    ): ContainerSpec =>
      aContainerSpec({ image: subject.image, command: CONTRACT_PROGRAMS[program], ...change });
    const started = async (...[program, change]: Parameters<typeof spec>): Promise<string> => {
      const { id } = await runtime.create(spec(program, change));
      await runtime.start(id);
      return id;
    };
    const look = async (id: string): Promise<RuntimeContainer | undefined> =>
      (await runtime.list()).find(container => container.id === id);
    const exited = (id: string) =>
      vi.waitFor(async () => {
        const state = (await look(id))?.state;
        if (state?.kind !== 'exited') throw new Error(`is ${state?.kind}`);
        return state;
      }, WAIT);

    it('tells what the engine is', async () => {
      const info = await runtime.info();
      expect(info.version).not.toBe('');
      expect(info.apiVersion).toMatch(/^\d+\.\d+$/);
      expect(info.dataRoot).toMatch(/^\//);
    });

    it('knows an image that is there, and none that is not', async () => {
      expect(await runtime.image(subject.image)).toMatchObject({
        imageId: expect.stringMatching(/^sha256:/),
        sizeBytes: expect.any(Number),
      });
      expect(await runtime.image(subject.absentImage)).toBeUndefined();
    });

    it('says why a pull failed', async () => {
      const pulled = runtime.pull(subject.absentImage);
      await expect(pulled).rejects.toMatchObject({
        name: 'RuntimeError',
        operation: 'pull',
        failure: expect.stringMatching(/^(image-not-found|registry-unreachable)$/),
      });
    });

    it('lists a created container with its labels', async () => {
      const { id } = await runtime.create(spec('idle'));
      expect(await runtime.list()).toEqual([
        {
          id,
          labels: spec('idle').labels,
          image: subject.image,
          imageId: expect.stringMatching(/^sha256:/),
          state: { kind: 'created' },
          ip: undefined,
        },
      ]);
    });

    it('creates once for one (pod uid, container, attempt)', async () => {
      const first = await runtime.create(spec('idle'));
      expect(await runtime.create(spec('idle', { labels: { specDigest: 'other' } }))).toEqual(first);
      const second = await runtime.create(spec('idle', { labels: { attempt: 1 } }));
      expect(second.id).not.toBe(first.id);
      expect(await runtime.list()).toHaveLength(2);
    });

    it('creates nothing from an image that is not there', async () => {
      const created = runtime.create(aContainerSpec({ image: subject.absentImage }));
      await expect(created).rejects.toMatchObject({ operation: 'create', failure: 'image-not-found' });
      expect(await runtime.list()).toEqual([]);
    });

    it('starts a container once', async () => {
      const id = await started('idle');
      const running = await look(id);
      expect(running).toMatchObject({ state: { kind: 'running', paused: false } });
      expect(running?.ip).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      await runtime.start(id);
      expect(await look(id)).toEqual(running);
    });

    it('gives no address to a container in the network of another', async () => {
      const id = await started('idle');
      const sharing = await started('idle', {
        network: { kind: 'container', id },
        labels: { container: 'side' },
      });
      expect(await look(sharing)).toMatchObject({ state: { kind: 'running' }, ip: undefined });
    });

    it('tells how a container ended', async () => {
      const state = await exited(await started('exitsWithThree'));
      expect(state).toMatchObject({ exitCode: 3, oomKilled: false, message: '' });
      expect(state.startedAtMs).toBeGreaterThan(0);
      expect(state.finishedAtMs).toBeGreaterThanOrEqual(state.startedAtMs);
    });

    it('says why a start failed, then and later', async () => {
      const { id } = await runtime.create(spec('missing'));
      await expect(runtime.start(id)).rejects.toMatchObject({ operation: 'start', failure: 'invalid' });
      const state = await exited(id);
      expect(state.exitCode).not.toBe(0);
      expect(state.message).toContain('/no/such/program');
      expect(state.startedAtMs).toBeGreaterThan(0);
    });

    it('starts no container that is gone', async () => {
      const { id } = await runtime.create(spec('idle'));
      await runtime.remove(id);
      await expect(runtime.start(id)).rejects.toMatchObject({ failure: 'not-found' });
    });

    it('kills what does not end within its grace period', async () => {
      const id = await started('stubborn');
      await runtime.stop(id, 1);
      expect(await exited(id)).toMatchObject({ exitCode: 137, oomKilled: false });
    });

    it('stops what is stopped, created or gone without complaint', async () => {
      const ended = await started('exitsWithThree');
      await exited(ended);
      await runtime.stop(ended, 1);
      expect((await exited(ended)).exitCode).toBe(3);
      const { id } = await runtime.create(spec('idle', { labels: { attempt: 1 } }));
      await runtime.stop(id, 1);
      await runtime.remove(id);
      await runtime.stop(id, 1);
    });

    it('removes a running container, and what is gone without complaint', async () => {
      const id = await started('stubborn');
      await runtime.remove(id);
      expect(await runtime.list()).toEqual([]);
      await runtime.remove(id);
    });

    const read = async (id: string, options: Partial<LogOptions>, signal = new AbortController().signal) => {
      const chunks: LogChunk[] = [];
      const all = { follow: false, timestamps: false, ...options };
      for await (const chunk of runtime.logs(id, all, signal)) chunks.push(chunk);
      const of = (stream: LogChunk['stream']) =>
        Buffer.concat(chunks.filter(chunk => chunk.stream === stream).map(chunk => chunk.bytes)).toString();
      return { stdout: of('stdout'), stderr: of('stderr') };
    };

    it('keeps the output of a container that ended', async () => {
      const id = await started('prints');
      await exited(id);
      expect(await read(id, {})).toEqual({ stdout: 'one\ntwo\n', stderr: 'oops\n' });
      expect(await read(id, { follow: true })).toEqual({ stdout: 'one\ntwo\n', stderr: 'oops\n' });
      expect(await read(id, { tailLines: 0 })).toEqual({ stdout: '', stderr: '' });
      const tail = await read(id, { tailLines: 1 });
      expect((tail.stdout + tail.stderr).split('\n')).toHaveLength(2);
      expect((await read(id, { timestamps: true })).stderr).toMatch(/^\d{4}-\d\d-\d\dT\S+Z oops\n$/);
      expect((await read(id, { sinceSeconds: 3600 })).stdout).toBe('one\ntwo\n');
    });

    it('follows output until the container has answered SIGTERM', async () => {
      const id = await started('printsTwice');
      let stdout = '';
      const options = { follow: true, timestamps: false };
      for await (const { bytes } of runtime.logs(id, options, new AbortController().signal)) {
        stdout += Buffer.from(bytes).toString();
        if (stdout === 'hello\n') await runtime.stop(id, 20);
      }
      expect(stdout).toBe('hello\nbye\n');
      expect(await exited(id)).toMatchObject({ exitCode: 0, oomKilled: false });
    });

    it('ends a followed output when the reader leaves or aborts', async () => {
      const id = await started('printsTwice');
      const options = { follow: true, timestamps: false };
      for await (const _ of runtime.logs(id, options, new AbortController().signal)) break;
      const abort = new AbortController();
      for await (const _ of runtime.logs(id, options, abort.signal)) abort.abort();
      expect(await look(id)).toMatchObject({ state: { kind: 'running' } });
    });

    it('has no output of a container that is not there', async () => {
      await expect(read('no-such-container', {})).rejects.toMatchObject({ failure: 'not-found' });
    });

    const endless = () => new AbortController().signal;
    const exec = (
      id: string,
      command: keyof typeof CONTRACT_COMMANDS,
      options: Partial<ExecOptions> = {},
      signal = endless(),
    ): Promise<RuntimeStream> => {
      const defaults = { stdin: false, stdout: true, stderr: true, tty: false };
      return runtime.exec(id, { ...defaults, command: CONTRACT_COMMANDS[command], ...options }, signal);
    };
    const drain = async (stream: RuntimeStream) => {
      const out = { stdout: '', stderr: '' };
      for await (const chunk of stream.output) out[chunk.stream] += Buffer.from(chunk.bytes).toString();
      return { ...out, exitCode: await stream.exitCode() };
    };
    const firstText = async (stream: RuntimeStream) => {
      for await (const { bytes } of stream.output) return Buffer.from(bytes).toString();
      return undefined;
    };

    it('runs a command: both outputs, and how it ended', async () => {
      const id = await started('idle');
      const ran = await drain(await exec(id, 'mixed'));
      expect(ran).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 7 });
    });

    it('gives a command its input to the end', async () => {
      const id = await started('idle');
      const stream = await exec(id, 'copies', { stdin: true });
      const text = 'x'.repeat(300_000);
      const drained = drain(stream);
      await stream.write(Buffer.from(text));
      await stream.write(Buffer.from('the end'));
      stream.endInput();
      expect(await drained).toEqual({ stdout: `${text}the end`, stderr: '', exitCode: 0 });
    });

    it('gives a command a terminal of the wanted size', async () => {
      const id = await started('idle');
      const stream = await exec(id, 'measures', { stdin: true, tty: true });
      await stream.resize({ columns: 99, rows: 33 });
      await stream.write(Buffer.from('\n'));
      const { stdout, exitCode } = await drain(stream);
      expect(stdout.trim()).toBe('33 99');
      expect(exitCode).toBe(0);
    });

    it('says why a command could not be started', async () => {
      const id = await started('idle');
      const { stdout, stderr, exitCode } = await drain(await exec(id, 'missing'));
      expect(stdout + stderr).toContain('/no/such/program');
      expect([126, 127]).toContain(exitCode);
    });

    it('lets a command wait for its reader, and loses nothing', async () => {
      const id = await started('idle');
      const stream = await exec(id, 'floods');
      const chunks = stream.output[Symbol.asyncIterator]();
      const first = await chunks.next();
      let stdout = first.done ? '' : Buffer.from(first.value.bytes).toString();
      // Each look is a round trip: time enough for a command that does not wait.
      for (let look = 0; look < 20; look++)
        expect((await drain(await exec(id, 'hasFlooded'))).exitCode).toBe(1);
      for (let next = await chunks.next(); !next.done; next = await chunks.next())
        stdout += Buffer.from(next.value.bytes).toString();
      expect(await stream.exitCode()).toBe(0);
      const lines = stdout.split('\n');
      expect(lines).toHaveLength(2_000_001);
      expect(lines.every((line, index) => line === String(index + 1) || index === 2_000_000)).toBe(true);
      expect((await drain(await exec(id, 'hasFlooded'))).exitCode).toBe(0);
    });

    it.each(['lasts', 'floodsOn'] as const)('hangs a command up whose caller leaves: %s', async command => {
      const id = await started('idle');
      const abort = new AbortController();
      expect(await firstText(await exec(id, command, {}, abort.signal))).toMatch(/^started\n/);
      expect((await drain(await exec(id, 'stillLasts'))).exitCode).toBe(0);
      abort.abort();
      await vi.waitFor(
        async () => expect((await drain(await exec(id, 'stillLasts'))).exitCode).toBe(1),
        WAIT,
      );
    });

    it('kills a command whose caller leaves, when asked to', async () => {
      const id = await started('idle');
      const abort = new AbortController();
      const stream = await exec(id, 'defies', { killOnAbort: true }, abort.signal);
      expect(await firstText(stream)).toBe('started\n');
      abort.abort();
      await vi.waitFor(
        async () => expect((await drain(await exec(id, 'stillLasts'))).exitCode).toBe(1),
        WAIT,
      );
    });

    it('attaches to the process of a container, and leaves it alone', async () => {
      const id = await started('echoes', { stdin: true });
      const options = { stdin: true, stdout: true, stderr: true };
      const abort = new AbortController();
      const stream = await runtime.attach(id, options, abort.signal);
      await stream.write(Buffer.from('hello\n'));
      expect(await firstText(stream)).toBe('hello\n');
      abort.abort();
      if (subject.endsInputAlways) {
        expect((await exited(id)).exitCode).toBe(0);
        return;
      }
      const again = await runtime.attach(id, options, endless());
      await again.write(Buffer.from('again\n'));
      expect(await firstText(again)).toBe('again\n');
    });

    it('ends the input of a container that takes it once', async () => {
      const id = await started('echoes', { stdin: true, stdinOnce: true });
      const stream = await runtime.attach(id, { stdin: true, stdout: true, stderr: true }, endless());
      await stream.write(Buffer.from('only\n'));
      stream.endInput();
      expect((await drain(stream)).stdout).toBe('only\n');
      expect((await exited(id)).exitCode).toBe(0);
    });

    it.each([7, 8])('connects to port %d of a container', async port => {
      const id = await started('serves');
      const stream = await vi.waitFor(() => runtime.connect(id, port, endless()), WAIT);
      const drained = drain(stream);
      await stream.write(Buffer.from('GET / HTTP/1.0\r\n\r\n'));
      stream.endInput();
      expect((await drained).stdout).toMatch(/hello from a test\n$/);
    });

    it('connects to no port that nobody listens on', async () => {
      const id = await started('idle');
      const connected = runtime.connect(id, 9, endless());
      await expect(connected).rejects.toMatchObject({
        failure: 'not-found',
        message: 'failed to connect to port 9: connection refused',
      });
    });

    it('opens no stream to a container that does not run, or is not there', async () => {
      const { id } = await runtime.create(spec('idle'));
      const attach = { stdin: false, stdout: true, stderr: true };
      for (const [name, failure] of [
        [id, 'conflict'],
        ['no-such-container', 'not-found'],
      ] as const) {
        await expect(exec(name, 'mixed')).rejects.toMatchObject({ failure });
        await expect(runtime.attach(name, attach, endless())).rejects.toMatchObject({ failure });
        await expect(runtime.connect(name, 7, endless())).rejects.toMatchObject({ failure });
      }
    });

    it('measures what runs, and nothing else', async () => {
      const { id } = await runtime.create(spec('idle'));
      expect(await runtime.usage(id)).toBeUndefined();
      await runtime.start(id);
      const usage = await runtime.usage(id);
      expect(usage).toMatchObject({ id, cpuNanoseconds: expect.any(Number) });
      expect(usage?.memoryBytes).toBeGreaterThan(0);
      expect((await runtime.usage(id))?.cpuNanoseconds).toBeGreaterThanOrEqual(usage?.cpuNanoseconds ?? NaN);
      await runtime.stop(id, 1);
      expect(await runtime.usage(id)).toBeUndefined();
      await runtime.remove(id);
      expect(await runtime.usage(id)).toBeUndefined();
    });

    it('counts what a container wrote into its own layer', async () => {
      const { id } = await runtime.create(spec('writes'));
      expect(await runtime.layerBytes(id)).toBeLessThan(4096);
      await runtime.start(id);
      await vi.waitFor(async () => expect(await runtime.layerBytes(id)).toBeGreaterThan(99_999), WAIT);
      await runtime.remove(id);
      expect(await runtime.layerBytes(id)).toBeUndefined();
    });

    it('hints once at first, then at each change, and ends when told', async () => {
      const abort = new AbortController();
      const changes = runtime.changes(abort.signal)[Symbol.asyncIterator]();
      expect(await changes.next()).toMatchObject({ done: false });
      const id = await started('stubborn');
      expect(await changes.next()).toMatchObject({ done: false });
      await runtime.remove(id);
      expect(await changes.next()).toMatchObject({ done: false });
      const last = (async () => {
        for (;;) if ((await changes.next()).done) return 'ended';
      })();
      abort.abort();
      expect(await last).toBe('ended');
    });

    it('rejects with the reason of a signal that has aborted', async () => {
      const reason = new Error('not wanted any more');
      const signal = AbortSignal.abort(reason);
      await expect(runtime.list(signal)).rejects.toBe(reason);
      await expect(runtime.create(spec('idle'), signal)).rejects.toBe(reason);
      await expect(runtime.pull(subject.image, { signal })).rejects.toBe(reason);
      expect(await runtime.list()).toEqual([]);
    });
  });
}

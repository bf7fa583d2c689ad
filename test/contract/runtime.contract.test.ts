import { randomUUID } from 'node:crypto';
import type { ContainerSpec, ExecOptions } from '../../node-agent/runtime/container-runtime.ts';
import { RuntimeError } from '../../node-agent/runtime/container-runtime.ts';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import type { FakeProcess } from '../../node-agent/runtime/fake-process.ts';
import { FakeRuntime } from '../../node-agent/runtime/fake-runtime.ts';
import { systemClock } from '../../shared/clock.ts';
import { ensureTestImage } from '../support/image.ts';
import { CONTRACT_COMMANDS, CONTRACT_PROGRAMS, runtimeContract } from './runtime.ts';
import { sandboxContract } from './runtime-sandbox.ts';

const aFake = async () => {
  const image = 'pikelet.test/app:1';
  const world: FakeWorld = { hasFlooded: false, lasting: undefined };
  const runtime = new FakeRuntime({
    clock: systemClock,
    images: [image],
    onStarted: (id, spec) => actOut(runtime, id, spec),
    programs: {
      exec: (process, options) => void run(world, process, options),
      attach(process, _options, id) {
        void echo(process).then(() => {
          if (runtime.specOf(id)?.stdinOnce && !process.signal.aborted) runtime.exit(id, 0);
        });
      },
      connect(server, port) {
        if (port === 7 || port === 8) void greet(server);
        return port === 7 || port === 8;
      },
    },
  });
  return { runtime, image, absentImage: 'pikelet.test/none:1', close: async () => {} };
};

const aDocker = async () => {
  const image = await ensureTestImage();
  const owner = { cluster: `test-${randomUUID()}`, node: 'node-1' };
  const runtime = new DockerRuntime({ owner, clock: systemClock });
  const close = async () => {
    for (const { id } of await runtime.list()) await runtime.remove(id);
  };
  // Nothing listens on the discard port of this machine.
  return { runtime, image, absentImage: '127.0.0.1:9/none:1', close };
};

for (const [name, open] of Object.entries({ FakeRuntime: aFake, DockerRuntime: aDocker })) {
  runtimeContract(name, open);
  sandboxContract(name, open);
}

/** The fake's side of CONTRACT_PROGRAMS. */
function actOut(runtime: FakeRuntime, id: string, spec: ContainerSpec): void {
  switch (spec.command) {
    case CONTRACT_PROGRAMS.exitsWithThree:
      runtime.exit(id, 3);
      break;
    case CONTRACT_PROGRAMS.stubborn:
      runtime.ignoreTerm(id);
      break;
    case CONTRACT_PROGRAMS.prints:
      runtime.writeLog(id, 'one\n');
      runtime.writeLog(id, 'two\n');
      runtime.writeLog(id, 'oops\n', 'stderr');
      runtime.exit(id, 0);
      break;
    case CONTRACT_PROGRAMS.printsTwice:
      runtime.writeLog(id, 'hello\n');
      runtime.onTerm(id, () => {
        runtime.writeLog(id, 'bye\n');
        runtime.exit(id, 0);
      });
      break;
    case CONTRACT_PROGRAMS.writes:
      runtime.writeLayer(id, 100_000);
      break;
    case CONTRACT_PROGRAMS.missing:
      throw new RuntimeError('start', 'invalid', `exec: "${spec.command[0]}": no such file or directory`);
  }
}

/** What the commands leave behind. */
type FakeWorld = { hasFlooded: boolean; lasting: FakeProcess | undefined };

/** The fake's side of CONTRACT_COMMANDS. */
async function run(world: FakeWorld, process: FakeProcess, { command }: ExecOptions): Promise<void> {
  switch (command) {
    case CONTRACT_COMMANDS.mixed:
      await process.print('out\n');
      await process.print('err\n', 'stderr');
      return process.exit(7);
    case CONTRACT_COMMANDS.copies:
      return echo(process, 0);
    case CONTRACT_COMMANDS.measures:
      for await (const _ of process.input()) break;
      await process.print(`${process.size?.rows} ${process.size?.columns}\n`);
      return process.exit(0);
    case CONTRACT_COMMANDS.floods:
      for (let line = 1; line <= 2_000_000; line += 1000)
        await process.print(Array.from({ length: 1000 }, (_, index) => `${line + index}\n`).join(''));
      world.hasFlooded = true;
      return process.exit(0);
    case CONTRACT_COMMANDS.hasFlooded:
      return process.exit(world.hasFlooded ? 0 : 1);
    case CONTRACT_COMMANDS.lasts:
    case CONTRACT_COMMANDS.defies:
      world.lasting = process;
      await process.print('started\n');
      return;
    case CONTRACT_COMMANDS.floodsOn:
      world.lasting = process;
      await process.print('started\n');
      while (!process.signal.aborted) await process.print('y\n');
      return;
    case CONTRACT_COMMANDS.stillLasts:
      return process.exit(world.lasting?.signal.aborted ? 1 : 0);
    default:
      await process.print(`exec: "${command[0]}": no such file or directory\r\n`);
      return process.exit(127);
  }
}

async function echo(process: FakeProcess, exitCode?: number): Promise<void> {
  for await (const text of process.input()) await process.print(text);
  process.exit(exitCode);
}

async function greet(server: FakeProcess): Promise<void> {
  for await (const _ of server.input());
  await server.print('hello from a test\n');
  server.exit();
}

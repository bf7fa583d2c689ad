import { randomUUID } from 'node:crypto';
import type { ContainerSpec } from '../../node-agent/runtime/container-runtime.ts';
import { RuntimeError } from '../../node-agent/runtime/container-runtime.ts';
import { DockerRuntime } from '../../node-agent/runtime/docker-runtime.ts';
import { FakeRuntime } from '../../node-agent/runtime/fake-runtime.ts';
import { systemClock } from '../../shared/clock.ts';
import { ensureTestImage } from '../support/image.ts';
import { CONTRACT_PROGRAMS, runtimeContract } from './runtime.ts';

runtimeContract('FakeRuntime', async () => {
  const image = 'pikelet.test/app:1';
  const runtime = new FakeRuntime({
    clock: systemClock,
    images: [image],
    onStarted: (id, spec) => actOut(runtime, id, spec),
  });
  return { runtime, image, absentImage: 'pikelet.test/none:1', close: async () => {} };
});

runtimeContract('DockerRuntime', async () => {
  const image = await ensureTestImage();
  const owner = { cluster: `test-${randomUUID()}`, node: 'node-1' };
  const runtime = new DockerRuntime({ owner, clock: systemClock });
  const close = async () => {
    for (const { id } of await runtime.list()) await runtime.remove(id);
  };
  // Nothing listens on the discard port of this machine.
  return { runtime, image, absentImage: '127.0.0.1:9/none:1', close };
});

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
    case CONTRACT_PROGRAMS.missing:
      throw new RuntimeError('start', 'invalid', `exec: "${spec.command[0]}": no such file or directory`);
  }
}

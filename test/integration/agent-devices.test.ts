/** Pods that hold what is attached to the device, across a power cut. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { aContainer, aDocument } from '../../node-agent/sync/pod-builders.ts';
import { until, useAgentBed } from '../support/agent-bed.ts';

const bed = useAgentBed();
const resources = { limits: { 'pikelet.dev/gpiochip': '1' } };
const aHolder = (uid: string) =>
  aDocument({ uid, name: uid, spec: { containers: [aContainer({ resources })] } });
const mknod = (path: string) => execFileSync('mknod', [path, 'c', '1', '3']);

describe.skipIf(process.getuid?.() !== 0)('a device that is found late after a power cut', () => {
  it('is waited for by the pod that held it, and by no other', async () => {
    const deviceRoot = join(bed().dataDir, 'attached');
    const chip = join(deviceRoot, 'dev/gpiochip0');
    mkdirSync(join(deviceRoot, 'dev'), { recursive: true });
    mknod(chip);
    const [before, late] = [aHolder('before'), aHolder('late')];
    const stop = bed().startAgent({ deviceRoot });
    await bed().master.want({ generation: 1, pods: [{ document: before }] });
    await until(() => expect(bed().phaseOf('before')).toBe('Running'));
    await stop();
    for (const { id } of bed().runtime.snapshot()) bed().runtime.vanish(id);
    rmSync(chip);
    bed().master.pods.clear();
    bed().startAgent({ deviceRoot, epoch: 'epoch-2' });
    await until(() => expect(bed().phaseOf('before')).toBe('Pending'));
    await bed().master.want({ generation: 2, pods: [{ document: before }, { document: late }] });
    await until(() =>
      expect(bed().master.pods.get('late')?.status).toMatchObject({ reason: 'UnexpectedAdmissionError' }),
    );
    expect(bed().phaseOf('before')).toBe('Pending');
    mknod(chip);
    await until(() => expect(bed().phaseOf('before')).toBe('Running'));
  });
});

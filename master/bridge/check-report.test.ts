import { describe, expect, it } from 'vitest';
import { parseMessage, ReportSchema } from '../../shared/protocol/messages.ts';
import { checkReport } from './check-report.ts';

function aReport(more: object) {
  const parsed = parseMessage(
    ReportSchema,
    JSON.stringify({ epoch: 'e', sequence: 1, clockMs: 0, full: false, pods: [], ...more }),
  );
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.message;
}
const status = {
  phase: 'Running',
  containerStatuses: [{ name: 'c', ready: true, restartCount: 0, image: 'i', imageID: '' }],
};
const node = {
  labels: {},
  capacity: { cpu: '2' },
  allocatable: { cpu: '1500m' },
  nodeInfo: { architecture: 'arm64' },
  addresses: [],
  conditions: [],
};

describe('what a device reports', () => {
  it('passes when it is of the right shape', () => {
    const report = aReport({ pods: [{ uid: 'a', status }], node });
    expect(checkReport(report)).toEqual({ report, faults: [] });
  });

  it.each([
    { containerStatuses: 'many' },
    { containerStatuses: [{ name: 'c', restartCount: '7' }] },
    { conditions: [{ type: 'Ready', lastTransitionTime: 'now' }] },
    { phase: 7 },
  ])('leaves out a pod whose status is %j, and keeps the others', faulty => {
    const { report, faults } = checkReport(
      aReport({
        pods: [
          { uid: 'bad', status: faulty },
          { uid: 'good', status },
        ],
      }),
    );
    expect(report.pods.map(({ uid }) => uid)).toEqual(['good']);
    expect(faults).toEqual([expect.stringContaining('pod bad: ')]);
  });

  it.each([{ capacity: { cpu: 'lots' } }, { nodeInfo: { architecture: 1 } }])(
    'leaves out a node that says %j',
    faulty => {
      const { report, faults } = checkReport(aReport({ node: { ...node, ...faulty } }));
      expect(report.node).toBeUndefined();
      expect(faults).toHaveLength(1);
    },
  );
});

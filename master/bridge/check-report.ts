/** The parts of a report that are of Kubernetes's own shape, held against its field tables: a device's word is not to be trusted. Pure. */
import type { NodeReport, Report } from '../../shared/protocol/messages.ts';
import { isQuantity } from '../../shared/quantity.ts';
import { decode } from '../registry/schema.ts';

/** The report with what may be stored, and one sentence for each part that may not. */
export function checkReport(report: Report): { readonly report: Report; readonly faults: readonly string[] } {
  const judged = report.pods.map(pod => ({ pod, faults: decode('V1PodStatus', pod.status).mistyped }));
  const nodeFaults = report.node === undefined ? [] : faultsOfNode(report.node);
  const { node, ...rest } = report;
  return {
    report: {
      ...rest,
      pods: judged.filter(({ faults }) => faults.length === 0).map(({ pod }) => pod),
      ...(node === undefined || nodeFaults.length > 0 ? {} : { node }),
    },
    faults: [
      ...judged.flatMap(({ pod, faults }) => faults.map(fault => `pod ${pod.uid}: ${fault}`)),
      ...nodeFaults,
    ],
  };
}

function faultsOfNode({ nodeInfo, capacity, allocatable }: NodeReport): string[] {
  const amounts = [...Object.entries(capacity), ...Object.entries(allocatable)];
  return [
    ...decode('V1NodeSystemInfo', nodeInfo).mistyped.map(fault => `nodeInfo: ${fault}`),
    ...amounts
      .filter(([, amount]) => !isQuantity(amount))
      .map(([name, amount]) => `${name}: ${amount} is no quantity`),
  ];
}

/** The figures of a drill, for people and for scripts. Pure. */
import { alignRows, columnWidths } from '../print/columns.ts';
import type { Duplicate } from './duplicates.ts';

export type DrillMode = 'cut' | 'kill';

/** Times are milliseconds; a time that is undefined did not come within the time-out. */
export type DrillReport = {
  readonly node: string;
  readonly mode: DrillMode;
  /** From the unplugging until the API showed the node as not Ready. */
  readonly detectedMs: number | undefined;
  readonly workloads: readonly {
    readonly name: string;
    /** Pods that had to move. */
    readonly pods: number;
    /** From the unplugging until as many of its pods ran elsewhere as had run before. */
    readonly replacedMs: number | undefined;
  }[];
  /** From the restoring until the node was Ready again. */
  readonly returnedMs: number | undefined;
  /** From the restoring until what was moved was gone from the API and from the device. */
  readonly convergedMs: number | undefined;
  readonly duplicates: readonly Duplicate[];
  /** False where no local engine could be asked: duplicates are then those that the API shows. */
  readonly containersChecked: boolean;
};

/** True only when everything was replaced, the device came back clean, and nothing ran twice. */
export function hasPassed(report: DrillReport): boolean {
  const times = [report.detectedMs, report.returnedMs, report.convergedMs, replacedMs(report)];
  return times.every(time => time !== undefined) && report.duplicates.length === 0;
}

/** Until the last workload was replaced; 0 when nothing had to move, undefined when one was not replaced. */
export function replacedMs(report: DrillReport): number | undefined {
  let most = 0;
  for (const workload of report.workloads) {
    if (workload.replacedMs === undefined) return undefined;
    most = Math.max(most, workload.replacedMs);
  }
  return most;
}

const secondsText = (ms: number | undefined) => (ms === undefined ? '<never>' : `${(ms / 1000).toFixed(2)}s`);

export function reportText(report: DrillReport): string {
  const rows = [
    ['WHAT', 'AFTER', 'NOTE'],
    [
      'node not Ready',
      secondsText(report.detectedMs),
      report.mode === 'cut' ? 'network cut' : 'agent killed',
    ],
    ...report.workloads.map(({ name, pods, replacedMs: ms }) => [
      `${name} runs elsewhere`,
      secondsText(ms),
      `${pods} ${pods === 1 ? 'pod' : 'pods'} moved`,
    ]),
    [
      'all replacements run',
      secondsText(replacedMs(report)),
      report.workloads.length === 0 ? 'nothing had to move' : '',
    ],
    ['node Ready again', secondsText(report.returnedMs), 'from its return'],
    ['moved pods dropped', secondsText(report.convergedMs), 'from its return'],
    [
      'duplicates',
      String(report.duplicates.length),
      report.containersChecked ? 'API and containers' : 'API alone: no local engine to ask',
    ],
    ...report.duplicates.map(({ kind, what }) => [`  ${kind}`, '', what]),
  ];
  return alignRows(rows, columnWidths(rows)).replace(/ +$/gm, '');
}

const wholeMs = (ms: number | undefined) => (ms === undefined ? null : Math.round(ms));

/** The same as a JSON document, in whole milliseconds; a time that never came is null. */
export function reportJson(report: DrillReport): unknown {
  return {
    ...report,
    detectedMs: wholeMs(report.detectedMs),
    workloads: report.workloads.map(workload => ({ ...workload, replacedMs: wholeMs(workload.replacedMs) })),
    replacedMs: wholeMs(replacedMs(report)),
    returnedMs: wholeMs(report.returnedMs),
    convergedMs: wholeMs(report.convergedMs),
    passed: hasPassed(report),
  };
}

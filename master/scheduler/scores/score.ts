/** What a score is: how well a node suits a pod, 0 to 100. Pure. */
import type { Claim, NodeLoad } from '../node-load.ts';

/** What a node uses at present, as it reports it. */
export type Usage = { readonly cpuMilli: number; readonly memoryBytes: number };

/** Live usage of the nodes. */
export type UsageView = {
  /** Undefined when the node has not reported any. */
  usageOf(node: string): Usage | undefined;
};

export type ScoreInput = {
  readonly claim: Claim;
  readonly load: NodeLoad;
  readonly usage: Usage | undefined;
};

export type Score = (input: ScoreInput) => number;

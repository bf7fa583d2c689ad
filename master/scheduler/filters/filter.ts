/** What a filter is: one rule that a node must satisfy. Pure. */
import type { Claim, NodeLoad } from '../node-load.ts';
import type { PodStorage } from '../pod-storage.ts';
import type { PodAffinity } from './pod-affinity.ts';

export type FilterInput = {
  readonly claim: Claim;
  readonly load: NodeLoad;
  /** What the pod's neighbours elsewhere demand; undefined when nobody demands anything. */
  readonly affinity: PodAffinity | undefined;
  /** Undefined when the pod mounts no claims. */
  readonly storage?: PodStorage;
};

/** Why the node cannot take the pod, in Kubernetes's words; empty when it can. */
export type Filter = (input: FilterInput) => readonly string[];

/** The answer of a filter that lets the node pass. */
export const PASSES: readonly string[] = [];

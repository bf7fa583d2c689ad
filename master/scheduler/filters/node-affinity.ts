/** nodeSelector and required node affinity. */
import { matchesNodeAffinity } from '../../../shared/kubernetes/node-affinity.ts';
import { type Filter, PASSES } from './filter.ts';

export const filterNodeAffinity: Filter = ({ claim, load }) =>
  matchesNodeAffinity(claim.pod.spec, load.node)
    ? PASSES
    : ["node(s) didn't match Pod's node affinity/selector"];

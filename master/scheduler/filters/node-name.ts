/** A pod may name its node itself. */
import { type Filter, PASSES } from './filter.ts';

export const filterNodeName: Filter = ({ claim, load }) => {
  const wanted = claim.pod.spec.nodeName;
  return !wanted || wanted === load.node.metadata.name
    ? PASSES
    : ["node(s) didn't match the requested node name"];
};

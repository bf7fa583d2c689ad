/** What all pods of a node request must fit into what it can give. */
import { MAX_PODS_PER_NODE } from '../../../shared/protocol/limits.ts';
import { type Filter, PASSES } from './filter.ts';

export const filterResources: Filter = ({ claim, load }) => {
  let reasons = PASSES;
  if (load.claims.length + 1 > (load.allocatable.pods ?? MAX_PODS_PER_NODE)) reasons = ['Too many pods'];
  for (const [name, amount] of Object.entries(claim.requests)) {
    if (amount === 0) continue;
    const free = (load.allocatable[name] ?? 0) - (load.requested[name] ?? 0);
    if (amount > free) reasons = [...reasons, `Insufficient ${name}`];
  }
  return reasons;
};

/** No pod goes to a node that is not Ready, even before the node has got its taint for it. */
import { type Filter, PASSES } from './filter.ts';

const NOT_READY: readonly string[] = ['node(s) were not ready'];

export const filterNodeReady: Filter = ({ load }) => (load.isReady ? PASSES : NOT_READY);

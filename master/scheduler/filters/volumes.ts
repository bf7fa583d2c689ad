/** A pod goes where its volumes are, or can be. */
import { storageRefusals } from '../pod-storage.ts';
import { type Filter, PASSES } from './filter.ts';

export const filterVolumes: Filter = ({ storage, load }) =>
  storage === undefined ? PASSES : storageRefusals(storage, load.node);

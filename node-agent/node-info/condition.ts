/** One condition of the node's report, and how it is made. Pure. */

/** `True` means trouble for each of these types. */
export type NodeHealthCondition = {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
};

/** A trouble ends only this far beyond the bound where it began, so that it does not flap. */
export const RELIEF_FACTOR = 1.25;

export function fine(type: string, reason: string, message: string): NodeHealthCondition {
  return { type, status: 'False', reason, message };
}

export function trouble(type: string, reason: string, message: string): NodeHealthCondition {
  return { type, status: 'True', reason, message };
}

/** A port of the node can be claimed once per protocol and address. */
import type { HostPort } from '../node-load.ts';
import { type Filter, PASSES } from './filter.ts';

export const filterHostPorts: Filter = ({ claim, load }) =>
  claim.ports.some(wanted => load.ports.some(taken => clashes(wanted, taken)))
    ? ["node(s) didn't have free ports for the requested pod ports"]
    : PASSES;

function clashes(a: HostPort, b: HostPort): boolean {
  const sharesAddress = a.hostIP === b.hostIP || a.hostIP === '0.0.0.0' || b.hostIP === '0.0.0.0';
  return a.port === b.port && a.protocol === b.protocol && sharesAddress;
}

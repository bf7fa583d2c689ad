/** Internet addresses as text. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;
const LEADING_ZERO = /(^|\.)0\d/;
const IPV6_CHARACTERS = /^[0-9a-fA-F:.]+$/;

/** 4 or 6; undefined for what is no address. Pure. */
export function ipVersionOf(address: string): 4 | 6 | undefined {
  if (IPV4.test(address)) return LEADING_ZERO.test(address) ? undefined : 4;
  return IPV6_CHARACTERS.test(address) && URL.canParse(`http://[${address}]/`) ? 6 : undefined;
}

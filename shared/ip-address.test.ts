import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ipVersionOf } from './ip-address.ts';

it('agrees with the system about what is an address', () => {
  const nearly = fc.stringMatching(/^[0-9a-f:.]{1,20}$/);
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6(), nearly, fc.string()), text => {
      expect(ipVersionOf(text) ?? 0).toBe(text.includes('%') ? (ipVersionOf(text) ?? 0) : isIP(text));
    }),
  );
});

it.each(['', '1.2.3', '01.2.3.4', '1.2.3.4.', '256.1.1.1', ':::', '1::2::3', 'fe80::1%eth0'])(
  'takes %j for none',
  text => {
    expect(ipVersionOf(text)).toBeUndefined();
  },
);

import { describe, expect, it } from 'vitest';
import { bearerOffers } from './bearer-protocol.ts';

const offered = (...offers: string[]) => ({ 'sec-websocket-protocol': offers.join(', ') });
const bearer = (token: string) =>
  `base64url.bearer.authorization.k8s.io.${Buffer.from(token).toString('base64url')}`;

describe('bearerOffers', () => {
  it.each([
    ['nothing', {}, undefined, []],
    ['no token', offered('v4.channel.k8s.io'), undefined, ['v4.channel.k8s.io']],
    ['a token first', offered(bearer('a.b?c'), 'base64.binary.k8s.io'), 'a.b?c', ['base64.binary.k8s.io']],
    [
      'a token last',
      offered('v5.channel.k8s.io', 'v4.channel.k8s.io', bearer('x')),
      'x',
      ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    ],
  ])('reads %s', (_name, headers, token, others) => {
    expect(bearerOffers(headers)).toEqual({ token, others });
  });

  it.each([
    ['two tokens', offered(bearer('a'), bearer('b'), 'v4.channel.k8s.io')],
    ['a token alone', offered(bearer('a'))],
    ['an empty token', offered(bearer(''), 'v4.channel.k8s.io')],
    ['what is not base64url', offered(`${bearer('a')}=`, 'v4.channel.k8s.io')],
  ])('refuses %s', (_name, headers) => {
    expect(() => bearerOffers(headers)).toThrow('Unauthorized');
  });
});

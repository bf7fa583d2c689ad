import { describe, expect, test } from 'vitest';
import { bootstrapTokenSecret, newBootstrapToken, parseBootstrapToken } from './bootstrap-token.ts';

describe('a bootstrap token', () => {
  test('has the form that Kubernetes asks for, whatever chance says', () => {
    let draw = 0;
    expect(newBootstrapToken(limit => (draw++ * 7) % limit)).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(newBootstrapToken(limit => limit - 1)).toBe('999999.9999999999999999');
    expect(newBootstrapToken(() => 0)).toBe('aaaaaa.aaaaaaaaaaaaaaaa');
  });

  test.each([
    ['abcdef.0123456789abcdef', { id: 'abcdef', secret: '0123456789abcdef' }],
    ['abcdef', undefined],
    ['ABCDEF.0123456789abcdef', undefined],
    ['abcdef.short', undefined],
  ])('the parts of %s are %j', (text, want) => expect(parseBootstrapToken(text)).toEqual(want));

  test('is kept in a Secret of its own type', () => {
    const token = 'abcdef.0123456789abcdef';
    const secret = bootstrapTokenSecret({ token, expiresAtMs: Date.UTC(2030, 0, 1) });
    expect(secret).toMatchObject({
      metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
    });
    const members = Object.entries(secret.data ?? {}).map(([key, text]) => [
      key,
      Buffer.from(text, 'base64').toString('utf8'),
    ]);
    expect(Object.fromEntries(members)).toEqual({
      'token-id': 'abcdef',
      'token-secret': '0123456789abcdef',
      expiration: '2030-01-01T00:00:00Z',
      'usage-bootstrap-authentication': 'true',
    });
    expect(bootstrapTokenSecret({ token })).not.toHaveProperty('data.expiration');
  });
});

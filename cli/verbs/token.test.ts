import { describe, expect, test } from 'vitest';
import { newToken, tokenIdOf, tokenSecret } from './bootstrap-token.ts';
import { isLoopback, joinCommand } from './join-command.ts';

describe('a bootstrap token', () => {
  test('has the form that Kubernetes asks for, whatever the random bytes', () => {
    let call = 0;
    const bytes = (size: number) =>
      Uint8Array.from({ length: size }, (_, i) => (call++ % 2 === 0 ? 255 : i * 7));
    expect(newToken(bytes)).toMatch(/^[a-z0-9]{6}\.[a-z0-9]{16}$/);
    expect(newToken(size => new Uint8Array(size))).toBe('aaaaaa.aaaaaaaaaaaaaaaa');
  });

  test.each([
    ['abcdef.0123456789abcdef', 'abcdef'],
    ['abcdef', 'abcdef'],
    ['ABCDEF', undefined],
    ['abcdef.short', undefined],
  ])('the id of %s is %s', (text, want) => expect(tokenIdOf(text)).toBe(want));

  test('is kept in a Secret of its own type', () => {
    expect(tokenSecret('abcdef.0123456789abcdef', { expiresAtMs: Date.UTC(2030, 0, 1) })).toMatchObject({
      metadata: { name: 'bootstrap-token-abcdef', namespace: 'kube-system' },
      type: 'bootstrap.kubernetes.io/token',
      stringData: {
        'token-id': 'abcdef',
        'token-secret': '0123456789abcdef',
        expiration: '2030-01-01T00:00:00Z',
        'usage-bootstrap-authentication': 'true',
      },
    });
    expect(tokenSecret('abcdef.0123456789abcdef', {})).not.toHaveProperty('stringData.expiration');
  });
});

test('the join command can be pasted', () => {
  expect(joinCommand({ api: 'https://pi:6443', token: 'a.b' })).toBe(
    'curl -fsSk https://pi:6443/install.sh | sudo sh -s -- --token a.b',
  );
});

test.each([
  ['https://127.0.0.1:6443', true],
  ['https://localhost:1', true],
  ['https://[::1]:1', true],
  ['https://192.168.1.2:6443', false],
])('%s is loopback: %s', (server, want) => expect(isLoopback(server)).toBe(want));

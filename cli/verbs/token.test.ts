import { expect, test } from 'vitest';
import { isLoopback, joinCommand } from './join-command.ts';
import { tokenIdOf } from './token.ts';

test.each([
  ['abcdef.0123456789abcdef', 'abcdef'],
  ['abcdef', 'abcdef'],
  ['ABCDEF', undefined],
  ['abcdef.short', undefined],
])('the id of %s is %s', (text, want) => expect(tokenIdOf(text)).toBe(want));

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

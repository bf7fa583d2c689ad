import { describe, expect, test } from 'vitest';
import { CliError } from '../errors.ts';
import { mergeKubeconfigs, parseKubeconfig, pickContext } from './kubeconfig.ts';

const content = {
  apiVersion: 'v1',
  kind: 'Config',
  'current-context': 'pi',
  clusters: [
    { name: 'c', cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Q0E=' } },
  ],
  users: [{ name: 'u', user: { token: 't' } }],
  contexts: [
    { name: 'pi', context: { cluster: 'c', user: 'u' } },
    { name: 'lab', context: { cluster: 'c', user: 'u', namespace: 'lab' } },
    { name: 'broken', context: { cluster: 'gone', user: 'u' } },
  ],
};
const file = { path: '/k/config', dir: '/k' };

describe('a kubeconfig', () => {
  const config = parseKubeconfig(content, file);

  test('its current context is picked, in namespace default', () => {
    expect(pickContext(config)).toEqual({
      cluster: { server: 'https://127.0.0.1:6443', 'certificate-authority-data': 'Q0E=', dir: '/k' },
      user: { token: 't', dir: '/k' },
      namespace: 'default',
    });
  });

  test('a context can be named', () => expect(pickContext(config, 'lab').namespace).toBe('lab'));

  test.each([
    ['nowhere', /context "nowhere" does not exist.*pi, lab/],
    ['broken', /cluster "gone"/],
  ])('context %s is refused', (name, message) => expect(() => pickContext(config, name)).toThrow(message));

  test('faults name the file and the field', () => {
    const faulty = { clusters: [{ name: 'c', cluster: {} }] };
    expect(() => parseKubeconfig(faulty, file)).toThrow(
      /\/k\/config is not a kubeconfig: clusters\.0\.cluster\.server/,
    );
    expect(() => parseKubeconfig('text', file)).toThrow(CliError);
  });

  test('lists may be null, as kubectl writes them', () => {
    const empty = parseKubeconfig(
      { clusters: null, users: null, contexts: null, 'current-context': '' },
      file,
    );
    expect(() => pickContext(empty)).toThrow(/no current-context/);
  });

  test('of several files the first to define a name wins', () => {
    const other = parseKubeconfig(
      { 'current-context': 'lab', users: [{ name: 'u', user: { token: 'first' } }] },
      { path: '/o/config', dir: '/o' },
    );
    const merged = pickContext(mergeKubeconfigs([other, config]));
    expect(merged.user).toEqual({ token: 'first', dir: '/o' });
    expect(merged.namespace).toBe('lab');
  });
});

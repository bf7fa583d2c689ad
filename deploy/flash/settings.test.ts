import { describe, expect, test } from 'vitest';
import { type FlashOptions, parseSettings } from './settings.ts';

const TOKEN = 'abcdef.0123456789abcdef';
const parse = (options: FlashOptions, sshKeyText?: string) =>
  parseSettings(
    { master: 'mqtt://10.0.0.1:1883', token: TOKEN, ...options },
    { generatedName: 'pikelet-1a2b', sshKeyText },
  );
const faultsOf = (options: FlashOptions, sshKeyText?: string) => {
  const parsed = parse(options, sshKeyText);
  return parsed.ok ? [] : parsed.faults;
};

describe('parseSettings', () => {
  test.each([
    ['10.0.0.1', 'mqtt://10.0.0.1:1883'],
    ['master.local:2883', 'mqtt://master.local:2883'],
    ['mqtt://Master', 'mqtt://master:1883'],
    ['mqtt://10.0.0.1:1999/', 'mqtt://10.0.0.1:1999'],
    ['https://10.0.0.1:6443', 'mqtt://10.0.0.1:1883'],
    ['[fd00::1]:1884', 'mqtt://[fd00::1]:1884'],
  ])('takes --master %s for %s', (master, want) => {
    expect(parse({ master })).toMatchObject({ ok: true, settings: { master: want } });
  });

  test.each(['ftp://a:1', 'a b', 'mqtt://a:70000', 'mqtt://a:0', 'a/b', 'http://a', 'mqtt://', 'a"b'])(
    'refuses --master %s',
    master => {
      expect(faultsOf({ master })).toEqual([expect.stringContaining(`--master ${master}`)]);
    },
  );

  test.each(['', 'abc', 'GHIJKL.0123456789ghijkl', 'ghijkl.0123456789ghijklm', 'ghijkl.0123456789ghijkl\n'])(
    'refuses --token %j without repeating it',
    token => {
      const [fault, ...others] = faultsOf({ token });
      expect(fault).toMatch(/^--token .*pikelet token create/);
      expect(others).toEqual([]);
      if (token.length > 10) expect(fault).not.toContain(token.trim());
    },
  );

  test.each(['Pi', '-a', 'a-', 'a.b', 'a_b', '', 'a'.repeat(64), 'a\n'])('refuses --name %j', name => {
    expect(faultsOf({ name })).toContainEqual(expect.stringMatching(/^--name [\s\S]*DNS-1123/));
  });

  test('names the node and the host after what was generated, or after --name', () => {
    expect(parse({})).toMatchObject({ settings: { name: 'pikelet-1a2b', hostname: 'pikelet-1a2b' } });
    expect(parse({ name: 'w1' })).toMatchObject({ settings: { name: 'w1', hostname: 'w1' } });
    expect(parse({ name: 'w1', hostname: 'shed' })).toMatchObject({
      settings: { name: 'w1', hostname: 'shed' },
    });
  });

  test.each([
    [{ wifi: 'home:pass:word' }, { ssid: 'home', password: 'pass:word' }],
    [
      { wifi: 'a:b', wifiPassword: 'secret12' },
      { ssid: 'a:b', password: 'secret12' },
    ],
    [{ wifi: 'open' }, { ssid: 'open' }],
    [
      { wifi: 'home', wifiPassword: `"'é…#: {` },
      { ssid: 'home', password: `"'é…#: {` },
    ],
  ])('reads %j as Wi-Fi', (options, wifi) => {
    expect(parse(options)).toMatchObject({ ok: true, settings: { wifi } });
  });

  test.each([
    [{ wifi: '' }, '--wifi:'],
    [{ wifi: 'x'.repeat(33) }, '--wifi:'],
    [{ wifi: 'home:short' }, '--wifi-password:'],
    [{ wifi: 'home', wifiPassword: 'line\nbreak' }, '--wifi-password:'],
    [{ wifi: 'home', wifiPassword: 'x'.repeat(64) }, '--wifi-password:'],
    [{ wifiPassword: 'secret12' }, '--wifi-password needs'],
    [{ wifiCountry: 'GER' }, '--wifi-country GER'],
  ])('refuses %j', (options, fault) => {
    expect(faultsOf(options)).toEqual([expect.stringContaining(fault)]);
  });

  test('takes public keys only', () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFRl me@home';
    expect(parse({ sshKey: 'k.pub' }, `# mine\n${key}\n\n`)).toMatchObject({ settings: { sshKeys: [key] } });
    expect(faultsOf({ sshKey: 'k' }, '-----BEGIN OPENSSH PRIVATE KEY-----\n')).toEqual([
      expect.stringContaining('private key'),
    ]);
    expect(faultsOf({ sshKey: 'k' }, 'hello\n')).toEqual([expect.stringContaining('no public key')]);
  });

  test('reports every fault at once', () => {
    expect(faultsOf({ master: '', token: 'x', name: 'X', wifiCountry: 'x' })).toHaveLength(4);
  });
});

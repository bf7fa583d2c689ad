import { describe, expect, it } from 'vitest';
import { parseConfig, UsageError } from './config.ts';

const parse = (args: string[], env = {}) => parseConfig(args, env, '/opt/pikelet');

describe('the configuration', () => {
  it('takes flags over environment over defaults', () => {
    const env = { PIKELET_MASTER_API_PORT: '7000', PIKELET_MASTER_MQTT_PORT: '7001' };
    expect(parse(['--api-port', '8000'], env)).toMatchObject({
      apiPort: 8000,
      mqttPort: 7001,
      listenHost: '0.0.0.0',
    });
  });

  it('keeps files beside the data unless told otherwise', () => {
    const config = parse(['--data-dir', '/data', '--dashboard-token-file', '/elsewhere/token']);
    expect(config).toMatchObject({
      adminKubeconfig: '/data/admin.kubeconfig',
      dashboardTokenFile: '/elsewhere/token',
      staticDir: '/opt/pikelet',
    });
  });

  it('tells clients the name given first, or the one address that it listens on', () => {
    expect(parse(['--public-host', 'pikelet.local, 192.0.2.9']).hosts.slice(0, 2)).toEqual([
      'pikelet.local',
      '192.0.2.9',
    ]);
    expect(parse(['--listen-host', '127.0.0.1']).hosts[0]).toBe('127.0.0.1');
    expect(parse([]).hosts).not.toContain('0.0.0.0');
  });

  it.each([
    [['--api-port', 'http'], '--api-port'],
    [['--api-port', '70000'], '--api-port'],
    [['--log-level', 'loud'], '--log-level'],
    [['--data-dir', ''], '--data-dir'],
    [['--colour', 'red'], '--colour'],
    [['stray'], 'stray'],
  ])('refuses %j by name', (args, name) => {
    expect(() => parse(args)).toThrow(UsageError);
    expect(() => parse(args)).toThrow(name);
  });
});

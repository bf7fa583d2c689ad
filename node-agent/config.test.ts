import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError, checkReserved, joinToken, readConfig, reservedOf } from './config.ts';

const MASTER = ['--master', 'mqtt://10.0.0.1:1883'];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pikelet-config-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('the options', () => {
  it('have defaults, and are frozen', () => {
    const config = readConfig(MASTER, {});
    expect(config).toEqual({
      master: 'mqtt://10.0.0.1:1883',
      dataDir: '/var/lib/pikelet-agent',
      dockerSocket: '/var/run/docker.sock',
      deviceRoot: '/',
      heartbeatIntervalMs: 1000,
      maxParallelImagePulls: 1,
      imageGcHighThreshold: 85,
      imageGcLowThreshold: 80,
      shutdownGracePeriod: 30,
      logLevel: 'info',
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('refuse to begin image collection where it ends', () => {
    expect(() =>
      readConfig(
        [...MASTER, '--shutdown-grace-period', '5', '--shutdown-grace-period-critical-pods', '6'],
        {},
      ),
    ).toThrow('--shutdown-grace-period-critical-pods: must be at most --shutdown-grace-period (5)');
    const flags = ['--image-gc-high-threshold', '70', '--image-gc-low-threshold', '70'];
    expect(() => readConfig([...MASTER, ...flags], {})).toThrow(
      '--image-gc-low-threshold: must be below --image-gc-high-threshold (70)',
    );
    expect(() => readConfig([...MASTER, '--image-gc-high-threshold', '101'], {})).toThrow('at most 100');
  });

  it('come from flags before environment before file', () => {
    const config = file('agent.json', JSON.stringify({ name: 'file', dataDir: '/file', logLevel: 'warn' }));
    const environment = { PIKELET_NAME: 'env', PIKELET_DATA_DIR: '/env' };
    expect(readConfig([...MASTER, '--config', config, '--name', 'flag'], environment)).toMatchObject({
      name: 'flag',
      dataDir: '/env',
      logLevel: 'warn',
    });
  });

  it('are quantities where Kubernetes has quantities', () => {
    const flags = ['--capacity-cpu', '0.5', '--capacity-memory', '512Mi', '--heartbeat-interval-ms', '250'];
    expect(readConfig([...MASTER, ...flags], {})).toMatchObject({
      capacityCpu: 500,
      capacityMemory: 536_870_912,
      heartbeatIntervalMs: 250,
    });
  });

  it('say when pods are evicted', () => {
    const config = readConfig([...MASTER, '--eviction-hard', 'memory.available<5%'], {});
    expect(config?.evictionHard?.['memory.available']).toEqual({ share: 0.05 });
    expect(config?.evictionHard?.['pid.available']).toEqual({ share: 0.1 });
  });

  it('are not read when help is asked for', () => {
    expect(readConfig(['--help'], {})).toBeUndefined();
  });

  it.each([
    { flags: [], want: '--master is missing' },
    { flags: ['--master', 'http://x'], want: '--master: must look like mqtt://host:1883' },
    { flags: [...MASTER, '--capacity-cpu', 'much'], want: '--capacity-cpu: must be a quantity above zero' },
    {
      flags: [...MASTER, '--reserved-memory', 'some'],
      want: '--reserved-memory: must be a quantity such as',
    },
    {
      flags: [...MASTER, '--reserved-cpu=-1'],
      want: '--reserved-cpu: must be a quantity such as 100m, or 0',
    },
    {
      flags: [...MASTER, '--eviction-hard', 'memory<5Mi'],
      want: '--eviction-hard: unsupported eviction signal "memory"',
    },
    { flags: [...MASTER, '--name', 'Bad_Name'], want: '--name: must be lower-case letters' },
    {
      flags: [...MASTER, '--heartbeat-interval-ms', '5'],
      want: '--heartbeat-interval-ms: must be at least 100',
    },
    { flags: [...MASTER, '--heartbeat-interval-ms', 'x'], want: '--heartbeat-interval-ms: must be a number' },
    {
      flags: [...MASTER, '--container-log-size', '1Ki'],
      want: '--container-log-size: must be at least 64Ki',
    },
    { flags: [...MASTER, '--log-level', 'loud'], want: '--log-level: must be trace' },
    { flags: [...MASTER, '--nonsense', '1'], want: "Unknown option '--nonsense'" },
    { flags: [...MASTER, '--config', '/nowhere.json'], want: '--config: cannot read /nowhere.json' },
  ])('say $want', ({ flags, want }) => {
    expect(() => readConfig(flags, {})).toThrow(ConfigError);
    expect(() => readConfig(flags, {})).toThrow(want);
  });

  it('says all faults at once', () => {
    const flags = ['--master', 'x', '--log-level', 'loud'];
    expect(() => readConfig(flags, {})).toThrow(/--master.*\n--log-level/);
  });
});

describe('what is kept from pods', () => {
  const device = { cpuCount: 4, memoryBytes: 2 ** 30, storageBytes: 0 };
  const configOf = (...flags: string[]) => {
    const config = readConfig([...MASTER, ...flags], {});
    if (!config) throw new Error('no config');
    return config;
  };

  it('is as much as was said, or nothing', () => {
    const flags = ['--reserved-cpu', '0', '--reserved-memory', '64Mi'];
    expect(reservedOf(configOf(...flags))).toEqual({ cpuMilli: 0, memoryBytes: 64 * 2 ** 20 });
    expect(() => checkReserved(configOf(...flags), device)).not.toThrow();
  });

  it('leaves something of each', () => {
    const flags = ['--reserved-cpu', '1', '--capacity-cpu', '500m', '--reserved-memory', '1Gi'];
    expect(() => checkReserved(configOf(...flags), device)).toThrow(
      '--reserved-cpu: must be below the capacity of 500m, not 1\n--reserved-memory: must be below the capacity of 1Gi, not 1Gi',
    );
    expect(() => checkReserved(configOf('--reserved-ephemeral-storage', '9Gi'), device)).not.toThrow();
  });
});

describe('the join token', () => {
  it('comes from the option or from a file, only when it is needed', () => {
    expect(joinToken({ token: 'a.b' })).toBe('a.b');
    expect(joinToken({ tokenFile: file('token', ' c.d\n') })).toBe('c.d');
    expect(() => joinToken({})).toThrow('--token is missing');
    expect(() => joinToken({ tokenFile: file('empty', '\n') })).toThrow('is empty');
    expect(readConfig([...MASTER, '--token-file', '/nowhere'], {})?.tokenFile).toBe('/nowhere');
  });
});

import { describe, expect, it } from 'vitest';
import { parseOptions } from './options.ts';

const where = { root: '/repo', cwd: '/home/me' };

describe('parseOptions', () => {
  it('has a default for everything', () => {
    expect(parseOptions([], where)).toEqual({
      kind: 'run',
      options: {
        nodes: 1,
        dataDir: '/repo/.pikelet',
        apiPort: 6443,
        mqttPort: 1883,
        listen: '127.0.0.1',
        dockerSocket: '/var/run/docker.sock',
        setUpOnly: false,
      },
    });
  });

  it('takes paths from where the user is', () => {
    const parsed = parseOptions(['--data-dir', 'a', '--nodes=3'], where);
    expect(parsed).toMatchObject({ kind: 'run', options: { dataDir: '/home/me/a', nodes: 3 } });
  });

  it.each([
    { args: ['--nodes', 'three'], says: '--nodes is "three"' },
    { args: ['--nodes', '33'], says: '--nodes is "33"' },
    { args: ['--nodes=-1'], says: '--nodes is "-1"' },
    { args: ['--nodes'], says: "'--nodes <value>'" },
    { args: ['--api-port', '0'], says: '--api-port is "0"' },
    { args: ['--mqtt-port', '65536'], says: '--mqtt-port is "65536"' },
    { args: ['--api-port', '1883'], says: '--api-port and --mqtt-port are both 1883' },
    { args: ['--node', '3'], says: "'--node'" },
    { args: ['three'], says: "'three'" },
  ])('refuses $args by name', ({ args, says }) => {
    const parsed = parseOptions(args, where);
    expect(parsed.kind).toBe('fault');
    expect(parsed).toHaveProperty('message', expect.stringContaining(says));
  });

  it('answers --help whatever else is there', () => {
    expect(parseOptions(['--help', '--nodes', 'x'], where).kind).toBe('help');
  });
});

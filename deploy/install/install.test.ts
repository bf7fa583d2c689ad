import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (name: string) => readFileSync(`deploy/install/${name}`, 'utf8');

test('the installer carries the very unit that is in this folder', () => {
  expect(read('install.sh')).toContain(`\n${read('pikelet-agent.service')}END\n`);
});

test.each(['@MASTER_HOST@', '@MQTT_PORT@', '@API_PORT@', '@AGENT_SHA256@'])(
  '%s is there once, for the master to fill in',
  placeholder => {
    expect(read('install.sh').split(placeholder)).toHaveLength(2);
  },
);

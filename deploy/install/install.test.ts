import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AGENT_LAUNCH, MASTER_LAUNCH } from '../up/launch-options.ts';

const read = (name: string) => readFileSync(`deploy/install/${name}`, 'utf8');

test('the installer carries the very unit that is in this folder', () => {
  expect(read('install.sh')).toContain(`\n${read('pikelet-agent.service')}END\n`);
});

test.each([
  { unit: 'pikelet-agent.service', launch: AGENT_LAUNCH },
  { unit: 'pikelet-master.service', launch: MASTER_LAUNCH },
])('$unit starts Node.js as up does', ({ unit, launch: { nodeFlags, environment } }) => {
  const text = read(unit);
  for (const [name, value] of Object.entries(environment))
    expect(text).toContain(`\nEnvironment=${name}=${value}\n`);
  expect(/^ExecStart=\S+ (?:(--.*) )?\S+\.cjs /m.exec(text)?.[1] ?? '').toBe(nodeFlags.join(' '));
});

test.each(['@MASTER_HOST@', '@MQTT_PORT@', '@API_PORT@', '@AGENT_SHA256@'])(
  '%s is there once, for the master to fill in',
  placeholder => {
    expect(read('install.sh').split(placeholder)).toHaveLength(2);
  },
);

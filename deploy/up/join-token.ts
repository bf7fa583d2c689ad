/** A join token for the virtual devices, made through the API as anybody could make one. */
import { randomInt } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import type { Clock } from '../../shared/clock.ts';
import type { Api } from './api.ts';

const SECRETS = '/api/v1/namespaces/kube-system/secrets';
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';
/** Long enough for every device of a slow machine to join, and dead soon if it leaks, milliseconds. */
const LIFETIME_MS = 10 * 60_000;

export type JoinToken = {
  /** Makes the token bad and removes its file. */
  revoke(): Promise<void>;
};

/**
 * Creates a bootstrap token and writes it to `path`, readable by this user alone.
 * Format: https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
export async function createJoinToken(api: Api, path: string, clock: Clock): Promise<JoinToken> {
  const [id, secret] = [randomText(6), randomText(16)];
  const members = {
    'token-id': id,
    'token-secret': secret,
    'usage-bootstrap-authentication': 'true',
    description: 'virtual devices of npm run up',
    expiration: new Date(clock.nowMs() + LIFETIME_MS).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  const encode = (text: string) => Buffer.from(text).toString('base64');
  await api.create(SECRETS, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
    type: 'bootstrap.kubernetes.io/token',
    data: Object.fromEntries(Object.entries(members).map(([name, text]) => [name, encode(text)])),
  });
  writeFileSync(path, `${id}.${secret}\n`, { mode: 0o600 });
  return {
    async revoke() {
      rmSync(path, { force: true });
      await api.remove(`${SECRETS}/bootstrap-token-${id}`);
    },
  };
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

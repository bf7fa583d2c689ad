/** A join token for the virtual devices, made through the API as anybody could make one. */
import { randomInt } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { Clock } from '../../shared/clock.ts';
import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  bootstrapTokenSecret,
  newBootstrapToken,
} from '../../shared/kubernetes/bootstrap-token.ts';
import { writePrivateFile } from '../../shared/private-file.ts';
import type { Api } from './api.ts';

const SECRETS = `/api/v1/namespaces/${BOOTSTRAP_TOKEN_NAMESPACE}/secrets`;
/** Long enough for every device of a slow machine to join, and dead soon if it leaks, milliseconds. */
const LIFETIME_MS = 10 * 60_000;

export type JoinToken = {
  /** Makes the token bad and removes its file. */
  revoke(): Promise<void>;
};

/** Creates a bootstrap token and writes it to `path`, readable by this user alone. */
export async function createJoinToken(api: Api, path: string, clock: Clock): Promise<JoinToken> {
  const token = newBootstrapToken(randomInt);
  const secret = bootstrapTokenSecret({
    token,
    description: 'virtual devices of npm run up',
    expiresAtMs: clock.nowMs() + LIFETIME_MS,
  });
  await api.create(SECRETS, secret);
  await writePrivateFile(path, `${token}\n`);
  return {
    async revoke() {
      rmSync(path, { force: true });
      await api.remove(`${SECRETS}/${secret.metadata.name}`);
    },
  };
}

/** Where the files that a device gets come from: the project that this command runs from. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FlashError } from './flash-error.ts';

export type Payload = { readonly agent: Buffer; readonly installScript: Buffer };

const INSTALL_SCRIPT = join('deploy', 'install', 'install.sh');

/** Reads the agent's bundle and the installer; FlashError when the bundle is not built. */
export function readPayload(project: string): Payload {
  const agent = join(project, 'dist', 'agent.cjs');
  if (!existsSync(agent))
    throw new FlashError(`${agent} is not there: build it with \`npm run build\` in ${project}`);
  return { agent: readFileSync(agent), installScript: readFileSync(join(project, INSTALL_SCRIPT)) };
}

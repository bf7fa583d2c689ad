/** `pikelet dashboard`: the address of the web page, with the token that lets a browser look and change nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GlobalOptions } from '../cli.ts';
import { CliError } from '../errors.ts';
import { withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';

const TOKEN_FILE = 'dashboard-token';

export const declareDashboard: DeclareVerb = (command, cli) => {
  command.action(async () => {
    await withSession(cli, command.optsWithGlobals<GlobalOptions>(), async ({ api, dataDir }) => {
      if (dataDir === undefined)
        throw new CliError(
          `the dashboard is at ${api.server}/dashboard/, but its token lies in the cluster's data folder: name that with --data-dir DIR`,
        );
      cli.out(`${api.server}/dashboard/#token=${readToken(join(dataDir, TOKEN_FILE))}\n`);
      cli.say(
        "Open it in a browser; the certificate is of the cluster's own CA, which the browser will ask about.",
      );
    });
  });
};

function readToken(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new CliError(
      `cannot read the dashboard's token from ${path}: the master writes it when it starts`,
      { cause },
    );
  }
}

/** `pikelet version`. */

import { PRODUCT_VERSION } from '../../shared/version.ts';
import type { GlobalOptions } from '../cli.ts';
import { objectAt, textAt } from '../json.ts';
import { parseOutput, toJson } from '../print/output.ts';
import { withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';

type VersionOptions = GlobalOptions & { readonly client?: boolean; readonly output?: string };

export const declareVersion: DeclareVerb = (command, cli) => {
  command
    .option('--client', 'of this command only; asks no server')
    .option('-o, --output <form>', 'json or yaml')
    .action(async () => {
      const options = command.optsWithGlobals<VersionOptions>();
      const output = parseOutput(options.output);
      const clientVersion = {
        gitVersion: `v${PRODUCT_VERSION}`,
        platform: `${process.platform}/${process.arch}`,
      };
      const ask = () =>
        withSession(cli, options, async ({ api }) =>
          objectAt(await api.send({ path: '/version' }, cli.signal)),
        );
      if (output.kind === 'table') {
        cli.out(`Client Version: ${clientVersion.gitVersion}\n`);
        if (!options.client) cli.out(`Server Version: ${textAt(await ask(), 'gitVersion') ?? 'unknown'}\n`);
        return;
      }
      const versions = options.client ? { clientVersion } : { clientVersion, serverVersion: await ask() };
      cli.out(output.kind === 'yaml' ? (await import('../yaml.ts')).dumpYaml(versions) : toJson(versions));
    });
};

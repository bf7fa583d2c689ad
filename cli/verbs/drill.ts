/** `pikelet drill unplug NODE`: see docs/drill.md. */
import { Option } from 'commander';
import type { GlobalOptions } from '../cli.ts';
import { timeoutMsOf } from '../deadline.ts';
import { openControl } from '../drill/control.ts';
import { engineSocket, runningContainers } from '../drill/engine.ts';
import { type DrillMode, hasPassed, reportJson, reportText } from '../drill/report.ts';
import { drillUnplug } from '../drill/unplug.ts';
import { openWorld } from '../drill/world.ts';
import { CliError, UsageError } from '../errors.ts';
import { toJson } from '../print/output.ts';
import { withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';

type DrillOptions = GlobalOptions & {
  readonly mode: DrillMode;
  readonly timeout: string;
  readonly output?: string;
};

export const declareDrill: DeclareVerb = (command, cli) => {
  const unplug = command
    .command('unplug')
    .description('unplug a virtual device of "npm run up", measure, and plug it in again')
    .argument('<node>')
    .addOption(
      new Option('--mode <mode>', 'cut: its network falls silent; kill: its agent gets SIGKILL')
        .choices(['cut', 'kill'])
        .default('cut'),
    )
    .option('--timeout <duration>', 'wait at most this long, for the outage and for the return each', '60s')
    .option('-o, --output <form>', 'json')
    .action(async (name: string) => {
      const options = unplug.optsWithGlobals<DrillOptions>();
      if (options.output !== undefined && options.output !== 'json')
        throw new UsageError('drill prints a table, or JSON with -o json');
      const timeoutMs = timeoutMsOf(options.timeout);
      if (timeoutMs === undefined) throw new UsageError('a drill needs a --timeout');
      const node = name.replace(/^(node|nodes|no)\//, '');
      const report = await withSession(cli, options, async ({ api, dataDir }) => {
        const watching = new AbortController();
        const socket = engineSocket(cli.env);
        try {
          const world = await openWorld(api, cli.clock, AbortSignal.any([cli.signal, watching.signal]));
          const control = openControl(dataDir, cli.clock);
          const containers = async () =>
            socket === undefined ? undefined : runningContainers(socket, cli.clock);
          return await drillUnplug(
            { cli, world, control, containers },
            { node, mode: options.mode, timeoutMs },
          );
        } finally {
          watching.abort(new Error('the drill is over'));
        }
      });
      cli.out(options.output === 'json' ? toJson(reportJson(report)) : reportText(report));
      if (!hasPassed(report)) throw new CliError(`the drill failed on ${node}`);
    });
};

/** `pikelet cluster-info`: where the cluster answers, and how it is. */
import { listObjects } from '../api-objects.ts';
import type { GlobalOptions } from '../cli.ts';
import { listAt, textAt } from '../json.ts';
import { NODE } from '../kinds/builtin.ts';
import { withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';

export const declareClusterInfo: DeclareVerb = (command, cli) => {
  command.action(async () => {
    await withSession(cli, command.optsWithGlobals<GlobalOptions>(), async ({ api, paths }) => {
      const { items } = await listObjects(api, NODE, {}, cli.signal);
      const ready = items.filter(node =>
        listAt(node, 'status', 'conditions').some(
          each => textAt(each, 'type') === 'Ready' && textAt(each, 'status') === 'True',
        ),
      );
      cli.out(`Pikelet control plane is running at ${api.server}\n`);
      cli.out(`Dashboard is running at ${api.server}/dashboard/\n`);
      cli.out(`Nodes: ${ready.length} of ${items.length} ready\n`);
      if (paths.length > 0)
        cli.say(`\n(kubeconfig: ${paths.join(':')}; to open the dashboard: pikelet dashboard)`);
    });
  });
};

/** `pikelet api-resources`: every kind that the server has. */
import type { GlobalOptions } from '../cli.ts';
import { UsageError } from '../errors.ts';
import { apiVersionOf, type Kind, qualifiedPlural } from '../kinds/kind.ts';
import { alignRows, columnWidths } from '../print/columns.ts';
import { toJson } from '../print/output.ts';
import { withSession } from '../session.ts';
import { collectList, type DeclareVerb } from '../verb.ts';

type Options = GlobalOptions & {
  readonly apiGroup?: string;
  readonly namespaced?: string;
  readonly verbs?: readonly string[];
  readonly categories?: readonly string[];
  readonly output?: string;
  readonly headers: boolean;
};

export const declareApiResources: DeclareVerb = (command, cli) => {
  command
    .option('--api-group <group>', 'only of this group')
    .option('--namespaced <bool>', 'only those that have namespaces (true), or have none (false)')
    .option('--verbs <verbs>', 'only those with all these verbs', collectList)
    .option('--categories <names>', 'only of these categories', collectList)
    .option('-o, --output <form>', 'wide, name or json')
    .option('--no-headers', 'print no column titles')
    .action(async () => {
      const options = command.optsWithGlobals<Options>();
      const { output = '' } = options;
      if (!['', 'wide', 'name', 'json'].includes(output))
        throw new UsageError(`--output ${output} is not available; it is one of wide, name, json`);
      const kinds = await withSession(cli, options, async session =>
        (await session.kinds.all()).filter(kind => isWanted(kind, options)),
      );
      const sorted = [...kinds].sort((a, b) =>
        a.group === b.group ? order(a.plural, b.plural) : order(a.group, b.group),
      );
      if (output === 'json') cli.out(toJson({ resources: sorted }));
      else if (output === 'name') cli.out(sorted.map(kind => `${qualifiedPlural(kind)}\n`).join(''));
      else {
        const titles = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND'];
        const wide = output === 'wide';
        const rows = sorted.map(kind => rowOf(kind, wide));
        const all = options.headers ? [wide ? [...titles, 'VERBS', 'CATEGORIES'] : titles, ...rows] : rows;
        cli.out(alignRows(all, columnWidths(all)));
      }
    });
};

const order = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

function isWanted(kind: Kind, { apiGroup, namespaced, verbs = [], categories = [] }: Options): boolean {
  return (
    (apiGroup === undefined || kind.group === apiGroup) &&
    (namespaced === undefined || String(kind.namespaced) === namespaced) &&
    verbs.every(verb => kind.verbs.includes(verb)) &&
    categories.every(category => kind.categories.includes(category))
  );
}

function rowOf(kind: Kind, wide: boolean): readonly string[] {
  const row = [
    kind.plural,
    kind.shortNames.join(','),
    apiVersionOf(kind),
    String(kind.namespaced),
    kind.kind,
  ];
  return wide ? [...row, kind.verbs.join(','), kind.categories.join(',')] : row;
}

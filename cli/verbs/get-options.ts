/** The options of `pikelet get`, and what follows from them for a request or a table. */
import type { GlobalOptions } from '../cli.ts';
import { qualifiedSingular } from '../kinds/kind.ts';
import type { Target } from '../kinds/targets.ts';
import type { Output } from '../print/output.ts';
import type { TableOptions } from '../print/table.ts';
import type { Session } from '../session.ts';

export type GetOptions = GlobalOptions & {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly fieldSelector?: string;
  readonly output?: string;
  readonly watch?: boolean;
  readonly watchOnly?: boolean;
  readonly outputWatchEvents?: boolean;
  readonly showLabels?: boolean;
  readonly labelColumns?: readonly string[];
  readonly showKind?: boolean;
  readonly headers: boolean;
  readonly sortBy?: string;
  readonly ignoreNotFound?: boolean;
  readonly showManagedFields?: boolean;
  readonly raw?: string;
};

/** The namespace of a request; undefined for all of them and for kinds that have none. */
export function namespaceFor(
  session: Session,
  target: Target,
  options: Pick<GetOptions, 'allNamespaces'>,
): string | undefined {
  return target.kind.namespaced && !options.allNamespaces ? session.namespace : undefined;
}

/** What the table of one target shows. */
export function tableOptionsOf(
  output: Output & { kind: 'table' },
  options: GetOptions,
  target: Target,
  showKind: boolean,
): TableOptions {
  return {
    wide: output.wide,
    withNamespace: Boolean(options.allNamespaces) && target.kind.namespaced,
    showLabels: options.showLabels ?? false,
    labelColumns: options.labelColumns ?? [],
    namePrefix: showKind ? `${qualifiedSingular(target.kind)}/` : '',
  };
}

/** The selectors as query parameters. */
export function selectorsOf(options: Pick<GetOptions, 'selector' | 'fieldSelector'>) {
  return { labelSelector: options.selector, fieldSelector: options.fieldSelector };
}

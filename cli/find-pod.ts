/** The one pod that a word such as `web-1`, `pod/web-1`, `deploy/web` or `svc/web` stands for. */
import { getObject, listObjects } from './api-objects.ts';
import { CliError } from './errors.ts';
import { type JsonObject, listAt, textAt } from './json.ts';
import { POD } from './kinds/builtin.ts';
import { parseTargets } from './kinds/targets.ts';
import { selectorText } from './print/selector-text.ts';
import type { Session } from './session.ts';

export type FoundPod = {
  readonly pod: JsonObject;
  readonly name: string;
  /** What was named: the pod itself, or what selects it. */
  readonly object: JsonObject;
  /** How many pods the word stands for. */
  readonly count: number;
};

/** A running one goes before others. Throws CliError when there is none, StatusError. */
export async function findPod({ api, cli, kinds, namespace }: Session, target: string): Promise<FoundPod> {
  const [wanted] = target.includes('/')
    ? await parseTargets([target], kinds)
    : [{ kind: POD, names: [target] }];
  const kind = wanted?.kind ?? POD;
  const object = await getObject(api, kind, { namespace, name: wanted?.names[0] ?? '' }, cli.signal);
  if (kind.plural === POD.plural) return { pod: object, name: nameOf(object), object, count: 1 };
  const labelSelector = selectorText(object);
  if (labelSelector === undefined) throw new CliError(`cannot find pods of ${target}: selector is missing`);
  const { items } = await listObjects(api, POD, { namespace, labelSelector }, cli.signal);
  const isRunning = (pod: JsonObject) => Number(textAt(pod, 'status', 'phase') === 'Running');
  const [first] = [...items].sort((a, b) => isRunning(b) - isRunning(a));
  if (first === undefined) throw new CliError(`${target} has no pods: see pikelet describe ${target}`);
  return { pod: first, name: nameOf(first), object, count: items.length };
}

function nameOf(pod: JsonObject): string {
  return textAt(pod, 'metadata', 'name') ?? '';
}

/** The container asked for, else the pod's default one, of which it is said when there are others. Throws CliError for an unknown one. */
export function chooseContainer(
  pod: JsonObject,
  wanted: string | undefined,
  say: (text: string) => void,
): string {
  const namesIn = (list: string) => listAt(pod, 'spec', list).map(each => textAt(each, 'name') ?? '');
  const plain = namesIn('containers');
  const names = [...namesIn('initContainers'), ...plain];
  if (wanted !== undefined) {
    if (names.includes(wanted)) return wanted;
    throw new CliError(
      `container ${wanted} is not valid for pod ${nameOf(pod)}; it has: ${names.join(', ')}`,
    );
  }
  const annotated = textAt(pod, 'metadata', 'annotations', 'kubectl.kubernetes.io/default-container');
  const container = annotated !== undefined && names.includes(annotated) ? annotated : (plain[0] ?? '');
  if (plain.length > 1 && annotated === undefined)
    say(`Defaulted container "${container}" out of: ${plain.join(', ')}`);
  return container;
}

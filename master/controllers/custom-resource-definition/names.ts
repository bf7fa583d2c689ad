/** Which of a definition's names are its to use, and what that says of it. Pure. Source: k8s.io/apiextensions-apiserver/pkg/controller/status. */
import type {
  CustomResourceCondition,
  CustomResourceNames,
} from '../../../shared/kubernetes/custom-resources.ts';
import type { CustomResourceDefinition } from '../../../shared/kubernetes/objects.ts';

type Verdict = Pick<CustomResourceCondition, 'type' | 'status' | 'reason' | 'message'>;

export type Accepted = { readonly names: CustomResourceNames; readonly verdict: Verdict };

/** `others` are the definitions of the same group; what they have been granted is taken. */
export function acceptNames(
  { spec, status }: CustomResourceDefinition,
  others: readonly CustomResourceDefinition[],
): Accepted {
  const granted = others.flatMap(other =>
    other.status?.acceptedNames === undefined ? [] : [other.status.acceptedNames],
  );
  const resources = new Set(
    granted.flatMap(({ plural, singular, shortNames = [] }) => [plural, singular, ...shortNames]),
  );
  const kinds = new Set(granted.flatMap(({ kind, listKind }) => [kind, listKind]));
  const held = status?.acceptedNames;
  const names: CustomResourceNames = { plural: held?.plural ?? '', kind: held?.kind ?? '' };
  const conflicts: Verdict[] = [];
  const settle = (
    reason: string,
    taken: ReadonlySet<string | undefined>,
    wanted: readonly string[],
    accept: () => void,
  ) => {
    const clashes = wanted.filter(name => name !== '' && taken.has(name));
    if (clashes.length === 0) accept();
    else
      conflicts.push({
        type: 'NamesAccepted',
        status: 'False',
        reason,
        message: clashes.map(name => `${JSON.stringify(name)} is already in use`).join(', '),
      });
  };
  const { plural, singular = '', shortNames = [], kind, listKind = '', categories } = spec.names;
  names.singular = held?.singular;
  names.shortNames = held?.shortNames;
  names.listKind = held?.listKind;
  names.categories = categories;
  settle('PluralConflict', resources, [plural], () => (names.plural = plural));
  settle('SingularConflict', resources, [singular], () => (names.singular = singular));
  settle('ShortNamesConflict', resources, shortNames, () => (names.shortNames = shortNames));
  settle('KindConflict', kinds, [kind], () => (names.kind = kind));
  settle('ListKindConflict', kinds, [listKind], () => (names.listKind = listKind));
  const noConflict: Verdict = {
    type: 'NamesAccepted',
    status: 'True',
    reason: 'NoConflicts',
    message: 'no conflicts found',
  };
  return { names: present(names), verdict: conflicts.at(-1) ?? noConflict };
}

/** Without members that are absent or empty lists. */
function present(names: CustomResourceNames): CustomResourceNames {
  const { plural, kind, singular, listKind, shortNames = [], categories = [] } = names;
  return {
    plural,
    kind,
    ...(singular ? { singular } : {}),
    ...(listKind ? { listKind } : {}),
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
}

/** Once established, always established: later conflicts take nothing back. */
export function establishedVerdict({ status }: CustomResourceDefinition, namesAccepted: boolean): Verdict {
  const isAlready = status?.conditions?.some(
    ({ type, status: is }) => type === 'Established' && is === 'True',
  );
  return isAlready || namesAccepted
    ? {
        type: 'Established',
        status: 'True',
        reason: 'InitialNamesAccepted',
        message: 'the initial names have been accepted',
      }
    : { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' };
}

/** The conditions with this verdict in place of the one of its type; the time moves only when its status does. */
export function withVerdict(
  conditions: readonly CustomResourceCondition[],
  verdict: Verdict,
  now: string,
): CustomResourceCondition[] {
  const known = conditions.find(({ type }) => type === verdict.type);
  const isSame = known?.status === verdict.status;
  const next = {
    ...verdict,
    lastTransitionTime: isSame && known?.lastTransitionTime ? known.lastTransitionTime : now,
  };
  return known === undefined ? [...conditions, next] : conditions.map(each => (each === known ? next : each));
}

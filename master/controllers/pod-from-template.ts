/** A pod as its owner's template says. */
import type { New, OwnerReference, Pod, PodTemplateSpec } from '../../shared/kubernetes/objects.ts';
import { joinName } from './safe-name.ts';

type PodFromTemplate = {
  readonly template: PodTemplateSpec;
  readonly ownerName: string;
  readonly namespace: string | undefined;
  readonly owner: OwnerReference;
  /** What makes the name this pod's own. */
  readonly suffix: string;
};

/** Named by us and not by the registry, so that a create whose answer got lost cannot make two of them unnoticed. */
export function podFromTemplate({
  template,
  ownerName,
  namespace,
  owner,
  suffix,
}: PodFromTemplate): New<Pod> {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  const generateName = joinName(ownerName, '-').slice(0, 58);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${generateName}${suffix}`,
      generateName,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [owner],
    },
    spec: template.spec ?? { containers: [] },
  };
}

/**
 * The label by which a container is compared with what it should be. As in Kubernetes's kubelet (since 1.31) it covers
 * name and image only: nothing else of a container can change in a pod. After it stands the container whose network it joined.
 */
import type * as core from 'kubernetes-types/core/v1';
import { digestOf } from '../../shared/digest.ts';

/** The label for a new container; `networkOf` is the id of the container that it joins. */
export function specDigestOf(container: core.Container, networkOf?: string): string {
  const own = digestOf({ name: container.name, image: container.image ?? '' });
  return networkOf === undefined ? own : `${own}@${networkOf}`;
}

/** True when a container with this label is of the wanted image. */
export function matchesContainer(specDigest: string, container: core.Container): boolean {
  return specDigest.split('@')[0] === specDigestOf(container);
}

/** Id of the container whose network it joined; undefined for one with a network of its own. */
export function joinedNetworkOf(specDigest: string): string | undefined {
  return specDigest.split('@')[1];
}

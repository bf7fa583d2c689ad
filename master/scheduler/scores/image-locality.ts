/** Prefers nodes that hold the pod's images: a pull onto an SD card over a slow link takes minutes. */
import type { Score } from './score.ts';

export const scoreImageLocality: Score = ({ claim, load }) => {
  const { containers } = claim.pod.spec;
  if (containers.length === 0) return 0;
  const present = containers.filter(({ image }) => image !== undefined && holds(load.images, image));
  return (100 * present.length) / containers.length;
};

/** Docker tells names in full where people leave out the registry and the tag. */
function holds(images: ReadonlySet<string>, image: string): boolean {
  if (images.size === 0) return false;
  if (images.has(image)) return true;
  const lastPart = image.slice(image.lastIndexOf('/') + 1);
  const tagged = lastPart.includes(':') || image.includes('@') ? image : `${image}:latest`;
  return images.has(tagged) || images.has(`docker.io/library/${tagged}`) || images.has(`docker.io/${tagged}`);
}

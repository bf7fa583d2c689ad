/** Names of images in full, so that two spellings of one are equal. Pure. Rules: github.com/distribution/reference. */

const DEFAULT_REGISTRY = 'docker.io';

/** `nginx:1.27` → `docker.io/library/nginx`, the name without tag and digest. The reference must be a valid one. */
export function repositoryOf(reference: string): string {
  const name = withoutTag(reference.split('@')[0] ?? '');
  const slashAt = name.indexOf('/');
  const first = slashAt < 0 ? '' : name.slice(0, slashAt);
  const isHost = /[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase();
  if (!isHost) return `${DEFAULT_REGISTRY}/${slashAt < 0 ? `library/${name}` : name}`;
  const path = name.slice(slashAt + 1);
  if (first !== DEFAULT_REGISTRY && first !== 'index.docker.io') return name;
  return `${DEFAULT_REGISTRY}/${path.includes('/') ? path : `library/${path}`}`;
}

/** The repository with the digest, else with the tag, which is `latest` where none is said. */
export function fullName(reference: string): string {
  const digestAt = reference.indexOf('@');
  const repository = repositoryOf(reference);
  if (digestAt >= 0) return repository + reference.slice(digestAt);
  return `${repository}:${reference.slice(withoutTag(reference).length + 1) || 'latest'}`;
}

/**
 * What a status names as the image that runs: its digest in the registry that `image` names, as Kubernetes does, else in
 * another one, else the id that it has on this device. `digests` are `name@sha256:…`.
 */
export function shownImageId(image: string, imageId: string, digests: readonly string[]): string {
  const own = digests.find(each => repositoryOf(each) === repositoryOf(image)) ?? digests[0];
  return own === undefined ? imageId : fullName(own);
}

/** The colon of `host:5000/name` is a port's. */
function withoutTag(name: string): string {
  const colonAt = name.lastIndexOf(':');
  return colonAt > name.lastIndexOf('/') ? name.slice(0, colonAt) : name;
}

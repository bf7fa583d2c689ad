/** The images on a Docker engine: which there are, which are used, and the end of one. */
import type { LocalImage } from './container-runtime.ts';
import { RuntimeError } from './container-runtime.ts';
import { ImagesAnswer, UsedImagesAnswer } from './docker-answers.ts';
import type { DockerConnection } from './docker-connection.ts';
import { imageIdOf } from './docker-state.ts';
import { ACT_TIMEOUT_MS } from './limits.ts';

const NO_NAME = /^<none>/;

/** See ContainerRuntime.images. */
export async function dockerImages(
  connection: DockerConnection,
  signal?: AbortSignal,
): Promise<readonly LocalImage[]> {
  const listImages = { operation: 'images', method: 'GET', path: '/images/json' } as const;
  const listContainers = {
    operation: 'images',
    method: 'GET',
    path: '/containers/json',
    query: { all: true },
  } as const;
  // In this order: a container made in between counts as using its image.
  const images = await connection.ask(listImages, ImagesAnswer, signal);
  const containers = await connection.ask(listContainers, UsedImagesAnswer, signal);
  const used = new Set(containers.map(({ ImageID }) => imageIdOf(ImageID)));
  return images.map(({ Id, RepoTags, RepoDigests, Size }) => ({
    id: imageIdOf(Id),
    tags: (RepoTags ?? []).filter(name => !NO_NAME.test(name)),
    digests: (RepoDigests ?? []).filter(name => !NO_NAME.test(name)),
    sizeBytes: Size,
    isUsed: used.has(imageIdOf(Id)),
  }));
}

/** See ContainerRuntime.removeImage. By its names: asked for the id, the engine refuses an image with several unless forced to remove used ones too. */
export async function removeDockerImage(
  connection: DockerConnection,
  { id, tags, digests }: Pick<LocalImage, 'id' | 'tags' | 'digests'>,
  signal?: AbortSignal,
): Promise<void> {
  for (const name of [...tags, ...digests, id]) {
    const path = `/images/${name.split('/').map(encodeURIComponent).join('/')}`;
    const request = { operation: 'removeImage', method: 'DELETE', path, timeoutMs: ACT_TIMEOUT_MS } as const;
    try {
      await connection.send(request, signal);
    } catch (error) {
      // With the last of its tags the engine removes the digests and the image itself.
      const isGone = error instanceof RuntimeError && /not-found$/.test(error.failure);
      if (!isGone) throw error;
    }
  }
}

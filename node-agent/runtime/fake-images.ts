/** The images of the fake runtime, and the registry that it pulls from. */
import {
  type ImagePresence,
  type LocalImage,
  type RegistryCredentials,
  RuntimeError,
} from './container-runtime.ts';

export class FakeImages {
  private readonly local = new Map<string, ImagePresence>();
  /** With the password that the registry wants, if any. */
  private readonly offered = new Map<string, string | undefined>();

  add(reference: string, change: { readonly sizeBytes?: number; readonly user?: string } = {}): void {
    const { sizeBytes = 1_000_000, user = '' } = change;
    this.local.set(reference, { imageId: `sha256:${reference}`, digests: [], sizeBytes, user });
  }

  offer(reference: string, password?: string): void {
    this.offered.set(reference, password);
  }

  dropId(id: string): void {
    for (const [reference, { imageId }] of this.local) if (imageId === id) this.local.delete(reference);
  }

  /** By reference or id. */
  find(name: string): ImagePresence | undefined {
    return this.local.get(name) ?? [...this.local.values()].find(({ imageId }) => imageId === name);
  }

  pull(reference: string, credentials: RegistryCredentials | undefined): void {
    if (!this.offered.has(reference))
      throw new RuntimeError('pull', 'image-not-found', `manifest for ${reference} not found`);
    const password = this.offered.get(reference);
    if (password !== undefined && credentials?.password !== password)
      throw new RuntimeError('pull', 'image-unauthorized', `unauthorized: authentication required`);
    this.add(reference);
  }

  /** `used` are the ids of the images of containers. */
  list(used: ReadonlySet<string>): readonly LocalImage[] {
    return [...this.local].map(([reference, { imageId, digests, sizeBytes }]) => ({
      id: imageId,
      tags: [reference],
      digests,
      sizeBytes,
      isUsed: used.has(imageId),
    }));
  }
}

/** What a document asks for and this node cannot give it: shown to the user as CreateContainerConfigError. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
}

/** A volume that cannot be had yet: the pod stays ContainerCreating, with the event FailedMount. The words are the kubelet's. */
export class MountError extends RenderError {
  constructor(volume: string, cause: RenderError) {
    super(`MountVolume.SetUp failed for volume "${volume}" : ${cause.message}`, { cause });
  }
}

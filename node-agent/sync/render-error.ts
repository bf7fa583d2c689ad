/** What a document asks for and this node cannot give it: shown to the user as CreateContainerConfigError. */
export class RenderError extends Error {
  override readonly name = 'RenderError';
}

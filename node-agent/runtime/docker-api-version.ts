/** Which version of Docker's API to speak, and with whom: Podman speaks it too, with differences. */

export type EngineName = 'docker' | 'podman';

/** The newest that this code was written against; older engines are spoken to in their own. */
const PREFERRED = '1.44';

/**
 * The preferred version, or the nearest that the engine speaks: Debian 12's Engine 20.10 ends at 1.41, Engine 29.0 began
 * at 1.44. `MinAPIVersion` is absent in answers of engines before 1.12.
 */
export function chooseApiVersion(engine: {
  readonly ApiVersion: string;
  readonly MinAPIVersion?: string;
}): string {
  if (compareVersions(engine.ApiVersion, PREFERRED) < 0) return engine.ApiVersion;
  const { MinAPIVersion } = engine;
  return MinAPIVersion !== undefined && compareVersions(MinAPIVersion, PREFERRED) > 0
    ? MinAPIVersion
    : PREFERRED;
}

function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

/** Podman names itself among the components of its answer. */
export function engineName(engine: {
  readonly Components?: readonly { readonly Name: string }[] | null;
}): EngineName {
  return engine.Components?.some(({ Name }) => Name === 'Podman Engine') ? 'podman' : 'docker';
}

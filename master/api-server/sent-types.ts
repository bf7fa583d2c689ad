/** Types that are sent to subresources and answered by them, and never stored. */
const sent = (group: string, kind: string, type = `V1${kind}`) => ({
  ...{ group, version: 'v1', kind, type },
  /** Errors name the kind where those of a stored object name its resource. */
  plural: kind,
});

export const SCALE = sent('autoscaling', 'Scale');
export const BINDING = sent('', 'Binding');
export const EVICTION = sent('policy', 'Eviction');
export const TOKEN_REQUEST = sent('authentication.k8s.io', 'TokenRequest', 'AuthenticationV1TokenRequest');

export const SENT_TYPES = [SCALE, BINDING, EVICTION, TOKEN_REQUEST];

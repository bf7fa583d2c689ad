/** The labels by which a container on the engine is known as Pikelet's, and as whose. Docker asks for a reversed domain name. */
export const CONTAINER_LABEL = {
  /** The cluster's id: the uid of kube-system. */
  cluster: 'dev.pikelet.cluster',
  node: 'dev.pikelet.node',
  podUid: 'dev.pikelet.pod-uid',
  podNamespace: 'dev.pikelet.pod-namespace',
  podName: 'dev.pikelet.pod-name',
  /** The container's name in its pod. */
  container: 'dev.pikelet.container',
  /** How many containers the pod had in this place before. */
  attempt: 'dev.pikelet.attempt',
  specDigest: 'dev.pikelet.spec-digest',
  /** Ids of the attached devices that it holds, with commas between them. */
  devices: 'dev.pikelet.devices',
} as const;

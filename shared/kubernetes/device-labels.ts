/** Begins the keys of node labels that say what is attached: the agent's alone, so that those which it does not report go. */
export const DEVICE_LABEL_PREFIX = 'devices.pikelet.dev/';

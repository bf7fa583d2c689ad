/** Where a cluster's files lie below its data folder. Pure. */
import { join } from 'node:path';

/** A unix socket's path may be 107 bytes long (sockaddr_un, unix(7)). */
export const MAX_SOCKET_PATH_BYTES = 107;

export type Layout = ReturnType<typeof layoutOf>;

/** Every path of the cluster in `dataDir`. */
export function layoutOf(dataDir: string) {
  return {
    dataDir,
    master: join(dataDir, 'master'),
    kubeconfig: join(dataDir, 'admin.kubeconfig'),
    dashboardToken: join(dataDir, 'dashboard-token'),
    joinToken: join(dataDir, 'join-token'),
    controlSocket: join(dataDir, 'up.sock'),
    engineLog: join(dataDir, 'dockerd.log'),
    downloads: join(dataDir, 'downloads'),
    logs: join(dataDir, 'logs'),
    devices: join(dataDir, 'devices'),
    device: (name: string) => join(dataDir, 'devices', name),
    log: (program: string) => join(dataDir, 'logs', `${program}.log`),
  } as const;
}

/** Names of the virtual devices of a cluster with `count` of them. */
export function deviceNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `pi-${index + 1}`);
}

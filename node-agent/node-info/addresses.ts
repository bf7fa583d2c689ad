/** Under which addresses others may reach the device. */

/** As `os.networkInterfaces()` gives it. */
export type Interfaces = Readonly<
  Record<
    string,
    | readonly {
        readonly address: string;
        readonly family: string;
        readonly internal: boolean;
        readonly mac: string;
      }[]
    | undefined
  >
>;

/** Of bridges and pipes that containers hang on: no other machine reaches the node by them. */
const CONTAINER_INTERFACE = /^(docker|br-|veth|cni|flannel|cali|virbr|vnet|podman)/;

/** More would only make every report longer. */
const ADDRESSES_MAX = 8;

/**
 * Kubernetes node addresses: those of the interface with the default route first, IPv4 before IPv6, then the host name.
 * `route` is the text of /proc/net/route. No address but the host name while the device is off every network.
 */
export function nodeAddresses(
  interfaces: Interfaces,
  route: string,
  hostname: string,
): readonly { readonly type: string; readonly address: string }[] {
  const outbound = defaultRouteInterface(route);
  const rank = (name: string, family: string) => (name === outbound ? 0 : 2) + (family === 'IPv4' ? 0 : 1);
  const found = Object.entries(interfaces)
    .filter(([name]) => !CONTAINER_INTERFACE.test(name))
    .flatMap(([name, addresses]) => (addresses ?? []).map(each => ({ name, ...each })))
    .filter(({ internal, address }) => !internal && !/^fe[89ab]/i.test(address))
    .sort(
      (a, b) =>
        rank(a.name, a.family) - rank(b.name, b.family) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
    )
    .slice(0, ADDRESSES_MAX)
    .map(({ address }) => ({ type: 'InternalIP', address }));
  return [...found, { type: 'Hostname', address: hostname }];
}

/** Columns: interface, destination, gateway, flags, two counters, metric. Undefined without a default route. */
function defaultRouteInterface(route: string): string | undefined {
  return route
    .split('\n')
    .map(line => line.split(/\s+/))
    .filter(([, destination]) => destination === '00000000')
    .map(([name, , , , , , metric]) => ({ name, metric: Number(metric) }))
    .sort((a, b) => a.metric - b.metric)[0]?.name;
}

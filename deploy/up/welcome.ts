/** What `up` says when the cluster serves. Pure. */

export type Welcome = {
  readonly server: string;
  readonly mqtt: string;
  readonly kubeconfig: string;
  readonly dashboardToken: string;
  readonly dataDir: string;
  /** True for the folder that `pikelet` finds by itself. */
  readonly isDefaultDataDir: boolean;
  readonly nodes: number;
  readonly leftOut: readonly string[];
};

/** The lines for the terminal. */
export function welcomeLines(welcome: Welcome): string[] {
  const { server, mqtt, kubeconfig, dashboardToken, dataDir, nodes, leftOut } = welcome;
  const pikelet = welcome.isDefaultDataDir ? 'npx pikelet' : `npx pikelet --data-dir ${dataDir}`;
  const unplug = nodes > 1 ? `${pikelet} drill unplug pi-1` : `${pikelet} top nodes`;
  return [
    'Pikelet is running; Ctrl-C stops it and leaves its data.',
    `  API         ${server}`,
    `  dashboard   ${server}/dashboard/${dashboardToken === '' ? '' : `#token=${dashboardToken}`}`,
    `  MQTT        ${mqtt}`,
    `  kubeconfig  ${kubeconfig}`,
    ...leftOut.map(
      name => `  ${name} of an earlier run is not started; "${pikelet} delete node ${name}" forgets it`,
    ),
    'Try, in another terminal:',
    `  ${pikelet} apply -f deploy/samples/hello.yaml`,
    `  ${pikelet} get pods -o wide -w`,
    `  ${unplug}`,
  ];
}

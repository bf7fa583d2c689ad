import { expect, it } from 'vitest';
import { nodeAddresses } from './addresses.ts';

const v4 = (address: string, internal = false) => ({ address, family: 'IPv4', internal, mac: 'x' });
const v6 = (address: string) => ({ address, family: 'IPv6', internal: false, mac: 'x' });
const ROUTE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask
eth0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000
wlan0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF
`;
const name = { type: 'Hostname', address: 'pi' };
const ip = (address: string) => ({ type: 'InternalIP', address });

it.each([
  {
    name: 'the default route of least metric first, IPv4 before IPv6',
    interfaces: {
      lo: [v4('127.0.0.1', true)],
      eth0: [v4('192.0.2.1')],
      wlan0: [v6('fe80::1'), v6('2001:db8::1'), v4('192.0.2.2')],
    },
    want: [ip('192.0.2.2'), ip('2001:db8::1'), ip('192.0.2.1'), name],
  },
  {
    name: 'none of containers',
    interfaces: { docker0: [v4('172.17.0.1')], 'br-1a2b': [v4('172.18.0.1')], vethabc: [v4('172.19.0.1')] },
    want: [name],
  },
  { name: 'off every network', interfaces: { lo: [v4('127.0.0.1', true)], eth0: undefined }, want: [name] },
])('lists addresses: $name', ({ interfaces, want }) => {
  expect(nodeAddresses(interfaces, ROUTE, 'pi')).toEqual(want);
});

it('keeps the list short', () => {
  const interfaces = { eth0: Array.from({ length: 20 }, (_, i) => v6(`2001:db8::${i}`)) };
  expect(nodeAddresses(interfaces, '', 'pi')).toHaveLength(9);
});

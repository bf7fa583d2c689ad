/** What the user asked for, parsed once: every fault is reported, and each names its option. */
import { parseBootstrapToken } from '../../shared/kubernetes/bootstrap-token.ts';

/** The options as they were typed. */
export type FlashOptions = {
  readonly image?: string;
  readonly output?: string;
  readonly device?: string;
  readonly yesIMean?: string;
  readonly master?: string;
  readonly token?: string;
  readonly name?: string;
  readonly hostname?: string;
  readonly wifi?: string;
  readonly wifiPassword?: string;
  readonly wifiCountry?: string;
  readonly sshKey?: string;
  readonly node?: string;
  readonly offline?: boolean;
  readonly dryRun?: boolean;
};

/** Without `password` the network is open. A password of 64 hex digits is the key itself. */
export type Wifi = { readonly ssid: string; readonly password?: string };

/** What the device is told at first boot. */
export type DeviceSettings = {
  /** `mqtt://host:port` of the master's broker. */
  readonly master: string;
  readonly token: string;
  /** The node's name. */
  readonly name: string;
  readonly hostname: string;
  readonly wifi?: Wifi;
  /** ISO 3166 code, upper case. */
  readonly wifiCountry?: string;
  readonly sshKeys: readonly string[];
  /** True when the image already holds Docker and Node.js, and nothing may be fetched. */
  readonly offline: boolean;
};

export type ParsedSettings =
  | { readonly ok: true; readonly settings: DeviceSettings }
  | { readonly ok: false; readonly faults: readonly string[] };

const DEFAULT_MQTT_PORT = 1883;
/** RFC 1123 label: it is also the device's hostname, so no dots. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
const HOST = /^([A-Za-z0-9]([-A-Za-z0-9.]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])$/;
const SSH_KEY = /^(ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+( .*)?$/;
/** Control characters, half surrogates and the line ends and marks that YAML readers treat specially. */
const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029\ufeff]/u;

/**
 * Checks and normalises the options. `generatedName` is the node's name when none was given; `sshKeyText` is the text of the
 * --ssh-key file. Never throws; `faults` holds one sentence for each fault.
 */
export function parseSettings(
  options: FlashOptions,
  given: { readonly generatedName: string; readonly sshKeyText?: string },
): ParsedSettings {
  const faults: string[] = [];
  const checked = <T>(result: Checked<T>): T | undefined => {
    if ('fault' in result) faults.push(result.fault);
    return 'fault' in result ? undefined : result.value;
  };
  const master = checked(parseMaster(options.master));
  const token = checked(parseToken(options.token));
  const name = checked(parseLabel('--name', options.name ?? given.generatedName));
  const hostname = checked(parseLabel('--hostname', options.hostname ?? name ?? given.generatedName));
  const wifi = checked(parseWifi(options));
  const wifiCountry = checked(parseCountry(options.wifiCountry));
  const sshKeys = checked(parseSshKeys(options.sshKey, given.sshKeyText));
  if (faults.length > 0 || !master || !token || !name || !hostname || !sshKeys) return { ok: false, faults };
  const offline = options.offline === true;
  return { ok: true, settings: { master, token, name, hostname, wifi, wifiCountry, sshKeys, offline } };
}

type Checked<T> = { readonly value: T } | { readonly fault: string };

function parseMaster(text: string | undefined): Checked<string> {
  if (!text)
    return { fault: '--master is missing: give the address of the master, as in mqtt://192.168.1.10:1883' };
  const fault = {
    fault: `--master ${text}: give mqtt://HOST:1883, https://HOST:6443, HOST or HOST:PORT, with an address that the device can reach`,
  };
  const [, scheme, host, portText] =
    /^(?:(mqtt|https):\/\/)?(\[[^\]]*\]|[^/:]+)(?::(\d{1,5}))?\/?$/.exec(text) ?? [];
  if (!host || !HOST.test(host)) return fault;
  // The API's port says nothing of the broker's.
  const port = scheme === 'https' || portText === undefined ? DEFAULT_MQTT_PORT : Number(portText);
  return port >= 1 && port <= 65535 ? { value: `mqtt://${host.toLowerCase()}:${port}` } : fault;
}

function parseToken(token: string | undefined): Checked<string> {
  if (!token) return { fault: '--token is missing: make one with `pikelet token create`' };
  return parseBootstrapToken(token)
    ? { value: token }
    : { fault: '--token must look like abcdef.0123456789abcdef: make one with `pikelet token create`' };
}

function parseLabel(option: string, text: string): Checked<string> {
  return LABEL.test(text)
    ? { value: text }
    : {
        fault: `${option} ${text}: use a DNS-1123 label, at most 63 of a-z, 0-9 and "-", with a letter or digit at both ends`,
      };
}

function parseWifi({ wifi, wifiPassword }: FlashOptions): Checked<Wifi | undefined> {
  if (wifi === undefined) {
    return wifiPassword === undefined ? { value: undefined } : { fault: '--wifi-password needs --wifi SSID' };
  }
  const colon = wifiPassword === undefined ? wifi.indexOf(':') : -1;
  const ssid = colon < 0 ? wifi : wifi.slice(0, colon);
  const password = colon < 0 ? wifiPassword : wifi.slice(colon + 1);
  const ssidBytes = Buffer.byteLength(ssid);
  if (ssidBytes < 1 || ssidBytes > 32 || CONTROL.test(ssid)) {
    return { fault: '--wifi: a network name has 1 to 32 bytes and no control characters' };
  }
  if (password === undefined) return { value: { ssid } };
  const bytes = Buffer.byteLength(password);
  const isKey = /^[0-9a-fA-F]{64}$/.test(password);
  return isKey || (bytes >= 8 && bytes <= 63 && !CONTROL.test(password))
    ? { value: { ssid, password } }
    : { fault: '--wifi-password: 8 to 63 bytes without control characters, or a key of 64 hex digits' };
}

function parseCountry(code: string | undefined): Checked<string | undefined> {
  if (code === undefined) return { value: undefined };
  return /^[A-Za-z]{2}$/.test(code)
    ? { value: code.toUpperCase() }
    : { fault: `--wifi-country ${code}: give the two letters of ISO 3166, as in DE or GB` };
}

function parseSshKeys(option: string | undefined, text: string | undefined): Checked<readonly string[]> {
  if (option === undefined) return { value: [] };
  const lines = (text ?? '').split('\n').map(line => line.trim());
  const keys = lines.filter(line => line !== '' && !line.startsWith('#'));
  if (lines.some(line => line.includes('PRIVATE KEY'))) {
    return {
      fault: `--ssh-key ${option}: this is a private key; give the public one (usually the same name with .pub)`,
    };
  }
  return keys.length > 0 && keys.every(key => SSH_KEY.test(key) && !CONTROL.test(key))
    ? { value: keys }
    : { fault: `--ssh-key ${option}: holds no public key in OpenSSH format` };
}

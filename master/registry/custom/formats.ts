/** The formats of string values that Kubernetes checks. Pure. Source: k8s.io/kube-openapi/pkg/validation/strfmt. */

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const DATE_TIME = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$/;
const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const UUID_3 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?3[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
const UUID_4 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?4[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i;
const UUID_5 = /^[0-9a-f]{8}-?[0-9a-f]{4}-?5[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i;
const LABEL = /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/;
const MAC = /^([0-9a-f]{2}([:-])([0-9a-f]{2}\2){4}[0-9a-f]{2}|([0-9a-f]{4}\.){2}[0-9a-f]{4})$/i;
const DURATION = /^[+-]?(\d+(\.\d*)?(ns|us|µs|μs|ms|s|m|h|d|w))+$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const SHORT_NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Longest text that a format but `byte` and `password` may have; what is longer has it not. */
const MAX_LENGTH = 4096;

const CHECKS: Readonly<Record<string, (text: string) => boolean>> = {
  'date-time': isDateTime,
  datetime: isDateTime,
  date: text => DATE.test(text) && !Number.isNaN(Date.parse(text)),
  duration: text => DURATION.test(text) || text === '0',
  email: isEmail,
  hostname: text => text.length <= 255 && text.split('.').every(label => LABEL.test(label)),
  ipv4: isIPv4,
  ipv6: isIPv6,
  cidr: isCidr,
  mac: text => MAC.test(text),
  uri: text => URL.canParse(text) || text.startsWith('/'),
  uuid: text => UUID.test(text),
  uuid3: text => UUID_3.test(text),
  uuid4: text => UUID_4.test(text),
  uuid5: text => UUID_5.test(text),
  isbn: text => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: isCreditCard,
  ssn: text => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: text => /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: isRgb,
  bsonobjectid: text => /^[0-9a-f]{24}$/i.test(text),
  'k8s-short-name': text => SHORT_NAME.test(text),
  'k8s-long-name': text => text.length <= 253 && text.split('.').every(part => SHORT_NAME.test(part)),
};

/** Formats that say something of numbers, or ask for nothing. */
const UNCHECKED = ['int32', 'int64', 'float', 'double', 'password', 'byte', 'binary', 'string'];

/** Whether Kubernetes knows the format; another one is accepted and means nothing. */
export function isKnownFormat(format: string): boolean {
  return Object.hasOwn(CHECKS, format) || UNCHECKED.includes(format);
}

/** Whether the text has the format; true for a format that is not known. */
export function hasFormat(format: string, text: string): boolean {
  if (format === 'byte') return BASE64.test(text);
  const check = Object.hasOwn(CHECKS, format) ? CHECKS[format] : undefined;
  return check === undefined || (text.length <= MAX_LENGTH && check(text));
}

function isDateTime(text: string): boolean {
  return DATE_TIME.test(text) && !Number.isNaN(Date.parse(text));
}

function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1)];
  return (
    at > 0 && /^[^\s@<>(),;:\\"[\]]+$/.test(local) && domain.split('.').every(label => LABEL.test(label))
  );
}

function isIPv4(text: string): boolean {
  return (
    /^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text) &&
    text.split('.').every(part => Number(part) <= 255)
  );
}

/** The parser of addresses in URLs is the one that the standard library has apart from the network. */
function isIPv6(text: string): boolean {
  return /^[0-9a-f:.]+$/i.test(text) && URL.canParse(`http://[${text}]/`);
}

function isCidr(text: string): boolean {
  const [address = '', length = '', ...more] = text.split('/');
  const bits = isIPv4(address) ? 32 : isIPv6(address) ? 128 : 0;
  return bits > 0 && more.length === 0 && /^(0|[1-9]\d{0,2})$/.test(length) && Number(length) <= bits;
}

function isIsbn10(text: string): boolean {
  const digits = text.replaceAll(/[- ]/g, '');
  if (!/^\d{9}[\dX]$/.test(digits)) return false;
  const sum = [...digits].reduce(
    (total, digit, index) => total + (10 - index) * (digit === 'X' ? 10 : Number(digit)),
    0,
  );
  return sum % 11 === 0;
}

function isIsbn13(text: string): boolean {
  const digits = text.replaceAll(/[- ]/g, '');
  if (!/^\d{13}$/.test(digits)) return false;
  return (
    [...digits].reduce((total, digit, index) => total + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 ===
    0
  );
}

/** Luhn's check over 13 to 19 digits. */
function isCreditCard(text: string): boolean {
  const digits = text.replaceAll(/[- ]/g, '');
  if (!/^\d{13,19}$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, index) => {
    const doubled = Number(digit) * (index % 2 === 0 ? 1 : 2);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}

function isRgb(text: string): boolean {
  const match = /^rgb\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)$/.exec(text);
  return match?.slice(1).every(part => Number(part) <= 255) ?? false;
}

/** certificates.k8s.io/v1 CertificateSigningRequest. */
import type { StatusCause } from '../../../shared/kubernetes/api-error.ts';
import type { KindMap } from '../../../shared/kubernetes/objects.ts';
import { formatDuration } from '../../../shared/kubernetes/time.ts';
import {
  checkDnsLabel,
  checkDnsSubdomain,
  checkOneOf,
  checkUnique,
  invalidValue,
  requiredValue,
} from '../field-checks.ts';
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

const REQUEST_PEM =
  /^-----BEGIN CERTIFICATE REQUEST-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE REQUEST-----\s*$/;
/** The shortest life that may be asked for, seconds. */
const MIN_SECONDS = 600;
const USAGES = [
  'signing',
  'digital signature',
  'content commitment',
  'key encipherment',
  'key agreement',
  'data encipherment',
  'cert sign',
  'crl sign',
  'encipher only',
  'decipher only',
  'any',
  'server auth',
  'client auth',
  'code signing',
  'email protection',
  's/mime',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'timestamping',
  'ocsp signing',
  'microsoft sgc',
  'netscape sgc',
];

export const certificateSigningRequest: Kind<'CertificateSigningRequest'> = {
  id: 'CertificateSigningRequest',
  kind: 'CertificateSigningRequest',
  group: 'certificates.k8s.io',
  version: 'v1',
  plural: 'certificatesigningrequests',
  singular: 'certificatesigningrequest',
  shortNames: ['csr'],
  categories: [],
  namespaced: false,
  type: 'V1CertificateSigningRequest',
  subresources: ['status', 'approval'],
  columns: [
    ageColumn,
    { name: 'SignerName', type: 'string', cell: ({ spec }) => spec.signerName },
    { name: 'Requestor', type: 'string', cell: ({ spec }) => spec.username ?? '' },
    {
      name: 'RequestedDuration',
      type: 'string',
      cell: ({ spec }) =>
        spec.expirationSeconds === undefined ? '<none>' : formatDuration(spec.expirationSeconds),
    },
    { name: 'Condition', type: 'string', cell: conditionText },
  ],
  selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
  defaults: object => object,
  validate: ({ spec }) => (spec === undefined ? [] : checkSpec(spec)),
};

type SigningRequest = KindMap['CertificateSigningRequest'];

/** As kubectl shows it: `Pending`, or the verdict, and what came of it. */
function conditionText({ status }: SigningRequest): string {
  const types = (status?.conditions ?? []).map(({ type }) => type);
  const verdict = types.includes('Denied') ? 'Denied' : types.includes('Approved') ? 'Approved' : 'Pending';
  const failed = types.includes('Failed') ? ',Failed' : '';
  return `${verdict}${failed}${status?.certificate ? ',Issued' : ''}`;
}

function checkSpec({
  request,
  usages = [],
  signerName,
  expirationSeconds,
}: SigningRequest['spec']): StatusCause[] {
  return [
    ...(request !== undefined && !REQUEST_PEM.test(Buffer.from(request, 'base64').toString('latin1'))
      ? [invalidValue('spec.request', request, 'PEM block type must be CERTIFICATE REQUEST')]
      : []),
    ...(usages.length === 0 ? [requiredValue('spec.usages')] : []),
    ...usages.flatMap((usage, index) => checkOneOf(`spec.usages[${index}]`, usage, USAGES)),
    ...checkUnique(index => `spec.usages[${index}]`, usages),
    ...checkSignerName(signerName),
    ...(expirationSeconds !== undefined && expirationSeconds < MIN_SECONDS
      ? [
          invalidValue(
            'spec.expirationSeconds',
            expirationSeconds,
            'may not specify a duration less than 600 seconds (10 minutes)',
          ),
        ]
      : []),
  ];
}

function checkSignerName(name: string | undefined): StatusCause[] {
  const field = 'spec.signerName';
  if (name === undefined) return [];
  if (name === '') return [requiredValue(field)];
  if (name === 'kubernetes.io/legacy-unknown')
    return [invalidValue(field, name, 'the legacy signerName is not allowed via this API version')];
  const [domain = '', path, ...more] = name.split('/');
  if (!path || more.length > 0)
    return [
      invalidValue(
        field,
        name,
        "must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ),
    ];
  return [
    ...checkDnsSubdomain(field, domain),
    ...path.split('.').flatMap(part => checkDnsLabel(field, part)),
  ];
}

/** certificates.k8s.io/v1 CertificateSigningRequest. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

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
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};

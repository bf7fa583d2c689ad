/** storage.k8s.io/v1 VolumeAttachment. */
import type { Kind } from '../kind.ts';
import { ageColumn } from './columns.ts';

export const volumeAttachment: Kind<'VolumeAttachment'> = {
  id: 'VolumeAttachment',
  kind: 'VolumeAttachment',
  group: 'storage.k8s.io',
  version: 'v1',
  plural: 'volumeattachments',
  singular: 'volumeattachment',
  shortNames: [],
  categories: [],
  namespaced: false,
  type: 'V1VolumeAttachment',
  subresources: ['status'],
  columns: [ageColumn],
  selectableFields: {},
  defaults: object => object,
  validate: () => [],
};

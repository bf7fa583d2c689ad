import { describe, expect, it } from 'vitest';
import type { Store } from './storage.ts';
import { readonlyFilesystem, storageWear } from './storage-conditions.ts';

const GIB = 1024 ** 3;
const DAY_SECONDS = 86_400;
const vitals = (store: Partial<Store> = {}, uptimeDays = 10) => ({
  stores: [{ name: 'mmcblk0', sizeBytes: 32 * GIB, writtenBytes: 0, ...store }],
  uptimeSeconds: uptimeDays * DAY_SECONDS,
  readOnlyFolders: [],
});

describe('the wear of storage', () => {
  it.each([
    {
      name: 'a card',
      given: vitals({ writtenBytes: 5 * GIB }),
      want: 'False WearNotTold',
      says: '0.5 GiB written a day',
    },
    {
      name: 'no storage',
      given: { ...vitals(), stores: [] },
      want: 'False WearNotTold',
      says: 'does not say',
    },
    {
      name: 'a young eMMC',
      given: vitals({ lifeUsedPercent: 10 }),
      want: 'False LifeLeft',
      says: 'up to 10 %',
    },
    {
      name: 'an old eMMC',
      given: vitals({ lifeUsedPercent: 90 }),
      want: 'True LifeNearlyUsed',
      says: 'up to 90 %',
    },
    {
      name: 'a dying eMMC',
      given: vitals({ lifeUsedPercent: 110 }),
      want: 'True LifeNearlyUsed',
      says: 'used all',
    },
    {
      name: 'an eMMC without spare blocks',
      given: vitals({ lifeUsedPercent: 10, spareUsedPercent: 90 }),
      want: 'True SpareBlocksNearlyUsed',
      says: 'replace it',
    },
    {
      name: 'a card written through and through',
      given: vitals({ writtenBytes: 400 * GIB }),
      want: 'True WrittenTooMuch',
      says: '40.0 GiB a day',
    },
    {
      name: 'a card just flashed',
      given: vitals({ writtenBytes: 400 * GIB }, 0.5),
      want: 'False WearNotTold',
      says: '400.0 GiB written since boot',
    },
  ])('of $name is $want', ({ given, want, says }) => {
    const { status, reason, message } = storageWear(given, false);
    expect(`${status} ${reason}`).toBe(want);
    expect(message).toContain(says);
  });

  it('is forgotten only well below the bound', () => {
    const near = vitals({ writtenBytes: 300 * GIB });
    expect(storageWear(near, false).status).toBe('False');
    expect(storageWear(near, true).status).toBe('True');
  });
});

it('names what cannot be written', () => {
  expect(readonlyFilesystem(vitals()).status).toBe('False');
  const broken = readonlyFilesystem({ ...vitals(), readOnlyFolders: ['/', '/var/lib/docker'] });
  expect(broken).toMatchObject({
    type: 'ReadonlyFilesystem',
    status: 'True',
    reason: 'FilesystemIsReadOnly',
  });
  expect(broken.message).toContain('/, /var/lib/docker;');
});

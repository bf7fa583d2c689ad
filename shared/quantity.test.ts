import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareQuantities,
  formatBytes,
  formatCpuMilli,
  isQuantity,
  parseBytes,
  parseCpuMilli,
} from './quantity.ts';

describe('quantities', () => {
  it.each([
    ['1', 1000],
    ['0.5', 500],
    ['100m', 100],
    ['1500u', 2],
    ['.25', 250],
    ['2e1', 20_000],
    [0.1, 100],
  ])('reads %s of CPU as %i thousandths', (text, want) => {
    expect(parseCpuMilli(text)).toBe(want);
  });

  it.each([
    ['128Mi', 134_217_728],
    ['1Ki', 1024],
    ['1k', 1000],
    ['1.5Gi', 1_610_612_736],
    ['1e3', 1000],
    ['100m', 1],
    [42, 42],
  ])('reads %s as %i bytes', (text, want) => {
    expect(parseBytes(text)).toBe(want);
  });

  it.each(['', 'abc', '1 Gi', '1KiB', '--1', '1e', 'Mi', '1.2.3', '0x10'])('refuses %j', text => {
    expect(isQuantity(text)).toBe(false);
    expect(parseBytes(text)).toBeUndefined();
  });

  it('formats what it can read back unchanged', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 40), n => {
        expect(parseBytes(formatBytes(n))).toBe(n);
        expect(parseCpuMilli(formatCpuMilli(n))).toBe(n);
      }),
    );
  });

  it('compares across units', () => {
    expect(compareQuantities('1Gi', '1024Mi')).toBe(0);
    expect(compareQuantities('999m', '1')).toBe(-1);
    expect(compareQuantities('1n', '0')).toBe(1);
  });
});

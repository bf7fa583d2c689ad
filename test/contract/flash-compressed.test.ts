import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeImage, readBootFile, SHAPES } from './flash-images.ts';
import { has, makeWorkshop, sha256, type Workshop } from './flash-workshop.ts';

let shop: Workshop;
beforeEach(() => {
  shop = makeWorkshop();
});
afterEach(() => shop.remove());

describe('a compressed image', () => {
  const compress = {
    gz: (from: string, to: string) => writeFileSync(to, gzipSync(readFileSync(from))),
    xz: by('xz'),
    zst: by('zstd'),
  };
  function by(program: string) {
    return (from: string, to: string) =>
      writeFileSync(to, execFileSync(program, ['-c', '-q', from], { maxBuffer: 1e9 }));
  }

  test.each(['gz', 'xz', 'zst'] as const)('of .%s is expanded beside it and stays as it is', async suffix => {
    if (suffix !== 'gz' && !has(suffix === 'xz' ? 'xz' : 'zstd'))
      return console.log(`skipped: no program for .${suffix}`);
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    const packed = join(shop.folder, `packed.img.${suffix}`);
    compress[suffix](shop.image, packed);
    const before = sha256(packed);
    expect(await shop.run({ image: packed, dryRun: true })).toContain('--- user-data');
    expect(existsSync(join(shop.folder, 'packed.img'))).toBe(false);
    await shop.run({ image: packed });
    await shop.run({ image: packed, name: 'w2' });
    expect(sha256(packed)).toBe(before);
    expect(await readBootFile(join(shop.folder, 'packed.img'), 'pikelet/agent.json')).toContain('"w2"');
    const elsewhere = join(shop.folder, 'other.img');
    await shop.run({ image: packed, output: elsewhere });
    expect(await readBootFile(elsewhere, 'pikelet/agent.json')).toContain('"w1"');
  });

  test('never costs a file that was there', async () => {
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    compress.gz(shop.image, `${shop.image}.gz`);
    await expect(shop.run({ image: `${shop.image}.gz` })).rejects.toThrow(
      /pi\.img exists and was not made by this command.*--output/,
    );
    writeFileSync(join(shop.folder, 'notes'), 'mine');
    compress.gz(shop.image, join(shop.folder, 'notes.gz'));
    await expect(shop.run({ image: join(shop.folder, 'notes.gz') })).rejects.toThrow('--output');
    expect(readFileSync(join(shop.folder, 'notes'), 'utf8')).toBe('mine');
  });

  test('that is damaged leaves nothing behind', async () => {
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    const packed = join(shop.folder, 'packed.img.gz');
    compress.gz(shop.image, packed);
    truncateSync(packed, 2000);
    await expect(shop.run({ image: packed })).rejects.toThrow(
      /--image .*packed\.img\.gz is damaged: download it again/,
    );
    expect(existsSync(join(shop.folder, 'packed.img'))).toBe(false);
    expect(existsSync(join(shop.folder, 'packed.img.partial'))).toBe(false);
  });

  test('of a plain image is a copy when --output is given', async () => {
    await makeImage(shop.image, SHAPES['raspios-trixie']);
    const before = sha256(shop.image);
    await shop.run({ output: join(shop.folder, 'copy.img') });
    expect(sha256(shop.image)).toBe(before);
    expect(await readBootFile(join(shop.folder, 'copy.img'), 'pikelet/agent.json')).toContain('"w1"');
  });
});

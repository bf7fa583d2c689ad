/** Runs `pikelet flash` without the command line around it, on a project that holds an agent of a few bytes. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { flash } from '../../deploy/flash/flash.ts';
import type { FlashOptions } from '../../deploy/flash/settings.ts';

export const TOKEN = 'q1w2e3.r4t5y6u7i8o9p0a1';
export const OTHER_TOKEN = 'ghijkl.0123456789ghijkl';
export const AGENT = '// the agent\n'.repeat(20_000);

export type Workshop = {
  readonly folder: string;
  /** Where the image of a test lies; nothing is there at first. */
  readonly image: string;
  readonly project: string;
  /** Flashes `image` for node w1, unless told otherwise, and returns what was printed. */
  readonly run: (options: FlashOptions) => Promise<string>;
  readonly remove: () => void;
};

/** A fresh folder with all that the command needs. */
export function makeWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'pikelet-flash-test-'));
  const image = join(folder, 'pi.img');
  const project = join(folder, 'project');
  mkdirSync(join(project, 'deploy/install'), { recursive: true });
  mkdirSync(join(project, 'dist'));
  copyFileSync('deploy/install/install.sh', join(project, 'deploy/install/install.sh'));
  writeFileSync(join(project, 'dist/agent.cjs'), AGENT);
  const run = async (options: FlashOptions) => {
    const printed: string[] = [];
    await flash(
      { image, master: '10.0.0.1', token: TOKEN, name: 'w1', ...options },
      {
        project,
        out: text => printed.push(text),
        say: () => {},
        randomHex: digits => '0123456789abcdef'.slice(0, digits),
      },
    );
    return printed.join('');
  };
  return { folder, image, project, run, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** True when the program is installed. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version']).error === undefined;
}

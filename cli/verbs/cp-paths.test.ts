import { describe, expect, it } from 'vitest';
import { archivedPath, parseCopyPath, relativeEntry } from './cp-paths.ts';

describe('paths of cp', () => {
  it.each([
    ['file', { path: 'file' }],
    ['./odd:name', { path: './odd:name' }],
    ['/odd:name', { path: '/odd:name' }],
    ['web:/tmp/x', { pod: 'web', path: '/tmp/x' }],
    ['apps/web:x', { namespace: 'apps', pod: 'web', path: 'x' }],
    ['web:a:b', { pod: 'web', path: 'a:b' }],
  ])('%s', (word, want) => {
    expect(parseCopyPath(word)).toEqual(want);
  });

  it.each([':x', 'a/b/c:x', 'a/:x', 'web:'])('%s is none', word => {
    expect(() => parseCopyPath(word)).toThrow(/file\/path/);
  });

  it.each([
    ['tmp/x', '/tmp/x', ''],
    ['tmp/x/', '/tmp/x', ''],
    ['tmp/x/a/b', '/tmp/x/', 'a/b'],
    ['./a', '.', 'a'],
    ['etc/passwd', '/', 'etc/passwd'],
  ])('%s of %s lies at %j', (name, source, want) => {
    expect(relativeEntry(name, archivedPath(source))).toBe(want);
  });

  it.each(['tmp/x/../../etc', '../x', 'tmp/xy', '/etc/passwd', '..'])('%s would leave /tmp/x', name => {
    expect(() => relativeEntry(name, 'tmp/x')).toThrow(/lies outside/);
  });
  it.each(['../x', 'a/../../x'])('%s would leave the working folder', name => {
    expect(() => relativeEntry(name, '.')).toThrow(/lies outside/);
  });
});

import { describe, expect, it } from 'vitest';
import { parseResourcePath } from './resource-path.ts';

describe('resource paths', () => {
  it.each([
    ['/api/v1/pods', { group: '', version: 'v1', plural: 'pods' }],
    ['/api/v1/namespaces/a/pods/b', { group: '', version: 'v1', namespace: 'a', plural: 'pods', name: 'b' }],
    [
      '/api/v1/namespaces/a/pods/b/log',
      { group: '', version: 'v1', namespace: 'a', plural: 'pods', name: 'b', subresource: 'log' },
    ],
    [
      '/api/v1/namespaces/a/pods/http:b:80/proxy/some/page',
      {
        group: '',
        version: 'v1',
        namespace: 'a',
        plural: 'pods',
        name: 'http:b:80',
        subresource: 'proxy',
      },
    ],
    ['/api/v1/namespaces', { group: '', version: 'v1', plural: 'namespaces' }],
    ['/api/v1/namespaces/a', { group: '', version: 'v1', plural: 'namespaces', name: 'a' }],
    [
      '/api/v1/namespaces/a/status',
      { group: '', version: 'v1', plural: 'namespaces', name: 'a', subresource: 'status' },
    ],
    ['/apis/apps/v1/deployments', { group: 'apps', version: 'v1', plural: 'deployments' }],
    [
      '/apis/apps/v1/namespaces/a/deployments/b/scale',
      {
        group: 'apps',
        version: 'v1',
        namespace: 'a',
        plural: 'deployments',
        name: 'b',
        subresource: 'scale',
      },
    ],
    [
      '/api/v1/nodes/pi%2D1/status',
      { group: '', version: 'v1', plural: 'nodes', name: 'pi-1', subresource: 'status' },
    ],
  ])('%s', (path, want) => {
    expect(parseResourcePath(path)).toEqual({ ...want, isWatchPath: false });
  });

  it.each([
    '/',
    '/api',
    '/apis',
    '/api/v1',
    '/apis/apps',
    '/apis/apps/v1',
    '/version',
    '/api/v1/pods/a/b/c',
    '/api/v1/%zz',
    '/api/v1/namespaces/a/pods/b/c/d',
  ])('%s names no resource', path => {
    expect(parseResourcePath(path)).toBeUndefined();
  });

  it('reads the old watch paths', () => {
    expect(parseResourcePath('/api/v1/watch/namespaces/a/pods')).toMatchObject({
      plural: 'pods',
      namespace: 'a',
      isWatchPath: true,
    });
  });
});

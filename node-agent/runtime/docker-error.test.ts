import { expect, it } from 'vitest';
import { dockerFailure, toRuntimeError } from './docker-error.ts';

it.each([
  // Sentences as Engine 20.10 to 28 write them.
  ['pull', 404, 'manifest for app:9 not found: manifest unknown: manifest unknown', 'image-not-found'],
  [
    'pull',
    404,
    "pull access denied for app, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
    'image-not-found',
  ],
  [
    'pull',
    undefined,
    'no matching manifest for linux/arm/v7 in the manifest list entries',
    'image-not-found',
  ],
  ['pull', 500, 'Head "https://r.example/v2/app/manifests/1": unauthorized', 'image-unauthorized'],
  ['pull', 500, 'Get "https://r.example/v2/": no basic auth credentials', 'image-unauthorized'],
  [
    'pull',
    500,
    'Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host',
    'registry-unreachable',
  ],
  ['pull', 500, 'Get "https://r.example/v2/": net/http: TLS handshake timeout', 'registry-unreachable'],
  [
    'pull',
    500,
    'Get "https://r.example/v2/": x509: certificate has expired or is not yet valid',
    'registry-unreachable',
  ],
  ['pull', 500, 'toomanyrequests: You have reached your pull rate limit', 'registry-unreachable'],
  ['pull', undefined, 'failed to register layer: write /usr/lib/x: no space left on device', 'no-space'],
  ['create', 404, 'No such image: app:1', 'image-not-found'],
  ['create', 500, 'mkdir /var/lib/docker/overlay2/x: no space left on device', 'no-space'],
  ['create', 409, 'Conflict. The container name "/x" is already in use by container "y".', 'conflict'],
  ['create', 400, 'invalid reference format', 'invalid'],
  ['create', 400, 'invalid mount config for type "bind": bind source path does not exist: /x', 'invalid'],
  ['start', 404, 'No such container: abc', 'not-found'],
  [
    'start',
    400,
    'failed to create shim task: OCI runtime create failed: exec: "nope": executable file not found in $PATH',
    'invalid',
  ],
  [
    'start',
    500,
    'driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:80 failed: port is already allocated',
    'conflict',
  ],
  ['start', 500, 'dial tcp 10.0.0.1:2049: i/o timeout', 'other'],
  ['remove', 409, 'removal of container abc is already in progress', 'conflict'],
  ['list', 503, 'service unavailable', 'unreachable'],
  ['list', 500, 'something new', 'other'],
] as const)('%s %s "%s" is %s', (operation, statusCode, message, want) => {
  expect(dockerFailure({ operation, statusCode, message })).toBe(want);
});

it.each([
  ['ENOENT', 'install Docker'],
  ['ECONNREFUSED', 'systemctl start docker'],
  ['EACCES', 'run the agent as root'],
  ['ETIMEDOUT', 'systemctl restart docker'],
  ['ECONNRESET', 'broke (ECONNRESET)'],
])('says what to do about %s', (code, advice) => {
  const cause = Object.assign(new Error(`connect ${code}`), { code });
  const error = toRuntimeError('list', cause, '/run/x.sock');
  expect(error).toMatchObject({ failure: 'unreachable', operation: 'list', cause });
  expect(error.message).toContain(advice);
  expect(error.message).toContain('/run/x.sock');
});

it('takes the words of Docker, without the code that dockerode puts before them', () => {
  const withJson = Object.assign(new Error('(HTTP code 500) server error - x '), {
    statusCode: 500,
    json: { message: 'Docker says so' },
  });
  expect(toRuntimeError('start', withJson, '').message).toBe('Docker says so');
  const without = Object.assign(new Error('(HTTP code 500) server error - a - b '), { statusCode: 500 });
  expect(toRuntimeError('start', without, '').message).toBe('a - b');
});

it('takes no programming error for an engine that is away', () => {
  const error = Object.assign(new TypeError('bad path'), { code: 'ERR_UNESCAPED_CHARACTERS' });
  expect(toRuntimeError('image', error, '').failure).toBe('other');
});

it.each([
  'open /var/lib/docker/overlay2/666140a131e2bf3199722c93cb2fe0f5bf73637e98df5af974415d58426d9f36/committed: no such file or directory',
  'error creating overlay mount to /var/lib/docker/overlay2/81cb52b8eff79022b9e43c88/merged: no such file or directory',
  'layer does not exist',
])('says how to mend "%s"', message => {
  const error = Object.assign(new Error(message), { statusCode: 500, json: { message } });
  expect(toRuntimeError('create', error, '').message).toContain('remove its data folder');
});

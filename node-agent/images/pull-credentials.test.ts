import { expect, it } from 'vitest';
import { aDocument } from '../sync/pod-builders.ts';
import { PullSecretError, pullCredentials, pullKeyOf } from './pull-credentials.ts';

const base64 = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64');
const withSecrets = (
  secrets: Readonly<Record<string, Readonly<Record<string, string>>>>,
  ...names: string[]
) =>
  aDocument({
    secrets: Object.fromEntries(Object.entries(secrets).map(([name, data]) => [name, { data }])),
    spec: { imagePullSecrets: names.map(name => ({ name })) },
  });
const aConfig = (auths: object) => ({ '.dockerconfigjson': base64({ auths }) });
const usersFor = (image: string, ...keys: string[]) => {
  const auths = Object.fromEntries(keys.map(key => [key, { username: key, password: 'p' }]));
  return pullCredentials(withSecrets({ s: aConfig(auths) }, 's'), image).credentials.map(
    ({ username }) => username,
  );
};

it.each([
  { image: 'r.example/app:1', keys: ['r.example'], want: ['r.example'] },
  { image: 'r.example/app:1', keys: ['https://r.example/v2/'], want: ['https://r.example/v2/'] },
  {
    image: 'r.example/team/app',
    keys: ['r.example', 'r.example/team'],
    want: ['r.example/team', 'r.example'],
  },
  { image: 'r.example/other/app', keys: ['r.example/team'], want: [] },
  { image: 'r.example:5000/app', keys: ['r.example'], want: [] },
  { image: 'r.example:5000/app', keys: ['r.example:5000'], want: ['r.example:5000'] },
  { image: 'eu.r.example/app', keys: ['*.r.example'], want: ['*.r.example'] },
  { image: 'a.eu.r.example/app', keys: ['*.r.example'], want: [] },
  { image: 'xr.example/app', keys: ['?r.example'], want: ['?r.example'] },
  { image: 'r.example/app', keys: ['rxexample', '[r.example'], want: [] },
  { image: 'nginx', keys: ['https://index.docker.io/v1/'], want: ['https://index.docker.io/v1/'] },
  { image: 'team/app', keys: ['index.docker.io'], want: ['index.docker.io'] },
  { image: 'nginx', keys: ['docker.io', 'index.docker.io'], want: ['docker.io'] },
  { image: 'nginx', keys: ['r.example'], want: [] },
])('finds for $image among $keys: $want', ({ image, keys, want }) => {
  expect(usersFor(image, ...keys)).toEqual(want);
});

it('reads both kinds of Secret, and auth before name and password', () => {
  const legacy = { '.dockercfg': base64({ 'r.example': { auth: base64('me:pa:ss'), username: 'not me' } }) };
  const document = withSecrets(
    { old: legacy, new: aConfig({ 'r.example': { username: 'u', password: 'p' } }) },
    'old',
    'new',
  );
  expect(pullCredentials(document, 'r.example/app').credentials).toEqual([
    { username: 'me', password: 'pa:ss', serveraddress: 'r.example' },
    { username: 'u', password: 'p', serveraddress: 'r.example' },
  ]);
});

it('names Secrets that are missing', () => {
  const document = withSecrets({ there: aConfig({}) }, 'there', 'gone');
  expect(pullCredentials(document, 'app')).toEqual({ credentials: [], missing: ['gone'] });
});

it.each([
  { data: '{' },
  { data: base64('not json') },
  { data: base64({ auths: { r: { auth: base64('x') } } }) },
])('refuses a Secret that holds $data, and does not quote it', ({ data }) => {
  const read = () => pullCredentials(withSecrets({ s: { '.dockerconfigjson': data } }, 's'), 'app');
  expect(read).toThrow(new PullSecretError('imagePullSecret "s" is not a valid Docker configuration'));
});

it('tells pulls with other Secrets, or a changed one, apart', () => {
  const document = (password: string) => withSecrets({ s: aConfig({ r: { username: 'u', password } }) }, 's');
  expect(pullKeyOf(document('a'), 'r/app')).toBe(pullKeyOf(document('a'), 'r/app'));
  expect(pullKeyOf(document('a'), 'r/app')).not.toBe(pullKeyOf(document('b'), 'r/app'));
  expect(pullKeyOf(aDocument(), 'r/app')).toBe('r/app');
});

import type * as core from 'kubernetes-types/core/v1';
import { expect, it } from 'vitest';
import { aContainer, aDocument } from './pod-builders.ts';
import { securityOf } from './render-security.ts';

function security(own: core.SecurityContext, pod: core.PodSecurityContext = {}, imageUser = '') {
  const document = aDocument({ spec: { securityContext: pod } });
  const container = aContainer({ securityContext: own });
  return securityOf(document, container, { imageUser, seccompFolder: '/data/seccomp' });
}

const WHERE = '(pod: "pod-1_default(uid-1)", container: web)';

it.each<{
  name: string;
  own?: core.SecurityContext;
  pod?: core.PodSecurityContext;
  image?: string;
  want: object;
}>([
  { name: 'leaves the user to the image', image: 'app', want: { user: undefined } },
  { name: 'takes the user of the pod', pod: { runAsUser: 7, runAsGroup: 8 }, want: { user: '7:8' } },
  {
    name: 'takes its own user first',
    own: { runAsUser: 1 },
    pod: { runAsUser: 7, runAsGroup: 8 },
    want: { user: '1:8' },
  },
  {
    name: 'puts a group to the image’s user',
    own: { runAsGroup: 5 },
    image: 'app:app',
    want: { user: 'app:5' },
  },
  { name: 'puts a group to root', own: { runAsGroup: 5 }, want: { user: '0:5' } },
  {
    name: 'takes an image with a user for non-root',
    own: { runAsNonRoot: true },
    image: '65532',
    want: { user: undefined },
  },
  {
    name: 'says nothing of seccomp',
    want: { seccomp: undefined, appArmor: undefined, noNewPrivileges: false },
  },
  {
    name: 'takes no profile',
    own: { seccompProfile: { type: 'Unconfined' } },
    want: { seccomp: { kind: 'unconfined' } },
  },
  {
    name: 'takes its own profile first',
    own: { seccompProfile: { type: 'RuntimeDefault' } },
    pod: { seccompProfile: { type: 'Unconfined' } },
    want: { seccomp: undefined },
  },
  {
    name: 'finds a profile on the device',
    pod: { seccompProfile: { type: 'Localhost', localhostProfile: 'a/b.json' } },
    want: { seccomp: { kind: 'file', path: '/data/seccomp/a/b.json' } },
  },
  {
    name: 'names a profile of AppArmor',
    own: { appArmorProfile: { type: 'Localhost', localhostProfile: 'k8s-deny-write' } },
    want: { appArmor: 'k8s-deny-write' },
  },
  {
    name: 'forbids new privileges, and shows all of /proc',
    own: { allowPrivilegeEscalation: false, procMount: 'Unmasked' },
    want: { noNewPrivileges: true, unmaskedProc: true },
  },
])('$name', ({ own = {}, pod, image, want }) => {
  expect(security(own, pod, image)).toMatchObject(want);
});

it.each([
  { image: '', runAsUser: undefined, want: `container has runAsNonRoot and image will run as root ${WHERE}` },
  {
    image: '0:5',
    runAsUser: undefined,
    want: `container has runAsNonRoot and image will run as root ${WHERE}`,
  },
  {
    image: 'app',
    runAsUser: undefined,
    want: `container has runAsNonRoot and image has non-numeric user (app), cannot verify user is non-root ${WHERE}`,
  },
  { image: '1000', runAsUser: 0, want: `container's runAsUser breaks non-root policy ${WHERE}` },
])('refuses what would run as root: "$image", $runAsUser', ({ image, runAsUser, want }) => {
  expect(() => security({ runAsUser }, { runAsNonRoot: true }, image)).toThrow(want);
});

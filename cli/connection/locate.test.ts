import { expect, test } from 'vitest';
import { locateKubeconfig, type Places } from './locate.ts';

const places: Places = { env: {}, cwd: '/home/pi/work', home: '/home/pi', installDir: '/opt/pikelet' };
const files =
  (...paths: string[]) =>
  (path: string) =>
    paths.includes(path);
const NEAR = '/home/pi/.pikelet/admin.kubeconfig';
const INSTALLED = '/opt/pikelet/.pikelet/admin.kubeconfig';
const HOME = '/home/pi/.kube/config';

test.each([
  [
    '--kubeconfig first',
    { kubeconfig: 'k', dataDir: 'd' },
    { KUBECONFIG: 'e' },
    [NEAR],
    ['/home/pi/work/k'],
    true,
  ],
  ['then --data-dir', { dataDir: '/d' }, { KUBECONFIG: 'e' }, [NEAR], ['/d/admin.kubeconfig'], true],
  ['then KUBECONFIG', {}, { KUBECONFIG: '/e:f:' }, [NEAR], ['/e', '/home/pi/work/f'], true],
  ['then the nearest', {}, {}, [NEAR, INSTALLED, HOME], [NEAR], false],
  ['then the installed', {}, { KUBECONFIG: '' }, [INSTALLED, HOME], [INSTALLED], false],
  ['then home', {}, {}, [HOME], [HOME], false],
  ['or nothing', {}, {}, [], [], false],
])('%s', (_, options, env, present, paths, named) =>
  expect(locateKubeconfig(options, { ...places, env }, files(...present))).toEqual({ paths, named }),
);

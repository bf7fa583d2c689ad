/** Bodies in protobuf: what the API makes of them is what it makes of the same object in JSON. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Json, startTestApi, type TestApi } from '../support/api.ts';
import { type CommandResult, runCommand } from '../support/command.ts';
import { encodeProtobuf } from '../support/encode-protobuf.ts';
import { kubectlPath } from '../support/kubectl.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(() => api.stop());

const PROTOBUF = { 'content-type': 'application/vnd.kubernetes.protobuf' };
const MAPS = '/api/v1/namespaces/default/configmaps';
const aMap = (name: string, data: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});
const send = (method: string, path: string, body: Buffer) =>
  api.call(path, { method, body, headers: PROTOBUF });

describe('a body in protobuf', () => {
  it('creates, replaces and deletes, and is answered in JSON', async () => {
    const created = await send('POST', MAPS, encodeProtobuf('core.v1.ConfigMap', aMap('pb', { a: '1' })));
    expect(created).toMatchObject({ code: 201, headers: { 'content-type': 'application/json' } });
    const next = encodeProtobuf('core.v1.ConfigMap', aMap('pb', { a: '2' }));
    expect((await send('PUT', `${MAPS}/pb`, next)).json().data).toEqual({ a: '2' });
    const options = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: 'of another' } };
    const refused = await send('DELETE', `${MAPS}/pb`, encodeProtobuf('meta.v1.DeleteOptions', options));
    expect(refused.json()).toMatchObject({ code: 409, reason: 'Conflict' });
    const { uid } = created.json().metadata;
    const meant = { ...options, preconditions: { uid } };
    const deleted = await send('DELETE', `${MAPS}/pb`, encodeProtobuf('meta.v1.DeleteOptions', meant));
    expect(deleted.json()).toMatchObject({ status: 'Success', details: { uid } });
  });

  it.each([
    ['of another kind', 'core.v1.Secret', 'must be of type ConfigMap'],
    ['of no kind', 'core.v1.Nonsense', 'no kind "Nonsense" is registered for version "v1"'],
  ])('%s is a bad request', async (_, message, why) => {
    const object = { apiVersion: 'v1', kind: message.split('.')[2], metadata: { name: 'x' } };
    const { code, text } = await send('POST', MAPS, encodeProtobuf(message, object));
    expect([code, JSON.parse(text).message]).toEqual([400, expect.stringContaining(why)]);
  });

  it('is no patch', async () => {
    const body = encodeProtobuf('core.v1.ConfigMap', aMap('patched', {}));
    await send('POST', MAPS, body);
    expect((await send('PATCH', `${MAPS}/patched`, body)).code).toBe(415);
  });
});

describe.skipIf(kubectlPath === undefined)('kubectl', () => {
  const kubectl = (...args: string[]): Promise<CommandResult> =>
    runCommand([kubectlPath ?? '', '--kubeconfig', api.kubeconfig, ...args]);
  const json = async (...args: string[]): Promise<Json> => {
    const { code, stdout, stderr } = await kubectl(...args, '-o', 'json');
    expect([args, code, stderr]).toEqual([args, 0, expect.any(String)]);
    return JSON.parse(stdout);
  };
  /** Without what the server gives each object anew. */
  const withoutIdentity = (given: Json) => {
    // A Job selects its pods by its own uid.
    const { metadata, spec, ...object } = JSON.parse(
      JSON.stringify(given).replaceAll(given.metadata.uid, 'its uid'),
    );
    return {
      ...object,
      spec: { ...spec, clusterIP: undefined, clusterIPs: undefined },
      metadata: { name: metadata.name, namespace: metadata.namespace, labels: metadata.labels },
    };
  };

  it.each([
    'configmap made --from-literal=a=1',
    'secret generic made --from-literal=p=q',
    'namespace made',
    'deployment made --image=nginx:1 --replicas=2 --port=80',
    'job made --image=busybox -- true',
    'cronjob made --image=busybox --schedule=@daily -- true',
    'serviceaccount made',
    'role made --verb=get --resource=pods',
    'rolebinding made --role=made --serviceaccount=default:made',
    'clusterrole made --verb=get --resource=pods',
    'clusterrolebinding made --clusterrole=made --user=someone',
    'service clusterip made --tcp=80:8080',
    'ingress made --rule=a.example.com/=made:80',
    'quota made --hard=cpu=1,pods=2',
    'poddisruptionbudget made --selector=app=made --min-available=50%',
    'priorityclass made --value=1000 --description=urgent',
  ])('create %s', async command => {
    const [args, program] = command.split(' -- ').map(part => part.split(' '));
    const [create, rest] = [['create', ...(args ?? [])], program === undefined ? [] : ['--', ...program]];
    // Printed, not sent, by the first; sent as JSON by the second; in protobuf by the third.
    const { stdout: manifest } = await kubectl(...create, '--dry-run=client', '-o', 'json', ...rest);
    const sent = ['--kubeconfig', api.kubeconfig, 'create', '-f', '-', '--dry-run=server', '-o', 'json'];
    const { stdout: wanted } = await runCommand([kubectlPath ?? '', ...sent], { input: manifest });
    expect(await kubectl(...create, ...rest)).toMatchObject({ code: 0, stderr: '' });
    const made = await json('get', JSON.parse(manifest).kind, 'made');
    expect(withoutIdentity(made)).toEqual(withoutIdentity(JSON.parse(wanted)));
  });

  it('validates and applies a List by OpenAPI v2', async () => {
    const apply = (data: object) => {
      const list = { apiVersion: 'v1', kind: 'List', items: [{ ...aMap('listed', { a: '1' }), ...data }] };
      const args = ['--kubeconfig', api.kubeconfig, 'apply', '-f', '-'];
      return runCommand([kubectlPath ?? '', ...args], { input: JSON.stringify(list) });
    };
    expect(await apply({})).toEqual({ code: 0, stdout: 'configmap/listed created\n', stderr: '' });
    expect(await apply({ bogus: 1 })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown field "bogus" in io.k8s.api.core.v1.ConfigMap'),
    });
    expect((await json('get', 'configmap', 'listed')).data).toEqual({ a: '1' });
  });

  it('explains by the names that Kubernetes has', async () => {
    const { stdout } = await kubectl('explain', 'deployment.spec.template.spec.containers', '--recursive');
    expect(stdout).toMatch(/FIELD: containers <\[\]Container>/);
    expect(stdout).toMatch(/^ {2}resources\t<ResourceRequirements>$/m);
    expect(stdout).toMatch(/^ {4}limits\t<map\[string\]Quantity>$/m);
  });
});

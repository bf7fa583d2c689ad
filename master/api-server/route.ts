/** From a path to its handler, past the one question whether this caller may. */

import type { Logger } from 'pino';
import type { Clock } from '../../shared/clock.ts';
import { digestOf } from '../../shared/digest.ts';
import { ApiError } from '../../shared/kubernetes/api-error.ts';
import type { KindName, ObjectRef } from '../../shared/kubernetes/objects.ts';
import type { Authorizer } from '../auth/authorize.ts';
import { requireAccess } from '../auth/forbidden.ts';
import { ISSUER, type ServiceAccountTokens } from '../auth/service-account/tokens.ts';
import type { Kind } from '../registry/kind.ts';
import type { KindTable } from '../registry/kinds.ts';
import type { ObjectRegistry } from '../registry/object-registry.ts';
import type { Part } from '../registry/registry.ts';
import type { Store } from '../store/store.ts';
import type { ObjectCache } from '../watch/object-cache.ts';
import type { UsageReader } from '../watch/usage-reader.ts';
import { APPLY_PATCH, applyConfiguration } from './apply.ts';
import { approveRequest } from './approve.ts';
import type { CallCount } from './call-count.ts';
import { contentTypeOf } from './decode-body.ts';
import {
  aggregatedDiscovery,
  apiGroup,
  apiGroupList,
  apiResourceList,
  apiVersions,
  BINDINGS,
  groupVersions,
  METRICS_GROUP,
} from './discovery.ts';
import { changeEphemeralContainers } from './ephemeral-containers.ts';
import type { Exchange } from './exchange.ts';
import { getObject, listObjects } from './list.ts';
import { sendMetrics } from './metrics.ts';
import type { OpenApiDocuments } from './openapi/openapi-documents.ts';
import { type OpenLogs, sendPodLog } from './pod-log.ts';
import { EXPOSITION_TYPE, expositionText } from './prometheus/exposition.ts';
import { figures } from './prometheus/figures.ts';
import { type RequestCount, requestLabels } from './prometheus/request-count.ts';
import { parseResourcePath, type ResourcePath } from './resource-path.ts';
import { answerReview, reviewAt } from './reviews.ts';
import { scaleObject } from './scale.ts';
import type { StaticFiles } from './static-files.ts';
import type { OpenStream } from './streams/node-stream.ts';
import { serveProxy } from './streams/proxy.ts';
import { type StreamCount, serveCommand, servePortForward } from './streams/serve.ts';
import { bindPod, evictPod, finalizeNamespace } from './subresources.ts';
import { sendTagged } from './tagged.ts';
import { createToken } from './token-request.ts';
import { VERSION } from './version.ts';
import { type WatchCount, watchObjects } from './watch.ts';
import { createObject, deleteCollection, deleteObject, patchObject, replaceObject } from './write.ts';

export type RouteDeps = {
  readonly cache: ObjectCache;
  readonly store: Store;
  readonly registry: ObjectRegistry;
  readonly kinds: KindTable;
  readonly authorizer: Authorizer;
  readonly tokens: ServiceAccountTokens;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly usage: UsageReader;
  readonly openLogs: OpenLogs;
  readonly openStream: OpenStream;
  readonly files: StaticFiles;
  readonly calls: CallCount;
  readonly watches: WatchCount;
  readonly requests: RequestCount;
  readonly streams: StreamCount;
  readonly openApi: OpenApiDocuments;
};

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** Kubernetes counts neither what may last nor the questions of who watches over the master. */
const LASTING_SUBRESOURCES = ['attach', 'exec', 'log', 'portforward', 'proxy'];
const HEALTH_PATHS = ['/healthz', '/livez', '/readyz'];

export async function route(deps: RouteDeps, exchange: Exchange): Promise<void> {
  if (await deps.files.answer(exchange)) return;
  const path = parseResourcePath(exchange.url.pathname);
  if (!isCounted(exchange, path)) return await routeTo(deps, exchange, path);
  const leave = deps.calls.enter(exchange.identity.user);
  try {
    await routeTo(deps, exchange, path);
  } finally {
    exchange.onceClosed(leave);
  }
}

function isCounted(exchange: Exchange, path: ResourcePath | undefined): boolean {
  if (path === undefined) return !HEALTH_PATHS.includes(exchange.url.pathname);
  return !LASTING_SUBRESOURCES.includes(path.subresource ?? '') && verbOf(exchange, path) !== 'watch';
}

async function routeTo(deps: RouteDeps, exchange: Exchange, path: ResourcePath | undefined): Promise<void> {
  const { pathname } = exchange.url;
  if (path !== undefined) return await routeResource(deps, exchange, path);
  requireAccess(deps.authorizer, exchange.identity, {
    verb: exchange.method === 'GET' ? 'get' : exchange.method.toLowerCase(),
    path: pathname,
  });
  if (exchange.method !== 'GET' && exchange.method !== 'HEAD') throw methodNotAllowed();
  await routePath(deps, exchange, pathname.replace(/\/+$/, '') || '/');
}

async function routePath(deps: RouteDeps, exchange: Exchange, pathname: string): Promise<void> {
  const json = (value: object) => exchange.sendJson(200, JSON.stringify(value));
  const isAggregated =
    /as=APIGroupDiscoveryList/.test(exchange.header('accept') ?? '') &&
    /v=v2[,;]|v=v2$/.test(exchange.header('accept') ?? '');
  switch (pathname) {
    case '/':
      return json({
        paths: [
          ...['/api', '/apis', '/dashboard/', '/healthz', '/livez', '/metrics', '/openapi/v2', '/openapi/v3'],
          ...['/readyz', '/version'],
        ],
      });
    case '/version':
      return json(VERSION);
    case '/healthz':
    case '/livez':
    case '/readyz':
      return exchange.send(200, 'text/plain; charset=utf-8', 'ok');
    case '/api':
    case '/apis': {
      const root = pathname === '/api' ? 'api' : 'apis';
      const served = groupVersions(deps.kinds.served());
      if (isAggregated) {
        const text = JSON.stringify(aggregatedDiscovery(root, served));
        return sendTagged(exchange, { digest: digestOf(text), contentType: AGGREGATED }, () => text);
      }
      return json(root === 'api' ? apiVersions(exchange.header('host') ?? '') : apiGroupList(served));
    }
    case '/metrics':
      return exchange.send(200, EXPOSITION_TYPE, expositionText(figures(deps)));
    case '/.well-known/openid-configuration':
      return json(openIdConfiguration(exchange));
    case '/openid/v1/jwks':
      return exchange.sendJson(200, JSON.stringify(deps.tokens.keySet()), 'application/jwk-set+json');
    case '/openapi/v3':
      return await deps.openApi.sendIndex(exchange);
    case '/openapi/v2':
      return await deps.openApi.sendV2(exchange);
    default:
      return await routeBelow(deps, exchange, pathname);
  }
}

/** What others need to verify service accounts' tokens. [OpenID Connect Discovery 1.0] */
function openIdConfiguration(exchange: Exchange) {
  return {
    issuer: ISSUER,
    jwks_uri: new URL(
      '/openid/v1/jwks',
      `https://${exchange.header('host') ?? exchange.header(':authority')}`,
    ),
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256'],
  };
}

async function routeBelow(deps: RouteDeps, exchange: Exchange, pathname: string): Promise<void> {
  const v3 = '/openapi/v3/';
  if (pathname.startsWith(v3) && (await deps.openApi.sendV3(exchange, pathname.slice(v3.length)))) return;
  const match = /^\/apis\/([^/]+)(?:\/([^/]+))?$/.exec(pathname) ?? /^\/api(\/)([^/]+)$/.exec(pathname);
  const [, name, version] = match ?? [];
  const served = groupVersions(deps.kinds.served());
  const found = served.filter(candidate => candidate.group === (name === '/' ? '' : name));
  const exact = found.find(candidate => candidate.version === version);
  if (exact !== undefined) return exchange.sendJson(200, JSON.stringify(apiResourceList(exact)));
  if (version === undefined && name !== undefined && found.length > 0)
    return exchange.sendJson(200, JSON.stringify(apiGroup(name, served)));
  throw unknownPath();
}

async function routeResource(deps: RouteDeps, exchange: Exchange, path: ResourcePath): Promise<void> {
  const { group, version, plural: resource, subresource, namespace, name } = path;
  const verb = verbOf(exchange, path);
  const kind = deps.kinds.find(group, version, resource);
  const isServed = subresource === undefined || kind?.subresources.some(known => known === subresource);
  if (kind !== undefined && isServed) exchange.counted = requestLabels(path, verb);
  // A namespace lies in itself, so that its own roles may let someone read it.
  const home = group === '' && resource === 'namespaces' ? name : namespace;
  requireAccess(deps.authorizer, exchange.identity, {
    verb,
    group,
    resource,
    subresource,
    namespace: home,
    name,
  });
  const review = reviewAt(path);
  if (review !== undefined) return await answerReview(deps, exchange, review, path);
  if (isBindings(path)) {
    if (exchange.method !== 'POST') throw methodNotAllowed();
    return await bindPod(deps, exchange, { namespace });
  }
  if (group === METRICS_GROUP.group && version === METRICS_GROUP.version)
    return sendMetrics({ view: deps.cache, usage: deps.usage, nowMs: deps.clock.nowMs() }, exchange, path);
  if (kind === undefined || (namespace !== undefined && !kind.namespaced)) throw unknownPath();
  if (subresource !== undefined) return await routeSubresource(deps, exchange, kind, path, subresource);
  return await routeVerb(deps, exchange, kind, path, verb);
}

function isBindings({ group, version, plural, namespace, name }: ResourcePath): boolean {
  const isResource = group === BINDINGS.group && version === BINDINGS.version && plural === BINDINGS.plural;
  return isResource && namespace !== undefined && name === undefined;
}

/** Kubernetes's verb for a request, as authorization knows it. */
function verbOf(exchange: Exchange, path: ResourcePath): string {
  const isCollection = path.name === undefined;
  switch (exchange.method) {
    case 'GET':
    case 'HEAD':
      if (path.subresource === undefined && (path.isWatchPath || exchange.flag('watch'))) return 'watch';
      return isCollection ? 'list' : 'get';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return isCollection ? 'deletecollection' : 'delete';
    case 'OPTIONS':
      if (path.subresource === 'proxy') return 'options';
      throw methodNotAllowed();
    default:
      throw methodNotAllowed();
  }
}

async function routeVerb<K extends KindName>(
  deps: RouteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  path: ResourcePath,
  verb: string,
): Promise<void> {
  const { name } = path;
  const ref = name === undefined ? undefined : refOf(kind, path, name);
  if (verb === 'watch') return await watchObjects(deps, exchange, kind, path);
  if (ref === undefined) {
    if (verb === 'list') return await listObjects(deps, exchange, kind, path);
    if (verb === 'create') return await createObject(deps, exchange, kind, path);
    if (verb === 'deletecollection' && !kind.hasNoDeleteCollection)
      return await deleteCollection(deps, exchange, kind, path);
    throw methodNotAllowed();
  }
  if (verb === 'get') return await getObject(deps, exchange, kind, ref);
  if (verb === 'update') return await replaceObject(deps, exchange, kind, ref, 'object');
  if (verb === 'patch') return await patch(deps, exchange, kind, ref, 'object');
  if (verb === 'delete') return await deleteObject(deps, exchange, kind, ref);
  throw methodNotAllowed();
}

function patch<K extends KindName>(
  deps: RouteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  ref: ObjectRef,
  part: Part,
): Promise<void> {
  const isApply = contentTypeOf(exchange) === APPLY_PATCH;
  return (isApply ? applyConfiguration : patchObject)(deps, exchange, kind, ref, part);
}

function refOf(kind: Kind, { namespace }: ResourcePath, name: string) {
  if (kind.namespaced && namespace === undefined) throw unknownPath();
  return namespace === undefined ? { name } : { namespace, name };
}

async function routeSubresource<K extends KindName>(
  deps: RouteDeps,
  exchange: Exchange,
  kind: Kind<K>,
  path: ResourcePath,
  subresource: string,
): Promise<void> {
  const wanted: readonly string[] = kind.subresources;
  if (path.name === undefined || !wanted.includes(subresource)) throw unknownPath();
  const ref = refOf(kind, path, path.name);
  const { method } = exchange;
  if (subresource === 'status' && method === 'GET') return await getObject(deps, exchange, kind, ref);
  if (subresource === 'status' && method === 'PUT')
    return await replaceObject(deps, exchange, kind, ref, 'status');
  if (subresource === 'status' && method === 'PATCH') return await patch(deps, exchange, kind, ref, 'status');
  if (subresource === 'finalize' && method === 'PUT') return await finalizeNamespace(deps, exchange, ref);
  if (subresource === 'scale' && kind.scaling !== undefined && ['GET', 'PUT', 'PATCH'].includes(method))
    return await scaleObject(deps, exchange, { kind, scaling: kind.scaling, ref });
  if (subresource === 'binding' && method === 'POST') return await bindPod(deps, exchange, ref);
  if (subresource === 'ephemeralcontainers' && method === 'GET')
    return await getObject(deps, exchange, kind, ref);
  if (subresource === 'ephemeralcontainers' && (method === 'PUT' || method === 'PATCH'))
    return await changeEphemeralContainers(deps, exchange, ref);
  if (subresource === 'eviction' && method === 'POST') return await evictPod(deps, exchange, ref);
  if (subresource === 'log' && method === 'GET')
    return await sendPodLog(
      { view: deps.cache, openLogs: deps.openLogs, nowMs: deps.clock.nowMs() },
      exchange,
      ref,
    );
  if (subresource === 'token' && method === 'POST')
    return await createToken({ view: deps.cache, tokens: deps.tokens }, exchange, ref);
  if (subresource === 'approval' && method === 'GET') return await getObject(deps, exchange, kind, ref);
  if (subresource === 'approval' && (method === 'PUT' || method === 'PATCH'))
    return await approveRequest(deps, exchange, ref);
  if ((subresource === 'exec' || subresource === 'attach') && ['GET', 'POST'].includes(method))
    return await serveCommand(deps, exchange, ref, subresource);
  if (subresource === 'portforward' && ['GET', 'POST'].includes(method))
    return await servePortForward(deps, exchange, ref);
  if (subresource === 'proxy' && (kind.id === 'Pod' || kind.id === 'Service'))
    return await serveProxy(deps, exchange, kind.id, ref);
  throw methodNotAllowed();
}

function unknownPath(): ApiError {
  return new ApiError('NotFound', 'the server could not find the requested resource');
}

function methodNotAllowed(): ApiError {
  return new ApiError('MethodNotAllowed', 'the server does not allow this method on the requested resource');
}

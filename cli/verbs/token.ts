/**
 * `pikelet token create|list|delete`: the tokens with which devices join. They are Kubernetes's bootstrap tokens:
 * https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
 */
import { randomInt } from 'node:crypto';
import {
  BOOTSTRAP_TOKEN_NAMESPACE,
  BOOTSTRAP_TOKEN_TYPE,
  bootstrapTokenName,
  bootstrapTokenSecret,
  newBootstrapToken,
  parseBootstrapToken,
} from '../../shared/kubernetes/bootstrap-token.ts';
import { formatDuration } from '../../shared/kubernetes/time.ts';
import { listObjects } from '../api-objects.ts';
import type { Cli, GlobalOptions } from '../cli.ts';
import { parseDurationMs } from '../duration.ts';
import { CliError, UsageError } from '../errors.ts';
import { type JsonObject, textAt } from '../json.ts';
import { SECRET } from '../kinds/builtin.ts';
import { collectionPath, objectPath } from '../kinds/kind.ts';
import { alignRows, columnWidths } from '../print/columns.ts';
import { toJson } from '../print/output.ts';
import { withSession } from '../session.ts';
import type { DeclareVerb } from '../verb.ts';
import { isLoopback, joinCommand } from './join-command.ts';

type CreateOptions = GlobalOptions & {
  readonly ttl: string;
  readonly description?: string;
  readonly printJoinCommand?: boolean;
  readonly master?: string;
  readonly output?: string;
};
type ListOptions = GlobalOptions & { readonly output?: string; readonly headers: boolean };

export const declareToken: DeclareVerb = (command, cli) => {
  const create = command
    .command('create')
    .description('make a token that lets devices join')
    .option('--ttl <duration>', 'how long it lets devices join; 0 for ever', '24h')
    .option('--description <text>', 'what it is for')
    .option('--print-join-command', 'print the command that makes a running device join')
    .option(
      '--master <url>',
      'with --print-join-command: the address under which the device reaches the master',
    )
    .option('-o, --output <form>', 'json')
    .action(() => createToken(cli, create.optsWithGlobals<CreateOptions>()));
  const list = command
    .command('list')
    .description('list the tokens')
    .option('-o, --output <form>', 'json')
    .option('--no-headers', 'print no column titles')
    .action(() => listTokens(cli, list.optsWithGlobals<ListOptions>()));
  const remove = command
    .command('delete')
    .description('delete tokens; devices that have joined stay joined')
    .argument('<tokens...>', 'a whole token, or its part before the dot')
    .action((tokens: readonly string[]) =>
      deleteTokens(cli, remove.optsWithGlobals<GlobalOptions>(), tokens),
    );
};

async function createToken(cli: Cli, options: CreateOptions): Promise<void> {
  const ttlMs = parseDurationMs(options.ttl);
  if (ttlMs === undefined)
    throw new UsageError(`--ttl ${JSON.stringify(options.ttl)} is not a duration such as 30m, 24h or 7d`);
  const token = newBootstrapToken(randomInt);
  const expiresAtMs = ttlMs === 0 ? undefined : cli.clock.nowMs() + ttlMs;
  const secret = bootstrapTokenSecret({ token, expiresAtMs, description: options.description });
  await withSession(cli, options, async ({ api }) => {
    const path = collectionPath(SECRET, BOOTSTRAP_TOKEN_NAMESPACE);
    await api.send({ method: 'POST', path, body: secret }, cli.signal);
    if (options.printJoinCommand) {
      const address = (options.master ?? api.server).replace(/\/$/, '');
      if (isLoopback(address))
        cli.say(
          `Warning: a device does not reach ${address}; give the master's address with --master https://HOST:PORT`,
        );
      cli.out(`${joinCommand({ api: address, token })}\n`);
    } else if (options.output === 'json')
      cli.out(
        toJson({ token, expires: expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString() }),
      );
    else cli.out(`${token}\n`);
  });
}

async function listTokens(cli: Cli, options: ListOptions): Promise<void> {
  const tokens = await withSession(cli, options, async ({ api }) => {
    const query = { namespace: BOOTSTRAP_TOKEN_NAMESPACE, fieldSelector: `type=${BOOTSTRAP_TOKEN_TYPE}` };
    const { items } = await listObjects(api, SECRET, query, cli.signal);
    return items.map(secret => tokenRow(secret, cli.clock.nowMs()));
  });
  if (options.output === 'json') {
    cli.out(toJson(tokens));
    return;
  }
  if (options.output !== undefined) throw new UsageError('token list prints a table, or JSON with -o json');
  if (tokens.length === 0) cli.say('No tokens found. Make one with: pikelet token create');
  const rows = tokens.map(({ id, ttl, expires, description }) => [
    `${id}.<secret>`,
    ttl,
    expires ?? '<never>',
    description || '<none>',
  ]);
  const all =
    options.headers && rows.length > 0 ? [['TOKEN', 'TTL', 'EXPIRES', 'DESCRIPTION'], ...rows] : rows;
  cli.out(alignRows(all, columnWidths(all)));
}

function tokenRow(secret: JsonObject, nowMs: number) {
  const read = (key: string) => Buffer.from(textAt(secret, 'data', key) ?? '', 'base64').toString('utf8');
  const expires = read('expiration') || undefined;
  const leftMs = expires === undefined ? undefined : Date.parse(expires) - nowMs;
  return {
    id: read('token-id'),
    expires,
    ttl: leftMs === undefined ? '<forever>' : leftMs <= 0 ? '<expired>' : formatDuration(leftMs / 1000),
    description: read('description'),
  };
}

async function deleteTokens(cli: Cli, options: GlobalOptions, tokens: readonly string[]): Promise<void> {
  const ids = tokens.map(token => {
    const id = tokenIdOf(token);
    if (id === undefined) throw new CliError(`${JSON.stringify(token)} is neither a token nor a token's id`);
    return id;
  });
  await withSession(cli, options, async ({ api }) => {
    for (const id of ids) {
      const ref = { namespace: BOOTSTRAP_TOKEN_NAMESPACE, name: bootstrapTokenName(id) };
      await api.send({ method: 'DELETE', path: objectPath(SECRET, ref) }, cli.signal);
      cli.out(`bootstrap token "${id}" deleted\n`);
    }
  });
}

/** The public part of a token, or of what already is one; undefined for anything else. */
export function tokenIdOf(text: string): string | undefined {
  return parseBootstrapToken(text)?.id ?? /^[a-z0-9]{6}$/.exec(text)?.[0];
}

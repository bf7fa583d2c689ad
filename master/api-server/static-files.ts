/** The few files that need no credential: the dashboard's page, and what a new device fetches. None holds a secret. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { errorCode } from '../../shared/error-code.ts';
import type { Exchange } from './exchange.ts';

export type StaticFilesOptions = {
  /** Folder with dashboard/, agent.cjs, install.sh, as the build leaves them. */
  readonly folder: string;
  readonly apiPort: number;
  readonly mqttPort: number;
};

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The page runs nothing but its own script and talks to nobody but this server. */
const PAGE_HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

export class StaticFiles {
  private readonly options: StaticFilesOptions;

  constructor(options: StaticFilesOptions) {
    this.options = options;
  }

  /** Answers when the path is a file of these; false otherwise. */
  async answer(exchange: Exchange): Promise<boolean> {
    if (exchange.method !== 'GET' && exchange.method !== 'HEAD') return false;
    const { pathname } = exchange.url;
    if (pathname === '/' && (exchange.header('accept') ?? '').startsWith('text/html'))
      return redirect(exchange);
    if (pathname === '/dashboard') return redirect(exchange);
    if (pathname === '/install.sh') return await this.sendInstallScript(exchange);
    if (pathname === '/install/agent.cjs')
      return await this.send(exchange, 'agent.cjs', 'text/javascript; charset=utf-8');
    const asset = /^\/dashboard\/([a-z0-9.-]*)$/.exec(pathname)?.[1];
    if (asset === undefined) return false;
    const name = asset === '' ? 'index.html' : asset;
    return await this.send(
      exchange,
      path.join('dashboard', name),
      TYPES[path.extname(name)] ?? 'application/octet-stream',
    );
  }

  private async send(exchange: Exchange, name: string, type: string): Promise<boolean> {
    const content = await this.read(name);
    if (content === undefined) return false;
    exchange.send(200, type, content, PAGE_HEADERS);
    return true;
  }

  /** The script with this master's own address in it, as the device that asks sees it. */
  private async sendInstallScript(exchange: Exchange): Promise<boolean> {
    const [script, agent] = await Promise.all([this.read('install.sh'), this.read('agent.cjs')]);
    if (script === undefined || agent === undefined) return false;
    const host = hostOf(exchange.header(':authority') ?? exchange.header('host') ?? '');
    if (host === undefined) return false;
    const text = script
      .toString('utf8')
      .replaceAll('@MASTER_HOST@', host)
      .replaceAll('@API_PORT@', String(this.options.apiPort))
      .replaceAll('@MQTT_PORT@', String(this.options.mqttPort))
      .replaceAll('@AGENT_SHA256@', createHash('sha256').update(agent).digest('hex'));
    exchange.send(200, 'text/x-shellscript; charset=utf-8', text);
    return true;
  }

  private async read(name: string): Promise<Buffer | undefined> {
    try {
      return await readFile(path.join(this.options.folder, name));
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw error;
    }
  }
}

/** A host name or address fit to stand in a shell script; undefined for anything else. */
function hostOf(authority: string): string | undefined {
  return /^([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(:\d{1,5})?$/.exec(authority)?.[1];
}

function redirect(exchange: Exchange): boolean {
  exchange.send(302, 'text/plain', '', { Location: '/dashboard/' });
  return true;
}

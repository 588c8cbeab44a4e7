import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Config } from './config.js';
import { callback, install } from './install.js';
import { homePage, problemPage } from './app.js';
import type { Installation, Store } from './store.js';
import { receiveWebhook, workOnce } from './webhooks.js';

/** App is the running app. */
export interface App {
  config: Config;
  store: Store;
  server: Server;
  refreshing: Map<string, Promise<string>>; // by environment grant
  work(): () => void;
}

export function createApp(config: Config, store: Store): App {
  const server = createServer((request, response) => {
    answer(app, request, response).catch((err: unknown) => {
      console.error('the request failed:', err);
      if (!response.headersSent) {
        response.writeHead(500);
      }
      response.end();
    });
  });
  const app: App = { config, store, server, refreshing: new Map(), work: () => work(app) };
  return app;
}

async function answer(app: App, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', app.config.redirectUri);
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /':
      return page(response, 200, homePage(app, visitor(app, request)));
    case 'GET /install':
      return install(app, response);
    case 'GET /callback':
      return callback(app, request, response, url);
    case 'POST /webhooks':
      return receiveWebhook(app, request, response);
    default:
      return page(response, 404, problemPage('There is no such page.'));
  }
}

/** page answers with HTML. */
export function page(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'",
    'Referrer-Policy': 'no-referrer',
  });
  response.end(html);
}

export const sessionCookie = 'app_session';

/** visitor is the installation whose merchant uses this browser. */
function visitor(app: App, request: IncomingMessage): Installation | undefined {
  const session = cookies(request)[sessionCookie];
  const grant = session && app.store.now.sessions[hash(session)];
  return grant ? app.store.now.installations[grant] : undefined;
}

export function cookies(request: IncomingMessage): Record<string, string> {
  const pairs = (request.headers.cookie ?? '').split('; ').map((pair) => pair.split(/=(.*)/s) as [string, string]);
  return Object.fromEntries(pairs);
}

export function cookie(app: App, name: string, value: string, seconds: number): string {
  const secure = app.config.redirectUri.startsWith('https://') ? '; Secure' : '';
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Lax${secure}`;
}

/** hash is how a secret of a browser is kept. */
export const hash = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** work handles events as they come, one after the other, until the returned function is called. */
function work(app: App): () => void {
  let busy = false;
  const timer = setInterval(async () => {
    if (busy) {
      return;
    }
    busy = true;
    try {
      while (await workOnce(app)) {}
    } catch (err) {
      console.error('the store failed:', err);
    } finally {
      busy = false;
    }
  }, 250);
  return () => clearInterval(timer);
}

// A stand-in for Flint, so that the tests need no network. Part of the tests.

import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { type App, createApp } from './server.js';
import { Store } from './store.js';

export const webhookSecret = `whsec_${Buffer.from('for the tests of this app alone').toString('base64')}`;

export interface Fake {
  url: string;
  refreshes: number;
  order: string; // JSON of every order
  refuseNext: boolean; // the next call gets 401
  refusal?: { status: number; error: Record<string, unknown> }; // of every order
  close(): void;
}

export async function startFake(): Promise<Fake> {
  let challenge = '';
  const tokens = () => ({ access_token: `fpat_v1.${fake.refreshes}`, refresh_token: `fprt_${fake.refreshes}` });
  const server = createServer(async (request, response) => {
    const url = new URL(request.url!, fake.url);
    const json = (status: number, body: unknown) =>
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
    if (url.pathname === '/v1/oauth/authorize') {
      // The consent page of a merchant who agrees at once.
      challenge = url.searchParams.get('code_challenge')!;
      const back = new URL(url.searchParams.get('redirect_uri')!);
      back.search = new URLSearchParams({ code: 'fpac_1', state: url.searchParams.get('state')!, iss: fake.url }).toString();
      return response.writeHead(302, { Location: back.href }).end();
    }
    if (url.pathname === '/v1/oauth/token') {
      const form = new URLSearchParams(await text(request));
      const proof = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
      const first = form.get('code') === 'fpac_1' && proof === challenge;
      const again = form.get('refresh_token') === tokens().refresh_token;
      if (form.get('client_secret') !== 'fps_secret' || (!first && !again)) {
        return json(400, { error: 'invalid_grant' });
      }
      fake.refreshes += again ? 1 : 0;
      const about = { environment_grant_id: 'egrt_1', partner_app_install_id: 'pinst_1', merchant_id: 'mer_1', mode: 'test' };
      return json(200, { ...tokens(), ...about, token_type: 'bearer', expires_in: 3600, scope: 'commerce.orders.read' });
    }
    if (fake.refuseNext || request.headers.authorization !== `Bearer ${tokens().access_token}`) {
      fake.refuseNext = false;
      return json(401, { error: { code: 'INVALID_API_KEY', message: 'no', request_id: 'r1' } });
    }
    if (fake.refusal) {
      return json(fake.refusal.status, { error: fake.refusal.error });
    }
    return json(200, `{"data":${fake.order}}`);
  });
  const fake: Fake = {
    url: '',
    refreshes: 0,
    order: '{"order_id":"ord_1","payment_status":"paid","pricing_amounts":{"total_money":{"amount":1400,"currency":"USD"}}}',
    refuseNext: false,
    close: () => server.close(),
  };
  fake.url = await listen(server);
  return fake;
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** startApp returns the app, its address, and what undoes it. */
export async function startApp(fake: Fake): Promise<{ app: App; url: string; stop(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'app-'));
  const config = {
    baseUrl: fake.url,
    clientId: 'fpc_1',
    clientSecret: 'fps_secret',
    redirectUri: '',
    webhookSecrets: [webhookSecret],
    mode: 'test',
    listen: { host: '127.0.0.1', port: 0 },
    storeFile: join(folder, 'store.json'),
  };
  const app = createApp(config, await Store.open(config.storeFile));
  const url = await listen(app.server);
  config.redirectUri = `${url}/callback`;
  return {
    app,
    url,
    stop: async () => {
      app.server.closeAllConnections();
      app.server.close();
      await rm(folder, { recursive: true });
    },
  };
}

/** Browser keeps cookies, of all sites together. */
export class Browser {
  #cookies = new Map<string, string>();

  async get(url: string, follow = true): Promise<{ status: number; body: string }> {
    for (;;) {
      const headers = { Cookie: [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ') };
      const response = await fetch(url, { headers, redirect: 'manual' });
      for (const line of response.headers.getSetCookie()) {
        const [, name, value] = line.match(/^([^=]+)=([^;]*)/)!;
        value === '' ? this.#cookies.delete(name!) : this.#cookies.set(name!, value!);
      }
      const to = response.headers.get('location');
      if (!to || !follow) {
        return { status: response.status, body: await response.text() };
      }
      url = new URL(to, url).href;
    }
  }
}

/** deliver posts a signed webhook as Flint does and returns the status. */
export async function deliver(url: string, id: string, body: string, { secret = webhookSecret, at = new Date() } = {}): Promise<number> {
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  };
  return (await fetch(`${url}/webhooks`, { method: 'POST', headers, body })).status;
}

import * as oauth from 'oauth4webapi';
import { client, flint, options, secret } from './install.js';
import type { App } from './server.js';
import type { Installation } from './store.js';

/** Removed says that the merchant removed the app, or that the owner of the app revoked the grant. */
export class Removed extends Error {}

/** Refused is a refusal of Flint. Its code is stable; its message is for people who build apps. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly requestId: string,
    readonly retryable = false,
  ) {
    super(`${code}: ${message} (request ${requestId})`);
  }

  /**
   * forGood tells whether Flint would refuse the same call again, however often it is repeated. A merchant who
   * paused the app may let it go on.
   */
  get forGood(): boolean {
    const mayPass = this.retryable || this.code === 'APP_INSTALL_PAUSED' || [408, 409, 425, 429].includes(this.status);
    return !mayPass && this.status >= 400 && this.status < 500;
  }
}

interface Refusal {
  code: string;
  message: string;
  request_id: string;
  remediation?: { retryable?: boolean };
}

/** Money is an amount in the smallest unit of its currency. */
export interface Money {
  amount: number;
  currency: string;
}

/**
 * token returns an access token of the installation. It refreshes one that is about to expire, or that
 * Flint has just refused. Refreshing replaces the refresh token, so only one refresh of a grant runs at a
 * time, and its result is kept before it is used.
 */
async function token(app: App, grant: string, refused?: string): Promise<string> {
  const installation = app.store.now.installations[grant];
  if (!installation) {
    throw new Removed('the app is not installed there any more');
  }
  if (installation.accessToken !== refused && installation.expiresAt - Date.now() > 60_000) {
    return installation.accessToken;
  }
  let refreshing = app.refreshing.get(grant);
  if (!refreshing) {
    refreshing = refresh(app, installation).finally(() => app.refreshing.delete(grant));
    app.refreshing.set(grant, refreshing);
  }
  return refreshing;
}

async function refresh(app: App, { grant, refreshToken }: Installation): Promise<string> {
  const { config } = app;
  let tokens: oauth.TokenEndpointResponse;
  try {
    const reply = await oauth.refreshTokenGrantRequest(flint(config), client(config), secret(config), refreshToken, options(config));
    tokens = await oauth.processRefreshTokenResponse(flint(config), client(config), reply);
  } catch (err) {
    if (err instanceof oauth.ResponseBodyError && err.error === 'invalid_grant') {
      await forget(app, (installation) => installation.grant === grant);
      throw new Removed('the app is not installed there any more');
    }
    throw err;
  }
  await app.store.update((contents) => {
    const installation = contents.installations[grant];
    if (!installation) {
      throw new Removed('it was removed meanwhile');
    }
    installation.accessToken = tokens.access_token;
    installation.refreshToken = tokens.refresh_token ?? installation.refreshToken;
    installation.expiresAt = Date.now() + (tokens.expires_in ?? 0) * 1000;
  });
  return tokens.access_token;
}

/** forget drops installations with their tokens and all that is kept for them. */
export function forget(app: App, which: (installation: Installation) => boolean): Promise<void> {
  return app.store.update((contents) => {
    for (const [grant, installation] of Object.entries(contents.installations)) {
      if (which(installation)) {
        delete contents.installations[grant];
        delete contents.data.orders[grant];
        contents.ended = contents.ended.filter((event) => event.grant !== grant);
        contents.sessions = Object.fromEntries(Object.entries(contents.sessions).filter(([, of]) => of !== grant));
      }
    }
  });
}

/**
 * call sends a request in the name of an installation and returns the answer's data. A write needs a key:
 * whoever repeats a request with its key gets the first answer and no second effect.
 */
export async function call<T>(app: App, grant: string, method: string, path: string, { key, body }: { key?: string; body?: unknown } = {}): Promise<T> {
  let refused: string | undefined;
  for (;;) {
    const accessToken = await token(app, grant, refused);
    const response = await fetch(app.config.baseUrl + path, {
      method,
      headers: {
        Authorization: `Bearer ${accessToken}`,
        ...(key ? { 'Idempotency-Key': key } : {}),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(15_000),
    });
    if (response.status === 401 && refused === undefined) {
      await response.body?.cancel();
      refused = accessToken; // ended early: once more with a fresh one
      continue;
    }
    const answer = (await response.json()) as { data: T; error?: Refusal };
    if (answer.error) {
      const { code, message, request_id, remediation } = answer.error;
      throw new Refused(response.status, code, message, request_id, remediation?.retryable);
    }
    return answer.data;
  }
}

import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import * as oauth from 'oauth4webapi';
import { problemPage } from './app.js';
import type { Config } from './config.js';
import { type App, cookie, cookies, hash, page, sessionCookie } from './server.js';
import type { Installation } from './store.js';

// The attempt ties the answer of Flint to the browser that asked: without it somebody could make another
// person's browser finish an installation of theirs.
const attemptCookie = 'flint_install';

/** flint describes the authorization server. */
export function flint(config: Config): oauth.AuthorizationServer {
  return {
    issuer: config.baseUrl,
    authorization_endpoint: `${config.baseUrl}/v1/oauth/authorize`,
    token_endpoint: `${config.baseUrl}/v1/oauth/token`,
    authorization_response_iss_parameter_supported: true,
  };
}

export const client = (config: Config): oauth.Client => ({ client_id: config.clientId });
export const secret = (config: Config) => oauth.ClientSecretPost(config.clientSecret);

/** options allows plain http where Flint is on this machine, and nowhere else. */
export const options = (config: Config) => ({
  [oauth.allowInsecureRequests]: ['127.0.0.1', 'localhost'].includes(new URL(config.baseUrl).hostname),
  signal: () => AbortSignal.timeout(15_000),
});

/** install sends the merchant to Flint, where they sign in and see what the app asks for. */
export async function install(app: App, response: ServerResponse): Promise<void> {
  const state = oauth.generateRandomState();
  const verifier = oauth.generateRandomCodeVerifier();
  const to = new URL(flint(app.config).authorization_endpoint!);
  to.search = new URLSearchParams({
    response_type: 'code',
    client_id: app.config.clientId,
    redirect_uri: app.config.redirectUri,
    mode: app.config.mode,
    state,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  }).toString();
  response.writeHead(303, { Location: to.href, 'Set-Cookie': cookie(app, attemptCookie, `${state}.${verifier}`, 900) }).end();
}

/** callback is where Flint sends the merchant back. The code becomes tokens, which stay here. */
export async function callback(app: App, request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
  const [state, verifier] = (cookies(request)[attemptCookie] ?? '').split('.');
  if (!state || !verifier) {
    return page(response, 400, problemPage('This installation was started in another browser, or too long ago. Start again.'));
  }
  response.setHeader('Set-Cookie', cookie(app, attemptCookie, '', 0));
  const { config } = app;
  let tokens: oauth.TokenEndpointResponse;
  try {
    // Checks state and iss, and throws the refusal that Flint sent, if it did.
    const answer = oauth.validateAuthResponse(flint(config), client(config), url, state);
    const reply = await oauth.authorizationCodeGrantRequest(flint(config), client(config), secret(config), answer, config.redirectUri, verifier, options(config));
    tokens = await oauth.processAuthorizationCodeResponse(flint(config), client(config), reply);
  } catch (err) {
    if (err instanceof oauth.AuthorizationResponseError) {
      return page(response, 200, problemPage(`The app was not installed (${err.error}). ${err.error_description ?? ''}`));
    }
    console.error('the code was not exchanged:', err);
    return page(response, 400, problemPage('This answer belongs to another installation, or Flint did not take the code. Start again.'));
  }
  const installation: Installation = {
    grant: String(tokens.environment_grant_id),
    install: String(tokens.partner_app_install_id),
    merchant: String(tokens.merchant_id),
    mode: String(tokens.mode),
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token ?? '',
    expiresAt: Date.now() + (tokens.expires_in ?? 0) * 1000,
  };
  const session = randomBytes(32).toString('base64url');
  await app.store.update((contents) => {
    contents.installations[installation.grant] = installation;
    contents.sessions[hash(session)] = installation.grant;
  });
  console.log(`installed at ${installation.merchant} (${installation.mode}) with ${tokens.scope}`);
  response.appendHeader('Set-Cookie', cookie(app, sessionCookie, session, 12 * 3600));
  response.writeHead(303, { Location: '/' }).end();
}

// What an app's developer does: the protocol with an OAuth client that is not ours, and the starter in
// TypeScript as `flint app init` writes it, built, tested and installed.

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as oauth from 'oauth4webapi';
import { startFlint } from '../flint.mjs';
import { expect, test } from '../fixtures.mjs';
import { signIn } from '../person.mjs';

const run = promisify(execFile);
const binary = process.env.FLINT_BIN || fileURLToPath(new URL('../../../bin/flint', import.meta.url));
const modules = fileURLToPath(new URL('../node_modules', import.meta.url));

/** callbackServer takes the browser in after the consent, as an app does. */
async function callbackServer() {
  const server = createServer((request, response) => response.end('<h1>Back at the app</h1>'));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/callback`, close: () => server.close() };
}

/** approve goes from an install link to the app and returns where the browser is then. */
async function approve(page, flint, link) {
  await page.goto(link);
  if (await page.getByLabel('Password', { exact: true }).isVisible()) {
    await signIn(page, flint.facts.user);
  }
  await page.locator('button[value=approve]').click();
  await page.waitForURL((url) => url.origin !== new URL(flint.facts.base_url).origin);
  return new URL(page.url());
}

test('an OAuth client that is not ours gets and keeps its tokens', async ({ page, flint }) => {
  const back = await callbackServer();
  const { data: app } = await flint.api(
    'POST',
    '/v1/developer/partner/apps',
    {
      name: 'Foreign client',
      redirect_uris: [back.url],
      permission_manifest: [{ permission_id: 'orders', title: 'See orders', description: 'Read orders.', required_scopes: ['commerce.orders.read'] }],
    },
    { key: flint.facts.other_merchant.live_api_key },
  );
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(flint.facts.base_url);
  const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' }));
  const client = { client_id: app.client_id };
  const secret = oauth.ClientSecretPost(app.client_secret);

  const ask = async () => {
    const verifier = oauth.generateRandomCodeVerifier();
    const state = oauth.generateRandomState();
    const link = new URL(server.authorization_endpoint);
    link.search = new URLSearchParams({
      response_type: 'code',
      client_id: app.client_id,
      redirect_uri: back.url,
      mode: 'test',
      state,
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }).toString();
    const answer = oauth.validateAuthResponse(server, client, await approve(page, flint, link.href), state);
    return (proof = verifier) => oauth.authorizationCodeGrantRequest(server, client, secret, answer, back.url, proof, insecure);
  };
  const refresh = async (token) =>
    oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, secret, token, insecure));
  const status = async (token) => (await fetch(new URL('/v1/orders', issuer), { headers: { Authorization: `Bearer ${token}` } })).status;

  // A code with another verifier is worth nothing, to whoever has it.
  const stolen = await ask();
  const refused = oauth.processAuthorizationCodeResponse(server, client, await stolen(oauth.generateRandomCodeVerifier()));
  await expect(refused).rejects.toMatchObject({ error: 'invalid_grant' });

  const redeem = await ask();
  const first = await oauth.processAuthorizationCodeResponse(server, client, await redeem());
  expect(first).toMatchObject({ merchant_id: flint.facts.merchant_id, mode: 'test', scope: 'commerce.orders.read' });
  expect(await status(first.access_token)).toBe(200);

  // Two servers of one app that refresh at the same moment both go on.
  const [one, other] = await Promise.all([refresh(first.refresh_token), refresh(first.refresh_token)]);
  expect(other.refresh_token).toBe(one.refresh_token);
  expect(await status(one.access_token)).toBe(200);

  const second = await refresh(one.refresh_token);
  await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, secret, second.refresh_token, insecure));
  await expect(refresh(second.refresh_token)).rejects.toMatchObject({ error: 'invalid_grant' });
  expect(await status(second.access_token)).toBe(401);
  back.close();
});

test('the starter in TypeScript works as it is written', async ({ page }) => {
  test.setTimeout(120_000);
  const flint = await startFlint(); // of its own: signatures carry the platform's time, which other specs move
  const folder = join(await mkdtemp(join(tmpdir(), 'flint-starter-')), 'loyalty');
  const spare = await callbackServer();
  const home = new URL(spare.url).origin;
  spare.close();

  await run(binary, ['app', 'init', folder, '--lang', 'typescript', '--name', 'Loyalty No. 1']);
  const wanted = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  for (const [name, version] of Object.entries({ ...wanted.dependencies, ...wanted.devDependencies })) {
    const here = JSON.parse(await readFile(join(modules, name, 'package.json'), 'utf8'));
    expect(here.version, `${name} as the starter wants it`).toBe(version);
  }
  await symlink(modules, join(folder, 'node_modules'));
  await run('npm', ['test'], { cwd: folder, timeout: 60_000 });
  await run(
    binary,
    ['app', 'register', '--data', flint.data, '--name', 'Loyalty No. 1', '--redirect-uri', `${home}/callback`, '--webhook-url', `${home}/webhooks`],
    { cwd: folder },
  );
  const app = spawn('node', ['--env-file=.env', 'dist/main.js'], { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => app.stdout.once('data', resolve)); // it says that it is ready

  const at = await approve(page, flint, `${home}/install`);
  expect(at.href).toBe(`${home}/`);
  await expect(page.getByText(`Installed at ${flint.facts.merchant_id} (test).`)).toBeVisible();
  await run(binary, ['trigger', 'order.paid', '--data', flint.data]);
  await expect(async () => {
    await page.goto(home);
    await expect(page.getByRole('cell', { name: '2000 USD' })).toBeVisible({ timeout: 500 });
  }).toPass();

  const { data: installs } = await flint.api('GET', '/v1/installed-apps', undefined, { key: flint.facts.live_api_key });
  await flint.api('DELETE', `/v1/installed-apps/${installs[0].partner_app_install_id}`, undefined, { key: flint.facts.live_api_key });
  await expect(async () => {
    await page.goto(home);
    await expect(page.getByRole('link', { name: 'Install it at your merchant' })).toBeVisible({ timeout: 500 });
  }).toPass();

  const ended = new Promise((resolve) => app.once('exit', resolve));
  app.kill('SIGTERM');
  expect(await ended).toBe(0);
  await flint.stop();
  await rm(folder, { recursive: true });
});

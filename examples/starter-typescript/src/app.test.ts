import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { Browser, deliver, startApp, startFake } from './fake.js';
import { call, Removed } from './flint.js';
import { workOnce } from './webhooks.js';

const paid =
  '{"webhook_event_id":"whev_1","event_type":"order.paid","data":{"order_id":"ord_1","merchant_id":"mer_1","environment_grant_id":"egrt_1","partner_app_install_id":"pinst_1"}}';
const revoked =
  '{"webhook_event_id":"whev_2","event_type":"partner_app.install.revoked","data":{"partner_app_install_id":"pinst_1","merchant_id":"mer_1","status":"revoked"}}';

async function start(t: TestContext) {
  const fake = await startFake();
  const { app, url, stop } = await startApp(fake);
  t.after(async () => {
    await stop();
    fake.close();
  });
  return { fake, app, url, browser: new Browser() };
}

test('from install to removal', async (t) => {
  const { app, url, browser } = await start(t);
  assert.match((await browser.get(url)).body, /href="\/install"/);
  assert.match((await browser.get(`${url}/install`)).body, /Installed at mer_1/);

  assert.equal(await deliver(url, 'whev_1', paid), 204);
  await workOnce(app);
  assert.match((await browser.get(url)).body, /ord_1.*1400 USD/);

  await deliver(url, 'whev_2', revoked);
  await workOnce(app);
  assert.match((await browser.get(url)).body, /href="\/install"/);
  assert.deepEqual({ ...app.store.now, seen: 0 }, { installations: {}, sessions: {}, waiting: [], ended: [], data: { orders: {} }, seen: 0 });
  await assert.rejects(call(app, 'egrt_1', 'GET', '/v1/orders/ord_1'), Removed);
});

test('the answer must belong to this browser', async (t) => {
  const { url, browser } = await start(t);
  assert.equal((await browser.get(`${url}/callback?code=fpac_1&state=guessed`)).status, 400);
  for (const query of ['?code=fpac_1&state=guessed', '?code=fpac_1', '?error=access_denied&state=guessed']) {
    await browser.get(`${url}/install`, false);
    assert.equal((await browser.get(`${url}/callback${query}`)).status, 400, query);
  }
});

test('webhooks that are not taken', async (t) => {
  const { app, url } = await start(t);
  const secret = `whsec_${Buffer.from('somebody else, somewhere else').toString('base64')}`;
  assert.equal(await deliver(url, 'whev_1', paid, { secret }), 401);
  assert.equal(await deliver(url, 'whev_1', paid, { at: new Date(Date.now() - 3_600_000) }), 401);
  assert.equal((await fetch(`${url}/webhooks`, { method: 'POST', body: paid })).status, 401);
  assert.equal(await deliver(url, 'whev_9', paid), 400);
  await deliver(url, 'whev_1', paid);
  await deliver(url, 'whev_1', paid);
  assert.equal(app.store.now.waiting.length, 1);
});

test('one refresh at a time', async (t) => {
  const { fake, app, url, browser } = await start(t);
  await browser.get(`${url}/install`);
  await app.store.update(({ installations }) => {
    installations.egrt_1!.expiresAt = Date.now();
  });
  await Promise.all(Array.from({ length: 20 }, () => call(app, 'egrt_1', 'GET', '/v1/orders/ord_1')));
  fake.refuseNext = true; // a token that Flint ended early is refreshed as well
  await call(app, 'egrt_1', 'GET', '/v1/orders/ord_1');
  assert.equal(fake.refreshes, 2);
  assert.match(await readFile(app.config.storeFile, 'utf8'), /"refreshToken": "fprt_2"/);
});

test('what fails is tried again', async (t) => {
  const { fake, app, url, browser } = await start(t);
  await browser.get(`${url}/install`);
  fake.order = '{"order_id":';
  await deliver(url, 'whev_1', paid);
  await workOnce(app);
  assert.equal(app.store.now.waiting[0]?.tries, 1);
  assert.equal(await workOnce(app), false, 'it was tried again at once');
});

test('what is refused for good ends, and is shown', async (t) => {
  const cases: [status: number, error: Record<string, unknown>, ends: boolean][] = [
    [400, { code: 'INVALID_REQUEST' }, true],
    [403, { code: 'INSUFFICIENT_SCOPE' }, true],
    [404, { code: 'ORDER_NOT_FOUND' }, true],
    [400, { code: 'LATER', remediation: { retryable: true } }, false],
    [403, { code: 'APP_INSTALL_PAUSED' }, false],
    [408, { code: 'SLOW' }, false],
    [409, { code: 'ORDER_BUSY' }, false],
    [425, { code: 'EARLY' }, false],
    [429, { code: 'RATE_LIMITED' }, false],
    [500, { code: 'INTERNAL_ERROR' }, false],
  ];
  for (const [status, error, ends] of cases) {
    const { fake, app, url, browser } = await start(t);
    await browser.get(`${url}/install`);
    fake.refusal = { status, error: { message: 'no', request_id: 'r1', ...error } };
    await deliver(url, 'whev_1', paid);
    await workOnce(app);
    assert.equal(app.store.now.waiting.length, ends ? 0 : 1, String(error.code));
    assert.equal((await browser.get(url)).body.includes('order.paid whev_1'), ends, String(error.code));
  }
});

// An embedded checkout in the page of a shop on another site: paid, declined and tried again, 3-D Secure
// in the frame, and every way in which a frame can be refused.

import { test, expect, expectAccessible } from '../fixtures.mjs';
import { cards, expectPaid, pay, title } from '../buyer.mjs';
import { startShop } from '../shop.mjs';
import { gzipSync } from 'node:zlib';

async function order(flint) {
  const { data } = await flint.api('POST', '/v1/orders', {
    line_items: [{ name: 'Enamel mug', quantity: 1, unit_price_money: { amount: 3499, currency: 'USD' } }],
  });
  return data.order_id;
}

async function shopOf(flint, options = {}) {
  const orderID = await order(flint);
  let session;
  const open = async (origin) => {
    const { data } = await flint.api('POST', '/v1/checkout-sessions', {
      order_id: orderID, surface: 'embedded', page_origin: origin, ...options.session,
      ...(session ? { replace_checkout_session_id: session } : {}),
    });
    session = data.checkout_session.checkout_session_id;
    return { checkout_session_id: session, checkout_auth_token: data.checkout_access.checkout_auth_token };
  };
  const shop = await startShop(flint, open, options);
  return { ...shop, orderID, session: () => session };
}

const frame = (page) => page.frameLocator('#checkout iframe');
const heard = (page) => page.evaluate(() => window.heard);
const names = async (page) => (await heard(page)).map((e) => e.type);
const hears = (page, name) => expect.poll(() => names(page), { timeout: 15_000 }).toContain(name);

async function typeCardIn(page, number) {
  const fields = frame(page).frameLocator('iframe[src*="option=card"]');
  await fields.getByLabel('Card number').fill(number);
  await fields.getByLabel('Expiry').fill('12 / 34');
  await fields.getByLabel('Security code').fill('123');
}

test('is paid inside the page of a shop on another site', async ({ page, flint }, info) => {
  const shop = await shopOf(flint);
  await page.goto(shop.origin);
  await hears(page, 'ready');
  await expect(frame(page).getByRole('heading', { level: 1 })).toBeVisible();
  await expect(frame(page).getByRole('heading', { name: 'Payment' })).toBeVisible();
  expect((await heard(page))[0].amount_money).toEqual({ amount: 3499, currency: 'USD' });

  // The frame is as high as what it shows: nothing scrolls inside.
  const scrolls = await page.frames()[1].evaluate(() => document.documentElement.scrollHeight - window.innerHeight);
  expect(scrolls).toBeLessThanOrEqual(1);
  await expectAccessible(page);
  await page.screenshot({ path: `shots/embed-${info.project.name}.png`, fullPage: true });

  await frame(page).getByLabel('Email').fill('ada@example.com');
  await typeCardIn(page, cards.approved);
  await pay(frame(page)).click();
  await hears(page, 'completed');
  expect(await names(page)).toEqual(['ready', 'submitted', 'completed']);
  await expectPaid(flint, shop.orderID, 3499);
  await page.screenshot({ path: `shots/embed-paid-${info.project.name}.png`, fullPage: true });
  await shop.stop();
});

test('tells of a decline, and takes another card', async ({ page, flint }) => {
  const shop = await shopOf(flint);
  await page.goto(shop.origin);
  await hears(page, 'ready');
  await frame(page).getByLabel('Email').fill('ada@example.com');
  await typeCardIn(page, cards.declined);
  await pay(frame(page)).click();
  await hears(page, 'failed');
  expect((await heard(page)).find((e) => e.type === 'failed').code).toBe('card_declined');
  await typeCardIn(page, cards.approved);
  await pay(frame(page)).click();
  await hears(page, 'completed');
  await expectPaid(flint, shop.orderID, 3499);
  await shop.stop();
});

test('asks for 3-D Secure inside the frame', async ({ page, flint }) => {
  const shop = await shopOf(flint);
  await page.goto(shop.origin);
  await hears(page, 'ready');
  await frame(page).getByLabel('Email').fill('ada@example.com');
  await typeCardIn(page, cards.challenged);
  await pay(frame(page)).click();
  await frame(page).getByRole('button', { name: /Approve/ }).click();
  await hears(page, 'completed');
  await expectPaid(flint, shop.orderID, 3499);
  await shop.stop();
});

test('tells what a tip adds', async ({ page, flint }) => {
  const shop = await shopOf(flint, { session: { tip: { enabled: true } } });
  await page.goto(shop.origin);
  await hears(page, 'ready');
  await frame(page).getByRole('button', { name: /^1[058]/ }).first().click();
  await hears(page, 'changed');
  const changed = (await heard(page)).find((e) => e.type === 'changed');
  expect(changed.amount_money.amount).toBeGreaterThan(3499);
  await shop.stop();
});

test('tells that the session has ended', async ({ page, flint }) => {
  const shop = await shopOf(flint);
  await page.goto(shop.origin);
  await hears(page, 'ready');
  await flint.api('POST', `/v1/checkout-sessions/${shop.session()}/close`, {});
  await frame(page).getByLabel('Email').fill('ada@example.com');
  await typeCardIn(page, cards.approved);
  await pay(frame(page)).click();
  await hears(page, 'closed');
  await shop.stop();
});

test('tells that the shop took it away', async ({ page, flint }) => {
  const shop = await shopOf(flint);
  await page.goto(shop.origin);
  await hears(page, 'ready');
  await page.evaluate(() => window.checkout.unmount());
  expect((await heard(page)).at(-1)).toMatchObject({ type: 'abandoned', reason: 'unmounted' });
  await expect(page.locator('#checkout iframe')).toHaveCount(0);
  await shop.stop();
});

/** follow pays on the page that the fallback leads to. */
async function follow(page, flint, orderID, button) {
  await page.getByRole('button', { name: button }).click();
  await expect(page).toHaveURL(new RegExp(`^${flint.facts.base_url}/checkout/cs_`));
  await page.getByLabel('Email').fill('ada@example.com');
  const fields = page.frameLocator('iframe[src*="option=card"]');
  await fields.getByLabel('Card number').fill(cards.approved);
  await fields.getByLabel('Expiry').fill('12 / 34');
  await fields.getByLabel('Security code').fill('123');
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
}

test('is a page of its own where the shop may frame nothing', async ({ page, flint }) => {
  const shop = await shopOf(flint, { head: `<meta http-equiv="Content-Security-Policy" content="frame-src 'none'">` });
  await page.goto(shop.origin);
  await hears(page, 'fallback');
  await follow(page, flint, shop.orderID, 'Continue to checkout');
  await shop.stop();
});

test('lets no other site frame it', async ({ page, flint }) => {
  const shop = await shopOf(flint, { pageOrigin: 'https://shop.example' });
  await page.goto(shop.origin);
  await hears(page, 'fallback');
  expect(await names(page)).not.toContain('ready');
  await follow(page, flint, shop.orderID, 'Continue to checkout');
  await shop.stop();
});

test('is a page of its own where scripts are blocked', async ({ browser, flint }) => {
  const shop = await shopOf(flint);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.route('**/flint.js', (route) => route.abort());
  await page.goto(`${shop.origin}/plain`);
  await follow(page, flint, shop.orderID, 'Go to checkout');
  await context.close();
  await shop.stop();
});

test('refuses a wrong credential', async ({ page, flint }) => {
  const shop = await shopOf(flint);
  await fetch(`${shop.origin}/open`, { method: 'POST' });
  const wrong = JSON.stringify({ checkout_session_id: shop.session(), checkout_auth_token: 'csauth_wrong' });
  await page.route(`${shop.origin}/open`, (route) => route.fulfill({ contentType: 'application/json', body: wrong }));
  await page.goto(shop.origin);
  await hears(page, 'failed');
  expect((await heard(page)).at(-1).code).toBe('credential_refused');
  await shop.stop();
});

test('flint.js is small', async ({ flint }, info) => {
  test.skip(info.project.name !== 'desktop', 'once is enough');
  const response = await fetch(new URL('/flint.js', flint.facts.base_url));
  expect(response.headers.get('cross-origin-resource-policy')).toBe('cross-origin');
  const size = gzipSync(Buffer.from(await response.arrayBuffer()), { level: 9 }).length;
  console.log(`flint.js: ${size} bytes compressed`);
  expect(size).toBeLessThan(15_000);
});

// A buyer on the hosted checkout page, from the link in the API's answer to the paid order.

import { expect, expectAccessible, expectFits, expectOnlyFrom, expectSteady, shot, test, weigh } from '../fixtures.mjs';

const kilobyte = 1000;

/** openCheckout creates an order over 34.99 and a hosted session for it. */
async function openCheckout(flint) {
  const order = await flint.api('POST', '/v1/orders', {
    line_items: [{ name: 'Enamel mug', quantity: 1, unit_price_money: { amount: 3499, currency: 'USD' } }],
  });
  const launch = await flint.api('POST', '/v1/checkout-sessions', { order_id: order.data.order_id });
  return { orderID: order.data.order_id, url: launch.data.checkout_session.url };
}

/** fillCard types what a buyer types. The card's fields may lie in a frame, as a real processor's do. */
async function fillCard(page, number) {
  await page.getByLabel('Email').fill('ada@example.com');
  const here = page.getByLabel('Card number');
  const frame = page.frameLocator('iframe').first().getByLabel('Card number');
  await expect(here.or(frame)).toBeVisible();
  const form = (await here.isVisible()) ? page : page.frameLocator('iframe').first();
  await form.getByLabel('Card number').fill(number);
  await form.getByLabel('Expiry').fill('12 / 34');
  await form.getByLabel('Security code').fill('123');
}

const pay = (page) => page.getByRole('button', { name: /^Pay / });

test('is light, steady and accessible, and talks to nobody else', async ({ flint, page }, info) => {
  const { url } = await openCheckout(flint);
  const weight = await weigh(page);
  await page.goto(url);
  await expect(pay(page)).toBeVisible();
  await expect(pay(page)).toContainText('$34.99');
  await expectSteady(page);
  await expectFits(page);
  await expectAccessible(page);
  const { bytes, requests } = await weight();
  expect(bytes, 'bytes over the wire').toBeLessThan(50 * kilobyte);
  expectOnlyFrom(flint.facts.base_url, requests);
  await shot(page, info, 'checkout');
});

test('takes the money once', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await fillCard(page, '4242 4242 4242 4242');
  await pay(page).click();
  await expect(pay(page)).toBeHidden();
  await expectAccessible(page);
  await shot(page, info, 'checkout-paid');

  const { data } = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(data.payment_status).toBe('paid');
  expect(data.settlement_amounts.paid_money.amount).toBe(3499);
});

test('says why a card was declined and takes another', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await fillCard(page, '4000 0000 0000 0002');
  await pay(page).click();
  await expect(page.getByRole('alert').filter({ hasText: /declined/i }).first()).toBeVisible();
  await expect(pay(page)).toBeVisible();
  await expectAccessible(page);
  await shot(page, info, 'checkout-declined');

  const declined = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(declined.data.payment_status).toBe('unpaid');

  await fillCard(page, '4242 4242 4242 4242');
  await pay(page).click();
  await expect(pay(page)).toBeHidden();
  const paid = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(paid.data.payment_status).toBe('paid');
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });

  // The secret stands behind the # of the link, which a browser keeps to itself, so the page asks for
  // the link to be pasted.
  test('opens from the pasted link and shows what is owed', async ({ flint, page }, info) => {
    const { url } = await openCheckout(flint);
    await page.goto(url);
    await page.getByRole('textbox').fill(url);
    await page.getByRole('button').click();
    await expect(page.getByText('$34.99').first()).toBeVisible();
    await expectFits(page);
    await shot(page, info, 'checkout-without-script');
  });
});

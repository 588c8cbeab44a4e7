// The story of a returns extension: an app that a merchant installed decides on returns by rules of its own, asks
// for photos, refunds or exchanges, and collects what a buyer owes. However it ends, the figures of the orders, the
// books of the processor and the app's own book agree, and the order's timeline names the app.

import { binary, startApp } from '../app.mjs';
import { cards, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, test as base } from '../fixtures.mjs';
import { startFlint } from '../flint.mjs';
import { signIn } from '../person.mjs';
import { ask, back, dispose, expectActor, expectBooks, expectFigures, handOver, receive, resolutionsOf, sell, settle, until, usd } from '../returns.mjs';

const events = [
  ...['created', 'updated', 'decision_recorded', 'completed', 'canceled', 'reopened'].map((e) => `return.${e}`),
  ...['created', 'updated'].map((e) => `return_resolution.${e}`),
  ...['created', 'updated', 'failed'].map((e) => `refund.${e}`),
];

const test = base.extend({
  flint: [
    async ({}, use) => {
      const flint = await startFlint({ program: binary });
      await use(flint);
      await flint.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  // The app, and the page of the merchant who installed it.
  app: [
    async ({ flint, browser }, use) => {
      const app = await startApp(flint, 'returns-extension', { name: 'Fair Return', events });
      const desk = await (await browser.newContext()).newPage();
      await desk.goto(`${app.url}/install`);
      await signIn(desk, flint.facts.user);
      await title(desk, 'Fair Return wants to work with you');
      await desk.getByRole('button', { name: /^(Approve|Continue)/ }).click();
      await expect(desk.getByText(`Installed at ${flint.facts.merchant_id} (test).`)).toBeVisible();
      await use({ ...app, desk });
      await desk.context().close();
      await app.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

test.skip(({ isMobile }) => isMobile, 'what buyers see has specs of its own');

/** part is what the app's page says of a return. */
const part = (app, returnID) => app.desk.getByRole('region', { name: returnID });

/** buyerPage is the address that the buyer has of the app. */
async function buyerPage(app, returnID) {
  await app.desk.goto(app.url);
  return part(app, returnID).getByRole('link').getAttribute('href');
}

/** expectBook waits until the app's own book of a return comes to this. */
async function expectBook(app, returnID, text = 'Settled.') {
  const says = async () => {
    await app.desk.goto(app.url);
    return part(app, returnID).innerText();
  };
  await expect.poll(says, { timeout: 15_000 }).toContain(text);
}

/** expectEnd is what holds at the end of a story. */
async function expectEnd(flint, app, order, returnIDs, figures, ...acts) {
  await expectFigures(flint, order.order_id, figures);
  for (const id of returnIDs) {
    await expectBook(app, id);
  }
  await expectActor(flint, order.order_id, 'Fair Return', 'return.decision_recorded', ...acts);
  await expectBooks(flint);
}

/** approved is a return that the app approved without wanting the goods, for the merchant to settle. */
async function approved(flint, order, units = 1) {
  const id = await ask(flint, order, { units });
  await until(flint, id, { status: 'open' });
  return id;
}

/** choose presses a button of the buyer's page. */
async function choose(page, app, returnID, text) {
  await page.goto(await buyerPage(app, returnID));
  await page.getByRole('button', { name: text }).click();
}

/** waiting is an exchange whose difference the buyer owes, and its resolution. */
async function waiting(flint, app, page) {
  const order = await sell(flint, { price: 2000, quantity: 2 });
  const id = await ask(flint, order, { wish: 'exchange' });
  await until(flint, id, { status: 'open' });
  await choose(page, app, id, 'Enamel mug, large instead, and pay USD 22.00');
  await expect(page.getByText('USD 22.00 is left to pay')).toBeVisible();
  await expectBook(app, id, 'Due from the buyer: -2200 USD.');
  const [resolution] = await resolutionsOf(flint, id);
  return { order, id, resolution };
}

/** paysAndGets pays the checkout on the page and follows the replacement to its end. */
async function paysAndGets(flint, app, page, { order, id, resolution }) {
  await title(page, /^Pay /);
  await page.getByLabel('Email').fill('ada@example.com');
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expect.poll(async () => (await resolutionsOf(flint, id))[0].payment_intent_ids.length).toBe(1);
  await expectFigures(flint, resolution.replacement_order_id, { paid: 4200, refunded: 0 });
  await handOver(flint, resolution.replacement_order_id);
  await until(flint, id, { status: 'completed', financial_summary: { collected_money: usd(2200), due_from_buyer_money: usd(0) } });
  await expectEnd(flint, app, order, [id], { paid: 4000, refunded: 2000 }, 'return_resolution.created');
}

test('a plain refund, once the goods are back', async ({ flint, app }) => {
  const order = await sell(flint);
  const id = await ask(flint, order, { wish: 'refund' });
  await until(flint, id, { resolution_status: 'pending', merchandise_status: 'awaiting_handoff' });
  const receipt = await receive(flint, id);
  await dispose(flint, id, { return_receipt_line_item_id: receipt.line_items[0].return_receipt_line_item_id }, 1);
  await until(flint, id, { status: 'completed' });
  await expectEnd(flint, app, order, [id], { paid: 3499, refunded: 3499 }, 'return_resolution.created');
});

test('partial quantities over three returns of one line', async ({ flint, app }) => {
  const tax = { components: [{ tax_type: 'sales_tax', percent: 8.25, jurisdiction: { code: 'US-NY', country: 'US', level: 'state', name: 'New York' } }] };
  const order = await sell(flint, {
    price: 1333,
    quantity: 3,
    line: { tax: { calculation: { mode: 'external', price_mode: 'additive', ...tax } } },
    order: {
      tax: { calculation: { mode: 'external', price_mode: 'additive' } },
      discounts: [{ manual: { name: 'Welcome', amount_money: usd(100), scope: 'order' } }],
    },
  });
  const total = order.pricing_amounts.total_money.amount;
  const returns = [];
  for (let n = 0; n < 3; n++) {
    const id = await ask(flint, order, { wish: 'refund' });
    returns.push(await until(flint, id, { status: 'completed' }));
  }
  const each = returns.map((r) => r.financial_summary.refunded_money.amount);
  expect(each.reduce((a, b) => a + b)).toBe(total);
  expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(1);
  await expectEnd(flint, app, order, returns.map((r) => r.return_id), { paid: total, refunded: total });
});

test('an exchange for something dearer, paid by the hosted checkout', async ({ flint, app, page }) => {
  const story = await waiting(flint, app, page);
  await page.getByRole('button', { name: 'Pay USD 22.00' }).click();
  await paysAndGets(flint, app, page, story);
});

test('an exchange for something dearer, paid by a payment link', async ({ flint, app, page }) => {
  const story = await waiting(flint, app, page);
  const { data } = await flint.api('POST', `/v1/return-resolutions/${story.resolution.return_resolution_id}/collect`, { door: 'payment_link' });
  await page.goto(data.url);
  await page.getByRole('button', { name: 'Continue to payment' }).click();
  await paysAndGets(flint, app, page, story);
});

test('an exchange for something dearer, paid by an invoice', async ({ flint, app, page }) => {
  const story = await waiting(flint, app, page);
  const { data } = await flint.api('POST', `/v1/return-resolutions/${story.resolution.return_resolution_id}/collect`, { door: 'invoice' });
  await page.goto(data.url);
  await page.getByRole('button', { name: 'Pay $22.00' }).click();
  await page.waitForURL(/\/checkout\//);
  await paysAndGets(flint, app, page, story);
});

test('an exchange for something cheaper', async ({ flint, app, page }) => {
  const order = await sell(flint);
  const id = await ask(flint, order, { wish: 'exchange' });
  await until(flint, id, { status: 'open' });
  await choose(page, app, id, 'Enamel mug, small instead, and get USD 10.99 back');
  const receipt = await receive(flint, id);
  await dispose(flint, id, { return_receipt_line_item_id: receipt.line_items[0].return_receipt_line_item_id }, 1);
  await expect.poll(async () => (await resolutionsOf(flint, id))[0].replacement_order_id ?? '', { timeout: 15_000 }).not.toBe('');
  const [{ replacement_order_id: replacement }] = await resolutionsOf(flint, id);
  await handOver(flint, replacement);
  await until(flint, id, { status: 'completed' });
  await expectFigures(flint, replacement, { paid: 2400, refunded: 0 });
  await expectEnd(flint, app, order, [id], { paid: 3499, refunded: 3499 });
});

test('a replacement', async ({ flint, app }) => {
  const order = await sell(flint, { price: 1900 });
  const id = await approved(flint, order);
  const made = await settle(flint, id, {
    resolution_type: 'replacement',
    pricing_basis: 'merchant_agreed_price',
    replacement_line_items: [{ name: 'Enamel mug', quantity: 1, unit_price_money: usd(1900) }],
  });
  expect([made.buyer_refund_amount_money.amount, made.buyer_payment_amount_money.amount]).toEqual([0, 0]);
  await expect.poll(async () => (await resolutionsOf(flint, id))[0].replacement_order_id ?? '').not.toBe('');
  const [{ replacement_order_id: replacement }] = await resolutionsOf(flint, id);
  await handOver(flint, replacement);
  await until(flint, id, { status: 'completed' });
  await expectFigures(flint, replacement, { paid: 1900, refunded: 0 });
  await expectFigures(flint, order.order_id, { paid: 1900, refunded: 1900 });
  await expectActor(flint, order.order_id, 'Fair Return', 'return.decision_recorded');
  await expectBooks(flint);
});

test('photos, and goods that the inspection rejects', async ({ flint, app, page }) => {
  const order = await sell(flint, { price: 9900 });
  const id = await ask(flint, order, { wish: 'refund' });
  await until(flint, id, { status: 'requested', metadata: { fair_return: 'photos asked for' } });
  const { metadata } = await back(flint, id);
  await page.goto(metadata.fair_return_page);
  await expectAccessible(page);
  await expectFits(page);
  const png = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64');
  await page.getByLabel('Photos, up to three').setInputFiles({ name: 'mug.png', mimeType: 'image/png', buffer: png });
  await page.getByRole('button', { name: 'Send photos' }).click();
  await expect(page.getByText('Thank you. We look at it.')).toBeVisible();
  await app.desk.goto(app.url);
  await expectAccessible(app.desk);
  await expectFits(app.desk);
  await app.desk.screenshot({ path: 'shots/returns-extension-app.png', fullPage: true });
  await part(app, id).getByRole('button', { name: 'Approve' }).click();
  await until(flint, id, { status: 'open', resolution_status: 'pending' });

  const receipt = await receive(flint, id);
  const { data: seen } = await flint.api('POST', `/v1/returns/${id}/inspections`, {
    return_receipt_id: receipt.return_receipt_id,
    inspected_at: new Date().toISOString(),
    location_id: 'returns-desk',
    line_items: [
      {
        return_receipt_line_item_id: receipt.line_items[0].return_receipt_line_item_id,
        quantity: 1,
        condition: 'damaged',
        finding_codes: ['damaged'],
        acceptance_status: 'rejected',
      },
    ],
  });
  const [wanted] = await resolutionsOf(flint, id);
  expect(wanted.status).toBe('pending');
  await flint.api('POST', `/v1/return-resolutions/${wanted.return_resolution_id}/cancel`, { reason: 'merchant_request' });
  await dispose(flint, id, { return_inspection_line_item_id: seen.line_items[0].return_inspection_line_item_id }, 1, 'return_to_buyer');
  await settle(flint, id, { resolution_type: 'no_monetary_action' });
  await until(flint, id, { status: 'completed', completion_blockers: [] });
  await expectFigures(flint, order.order_id, { paid: 9900, refunded: 0 });
  await expectActor(flint, order.order_id, 'Fair Return', 'return.decision_recorded', 'return_resolution.created');
  await expectBooks(flint);
});

test('a refund without the goods', async ({ flint, app }) => {
  const order = await sell(flint, { price: 1500, quantity: 2 });
  const id = await ask(flint, order, { wish: 'refund' });
  await until(flint, id, { status: 'completed', merchandise_status: 'not_required', receipt_count: 0 });
  await expectEnd(flint, app, order, [id], { paid: 3000, refunded: 1500 }, 'refund.created');
});

test('a restocking fee, one part of it waived', async ({ flint, app }) => {
  const order = await sell(flint, { price: 2000 });
  const id = await approved(flint, order);
  const fee = { adjustment_type: 'restocking_fee', value_effect: 'deduction', reason: 'return_policy' };
  const made = await settle(flint, id, {
    resolution_type: 'refund',
    adjustments: [
      { ...fee, assessed_amount_money: usd(300), applied_amount_money: usd(300), status: 'applied' },
      { ...fee, adjustment_type: 'return_shipping_fee', assessed_amount_money: usd(450), applied_amount_money: usd(0), status: 'waived', waiver_reason: 'customer_service' },
    ],
  });
  expect(made.buyer_refund_amount_money).toEqual(usd(1700));
  expect(made.adjustments.map((a) => a.status)).toEqual(['applied', 'waived']);
  await until(flint, id, { status: 'completed', financial_summary: { deduction_money: usd(300), refunded_money: usd(1700) } });
  await expectEnd(flint, app, order, [id], { paid: 2000, refunded: 1700 });
});

test('a correction after completion', async ({ flint, app }) => {
  const order = await sell(flint, { price: 2000 });
  const id = await approved(flint, order);
  const first = await settle(flint, id, {
    resolution_type: 'refund',
    adjustments: [
      { adjustment_type: 'restocking_fee', value_effect: 'deduction', reason: 'return_policy', assessed_amount_money: usd(500), applied_amount_money: usd(500), status: 'applied' },
    ],
  });
  await until(flint, id, { status: 'completed' });
  await expectFigures(flint, order.order_id, { paid: 2000, refunded: 1500 });
  await flint.api('POST', `/v1/returns/${id}/reopen`, { reason: 'correction_required' });
  await settle(flint, id, {
    resolution_type: 'correction',
    corrects_return_resolution_id: first.return_resolution_id,
    adjustments: [
      { adjustment_type: 'price_correction', value_effect: 'credit', reason: 'manual_correction', assessed_amount_money: usd(500), applied_amount_money: usd(500), status: 'applied' },
    ],
  });
  await until(flint, id, { completion_blockers: [], resolution_status: 'fulfilled' });
  await flint.api('POST', `/v1/returns/${id}/complete`, {});
  await expectEnd(flint, app, order, [id], { paid: 2000, refunded: 2000 });
});

test('withdrawn midway, and asked for again', async ({ flint, app }) => {
  const order = await sell(flint);
  const first = await ask(flint, order);
  await until(flint, first, { status: 'open' });
  await flint.api('POST', `/v1/returns/${first}/cancel`, { reason: 'buyer_request' });
  await until(flint, first, { status: 'canceled' });
  await expectFigures(flint, order.order_id, { paid: 3499, refunded: 0 });
  const second = await ask(flint, order, { wish: 'refund' });
  await until(flint, second, { resolution_status: 'pending' });
  const receipt = await receive(flint, second);
  await dispose(flint, second, { return_receipt_line_item_id: receipt.line_items[0].return_receipt_line_item_id }, 1);
  await until(flint, second, { status: 'completed' });
  await expectEnd(flint, app, order, [second], { paid: 3499, refunded: 3499 });
});

test('a refund that the card refuses, paid otherwise', async ({ flint, app }) => {
  const order = await sell(flint, { price: 1800, token: 'simtok_refund_fails' });
  const id = await ask(flint, order, { wish: 'refund' });
  await until(flint, id, { resolution_status: 'failed' });
  await expectBook(app, id, 'Due to the buyer: 1800 USD.');
  const [failed] = await resolutionsOf(flint, id);
  await flint.api('POST', `/v1/refunds/${failed.refund_ids.at(-1)}/complete-manually`, { note: 'Bank transfer', reference: 'TX-1' });
  await until(flint, id, { status: 'completed', financial_summary: { refunded_money: usd(1800), due_to_buyer_money: usd(0) } });
  await expectEnd(flint, app, order, [id], { paid: 1800, refunded: 1800 });
});

test('a dispute is opened in the middle', async ({ flint, app }) => {
  const order = await sell(flint);
  const id = await ask(flint, order, { wish: 'refund' });
  await until(flint, id, { resolution_status: 'pending' });
  const dispute = await flint.api('POST', '/dev/simulator/disputes', { payment_intent_id: order.payment_intent_ids[0], amount: 3499, reason: 'product_not_received' });
  await expect.poll(async () => (await flint.api('GET', `/v1/disputes?order_id=${order.order_id}`)).data.length, { timeout: 15_000 }).toBe(1);
  const receipt = await receive(flint, id);
  await dispose(flint, id, { return_receipt_line_item_id: receipt.line_items[0].return_receipt_line_item_id }, 1);
  await until(flint, id, { resolution_status: 'failed' });
  await expectFigures(flint, order.order_id, { paid: 3499, refunded: 0 });
  await expectBook(app, id, 'Due to the buyer: 3499 USD.');

  await flint.api('POST', `/dev/simulator/disputes/${dispute.dispute_ref}`, { status: 'won' });
  await expect.poll(async () => (await flint.api('GET', `/v1/disputes?order_id=${order.order_id}`)).data[0].status, { timeout: 15_000 }).toBe('won');
  const [failed] = await resolutionsOf(flint, id);
  await flint.api('POST', `/v1/return-resolutions/${failed.return_resolution_id}/retry`, { reason: 'dependency_recovered' });
  await until(flint, id, { status: 'completed' });
  await expectEnd(flint, app, order, [id], { paid: 3499, refunded: 3499 });
});

test('the app was away, and closes the gap from the feed', async ({ flint, app }) => {
  const { data: endpoints } = await flint.api('GET', '/v1/webhook-endpoints?page_size=100', undefined, { key: flint.facts.other_merchant.live_api_key });
  expect(endpoints.length).toBeGreaterThan(0);
  const order = await sell(flint, { price: 1500 });
  for (const e of endpoints) {
    await flint.api('PATCH', `/v1/webhook-endpoints/${e.webhook_endpoint_id}`, { enabled: false }, { key: flint.facts.other_merchant.live_api_key });
  }
  const id = await ask(flint, order, { wish: 'refund' });
  await app.desk.goto(app.url); // the merchant's page asks the feed
  await until(flint, id, { status: 'open' });
  const status = async () => {
    await app.desk.goto(app.url);
    return (await back(flint, id)).status;
  };
  await expect.poll(status, { timeout: 15_000 }).toBe('completed');
  await expectEnd(flint, app, order, [id], { paid: 1500, refunded: 1500 });
  for (const e of endpoints) {
    await flint.api('PATCH', `/v1/webhook-endpoints/${e.webhook_endpoint_id}`, { enabled: true }, { key: flint.facts.other_merchant.live_api_key });
  }
});

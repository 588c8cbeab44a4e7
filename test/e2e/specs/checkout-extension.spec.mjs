// The story of a checkout extension: an app that a merchant installed opens a checkout, the buyer is
// interrupted in each possible place, and the app leads them back. Whatever doors were open, the order is
// paid once, money that came too much is in the inbox, and the books of both sides agree.

import { binary, doctor, startApp } from '../app.mjs';
import { advance, cards, expectCharged, expectPaid, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, test as base } from '../fixtures.mjs';
import { startFlint } from '../flint.mjs';
import { signIn } from '../person.mjs';

const events = ['abandoned', 'expired', 'completed', 'invalidated', 'closed', 'recovered'].map((e) => `checkout_session.${e}`);

const test = base.extend({
  // A Flint of its own, because its clock is moved by days and all its books are counted.
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
      const app = await startApp(flint, 'checkout-extension', { name: 'Second Chance', events: [...events, 'order.paid', 'stranded_payment.created'] });
      const desk = await (await browser.newContext()).newPage();
      await desk.goto(`${app.url}/install`);
      await signIn(desk, flint.facts.user);
      await title(desk, 'Second Chance wants to work with you');
      for (const optional of ['Make payment links', 'Make invoices']) {
        await desk.getByLabel(optional).check();
      }
      await desk.getByRole('button', { name: /^(Approve|Continue)/ }).click();
      await expect(desk.getByText(`Installed at ${flint.facts.merchant_id} (test).`)).toBeVisible();
      await use({ ...app, desk });
      await desk.context().close();
      await app.stop();
    },
    { scope: 'worker', timeout: 120_000 },
  ],
});

/** order creates an order of the merchant's over 34.99. */
async function order(flint) {
  const { data } = await flint.api('POST', '/v1/orders', {
    line_items: [{ name: 'Enamel mug', quantity: 1, unit_price_money: { amount: 3499, currency: 'USD' } }],
  });
  return data.order_id;
}

/** part is what the app's page says of an order. */
const part = (app, orderID) => app.desk.getByRole('region', { name: orderID });

/** openBy lets the app open a checkout and returns the address that the buyer keeps. */
async function openBy(app, orderID, button = 'Open a checkout') {
  await app.desk.goto(app.url);
  await app.desk.getByLabel('Order', { exact: true }).fill(orderID);
  await app.desk.getByRole('button', { name: button, exact: true }).click();
  return part(app, orderID).getByRole('link').getAttribute('href');
}

/** replaceBy lets the app put another door in the place of the one that is open. */
async function replaceBy(app, orderID, button, { cancel = false } = {}) {
  await app.desk.goto(app.url);
  if (cancel) {
    await part(app, orderID).getByLabel('Give up a payment that waits for the buyer').check();
  }
  await part(app, orderID).getByRole('button', { name: button }).click();
  await expect(app.desk.getByRole('alert')).toHaveCount(0);
  await expect(part(app, orderID)).toBeVisible();
}

/** expectHeard waits until the app has heard these events of an order, and no others. */
async function expectHeard(app, orderID, ...types) {
  const heard = async () => {
    await app.desk.goto(app.url);
    const steps = await part(app, orderID).getByRole('listitem').filter({ hasText: /^\w+\.\w+/ }).allTextContents();
    return steps.map((text) => text.replace(/:.*/, '').replace('checkout_session.', '')).sort();
  };
  await expect.poll(heard, { timeout: 15_000 }).toEqual(types.sort());
}

/** expectBooks compares what the processor took and what the orders have, and asks the doctor. */
async function expectBooks(flint) {
  const taken = new Map();
  const { data, meta } = await flint.api('GET', '/v1/payment-intents?page_size=100');
  expect(meta.next_page_token ?? '', 'one page holds them all').toBe('');
  for (const intent of data.filter((i) => i.status === 'succeeded')) {
    taken.set(intent.payment_intent_id, intent.amount_money.amount);
  }
  const books = await flint.api('GET', '/dev/simulator/books');
  const theirs = new Map(books.payments.filter((p) => p.captured > 0).map((p) => [p.payment_id, p.captured]));
  expect(Object.fromEntries(theirs)).toEqual(Object.fromEntries(taken));
  await doctor(flint);
}

/** expectStranded expects what of an order lies in the inbox. */
async function expectStranded(flint, orderID, ...rows) {
  const { data } = await flint.api('GET', `/v1/stranded-payments?order_id=${orderID}`);
  expect(data.map((p) => [p.status, p.reason, p.remaining_money.amount])).toEqual(rows);
}

/** payHere fills the checkout that the page shows and presses the button. */
async function payHere(page, number = cards.approved) {
  await title(page, /^Pay /);
  await page.getByLabel('Email').fill('ada@example.com');
  await typeCard(page, number);
  await pay(page).click();
}

const paid = (page) => title(page, 'Thank you, you have paid');

/** comeBack opens the buyer's address and goes on to the checkout. */
async function comeBack(page, address) {
  await page.goto(address);
  await page.getByRole('button', { name: 'Continue to checkout' }).click();
}

test('nobody interrupts, in a checkout of its own and in the page of the app', async ({ flint, app, page }) => {
  for (const button of ['Open a checkout', 'Open an embedded checkout']) {
    const orderID = await order(flint);
    await page.goto(await openBy(app, orderID, button));
    if (button === 'Open a checkout') {
      await payHere(page);
      await paid(page);
    } else {
      const frame = page.frameLocator('#checkout iframe');
      await frame.getByLabel('Email').fill('ada@example.com');
      const fields = frame.frameLocator('iframe[src*="option=card"]');
      await fields.getByLabel('Card number').fill(cards.approved);
      await fields.getByLabel('Expiry').fill('12 / 34');
      await fields.getByLabel('Security code').fill('123');
      await pay(frame).click();
      await expect(frame.getByRole('heading', { level: 1 })).toHaveText('Thank you, you have paid');
    }
    await expectPaid(flint, orderID, 3499);
    await expectHeard(app, orderID, 'completed', 'order.paid');
    await expectStranded(flint, orderID);
  }
  await expectAccessible(app.desk);
  await expectFits(app.desk);
  await app.desk.screenshot({ path: 'shots/checkout-extension-app.png', fullPage: true });
  await expectBooks(flint);
});

test('the tab is closed before paying', async ({ flint, app, page, context }) => {
  const orderID = await order(flint);
  const address = await openBy(app, orderID);
  await page.goto(address);
  await title(page, /^Pay /);
  await typeCard(page, cards.approved);
  await page.close();
  await advance(flint, 3700);
  await expectHeard(app, orderID, 'abandoned');
  const later = await context.newPage();
  await comeBack(later, address);
  await payHere(later);
  await paid(later);
  await expectPaid(flint, orderID, 3499);
  await expectHeard(app, orderID, 'abandoned', 'completed', 'recovered', 'order.paid');
  await expectStranded(flint, orderID);
  await expectBooks(flint);
});

test('the tab is closed at the bank', async ({ flint, app, page, context }) => {
  const orderID = await order(flint);
  const address = await openBy(app, orderID);
  await page.goto(address);
  await payHere(page, cards.challenged);
  await page.waitForURL(/simulator\/challenge/);
  await page.close();
  await replaceBy(app, orderID, 'Link back');
  const later = await context.newPage();
  await later.goto(address);
  await title(later, 'Your bank is waiting for you');
  await later.getByRole('button', { name: 'Continue the payment' }).click();
  await later.getByRole('link', { name: 'Continue to your bank' }).click();
  await later.getByRole('button', { name: 'Approve payment' }).click();
  await paid(later);
  await expectPaid(flint, orderID, 3499);
  await expectHeard(app, orderID, 'completed', 'order.paid');
  await expectStranded(flint, orderID);
  await expectBooks(flint);
});

test('the bank has agreed and the buyer never comes back', async ({ flint, app, page }) => {
  const orderID = await order(flint);
  const address = await openBy(app, orderID);
  await page.goto(address);
  await payHere(page, cards.challenged);
  await page.waitForURL(/simulator\/challenge/);
  await page.route('**/checkout/**', (route) => route.abort()); // the connection is lost on the way back
  await page.getByRole('button', { name: 'Approve payment' }).click();
  await page.waitForTimeout(300);
  await page.close();
  await expectHeard(app, orderID, 'completed', 'order.paid');
  await expectPaid(flint, orderID, 3499);
  await expectStranded(flint, orderID);
  await expectBooks(flint);
});

test('the session runs out under the buyer', async ({ flint, app, page, context }) => {
  const orderID = await order(flint);
  const address = await openBy(app, orderID);
  await page.goto(address);
  await title(page, /^Pay /);
  await typeCard(page, cards.approved);
  await advance(flint, 3 * 24 * 3600);
  await pay(page).click();
  await title(page, /time|expired/i);
  await expectHeard(app, orderID, 'abandoned', 'expired');
  await expectCharged(flint, orderID);
  const later = await context.newPage();
  await comeBack(later, address);
  await payHere(later);
  await paid(later);
  await expectPaid(flint, orderID, 3499);
  await expectHeard(app, orderID, 'abandoned', 'expired', 'completed', 'recovered', 'order.paid');
  await expectStranded(flint, orderID);
  await expectBooks(flint);
});

test('the session is replaced while it is open in two tabs', async ({ flint, app, page, context }) => {
  const orderID = await order(flint);
  const address = await openBy(app, orderID);
  const second = await context.newPage();
  for (const tab of [page, second]) {
    await tab.goto(address);
    await title(tab, /^Pay /);
    await tab.getByLabel('Email').fill('ada@example.com');
    await typeCard(tab, cards.approved);
  }
  await replaceBy(app, orderID, 'New checkout');
  await Promise.all([pay(page).click(), pay(second).click()]);
  for (const tab of [page, second]) {
    await expect(tab.getByRole('heading', { level: 1 })).not.toHaveText(/^Pay |paid/);
  }
  await expectCharged(flint, orderID);
  await page.goto(address);
  await payHere(page);
  await paid(page);
  await expectPaid(flint, orderID, 3499);
  await expectHeard(app, orderID, 'invalidated', 'completed', 'order.paid');
  await expectStranded(flint, orderID);
  await expectBooks(flint);
});

test('session, payment link and invoice are open at once, and all are paid at once', async ({ flint, app, page, context }) => {
  const orderID = await order(flint);
  const address = await openBy(app, orderID);
  const [bySession, byLink, byInvoice] = [page, await context.newPage(), await context.newPage()];
  const fill = async (tab) => {
    await title(tab, /^Pay /);
    await tab.getByLabel('Email').fill('ada@example.com');
    await typeCard(tab, cards.approved);
  };
  await bySession.goto(address);
  await fill(bySession);
  await replaceBy(app, orderID, 'Payment link');
  await byLink.goto(address);
  await byLink.getByRole('button', { name: 'Continue to payment' }).click();
  await fill(byLink);
  await replaceBy(app, orderID, 'Invoice');
  await byInvoice.goto(address);
  await title(byInvoice, '$34.99 due');
  await byInvoice.getByRole('button', { name: 'Pay $34.99' }).click();
  await byInvoice.waitForURL(/\/checkout\//);
  await fill(byInvoice);
  await Promise.all([bySession, byLink, byInvoice].map((tab) => pay(tab).click()));
  await paid(byInvoice);
  for (const tab of [bySession, byLink]) {
    await expect(tab.getByRole('heading', { level: 1 })).not.toHaveText(/^Pay |^Thank you/);
  }
  await expectPaid(flint, orderID, 3499);
  await expectHeard(app, orderID, 'invalidated', 'invalidated', 'completed', 'order.paid');
  await expectStranded(flint, orderID);
  await expectBooks(flint);
});

test('the bank agrees to the old payment after the order was paid by another door', async ({ flint, app, page, context }) => {
  const orderID = await order(flint);
  const address = await openBy(app, orderID);
  await page.goto(address);
  await payHere(page, cards.challenged);
  await page.waitForURL(/simulator\/challenge/);
  // A bank that says "canceled" and lets its page be approved all the same.
  await flint.api('PUT', '/dev/simulator/faults', { seed: 1, operations: { void: { forget: { next: 1 } } } });
  await replaceBy(app, orderID, 'New checkout', { cancel: true });
  const second = await context.newPage();
  await second.goto(address);
  await payHere(second);
  await paid(second);
  await expectPaid(flint, orderID, 3499);
  await page.getByRole('button', { name: 'Approve payment' }).click();
  await expectHeard(app, orderID, 'invalidated', 'completed', 'order.paid', 'stranded_payment.created');
  await expectStranded(flint, orderID, ['open', 'attempt_ended', 3499]);
  await expectCharged(flint, orderID, 3499, 3499);
  await expectBooks(flint);

  const { data } = await flint.api('GET', `/v1/stranded-payments?order_id=${orderID}`);
  await flint.api('POST', `/v1/stranded-payments/${data[0].stranded_payment_id}/resolve`, { action: 'refund', note: 'paid twice' });
  await expect.poll(async () => (await flint.api('GET', `/v1/stranded-payments?order_id=${orderID}`)).data[0].status).toBe('resolved');
  const { data: settled } = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(settled.settlement_amounts).toMatchObject({ outstanding_money: { amount: 0 }, refunded_money: { amount: 3499 } });
  await doctor(flint);
});

// What specs do again and again on the hosted checkout: open one, fill it in, see what was charged.

import { expect } from './fixtures.mjs';

/** Test cards and accounts of the simulator. */
export const cards = {
  approved: '4242 4242 4242 4242',
  declined: '4000 0000 0000 0002',
  poor: '4000 0000 0000 9995',
  challenged: '4000 0025 0000 3155',
};
export const accounts = { clears: '000123456789', stays: '000000000009', fails: '000222222227' };

/** openCheckout creates an order over 34.99 and a hosted session for it. */
export async function openCheckout(flint, session = {}, order = {}) {
  const created = await flint.api('POST', '/v1/orders', {
    line_items: [{ name: 'Enamel mug', quantity: 1, unit_price_money: { amount: 3499, currency: 'USD' } }],
    ...order,
  });
  const orderID = created.data.order_id;
  const launch = await flint.api('POST', '/v1/checkout-sessions', { order_id: orderID, ...session });
  const { checkout_session_id: sessionID, url } = launch.data.checkout_session;
  return { orderID, sessionID, url };
}

/** pay is the one button that charges. */
export const pay = (page) => page.getByRole('button', { name: /^Pay / });

/** fields is the frame in which the details of a payment option are typed. */
export const fields = (page, option = 'card') => page.frameLocator(`iframe[src$="option=${option}"]`);

/** typeCard types into the card's frame, as a buyer does. */
export async function typeCard(page, number) {
  const form = fields(page);
  await form.getByLabel('Card number').fill(number);
  await form.getByLabel('Expiry').fill('12 / 34');
  await form.getByLabel('Security code').fill('123');
}

/** typeAccount chooses the bank account and types it. */
export async function typeAccount(page, account) {
  await page.getByLabel(/^Bank account/).check();
  const form = fields(page, 'ach_debit');
  await form.getByLabel('Account holder').fill('Ada Lovelace');
  await form.getByLabel('Routing number').fill('110000000');
  await form.getByLabel('Account number').fill(account);
}

/** title expects the heading of the page that the buyer has come to. */
export const title = (page, text) => expect(page.getByRole('heading', { level: 1 })).toHaveText(text);

/** expectPaid expects the order to be paid by exactly one payment of the amount. */
export async function expectPaid(flint, orderID, amount, currency = 'USD') {
  const { data } = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(data.payment_status).toBe('paid');
  expect(data.settlement_amounts.paid_money).toEqual({ amount, currency });
  expect(data.settlement_amounts.outstanding_money.amount).toBe(0);
  await expectCharged(flint, orderID, amount);
}

/** expectCharged compares with the books of the processor: the amounts it has taken for the order. */
export async function expectCharged(flint, orderID, ...amounts) {
  const { data } = await flint.api('GET', `/v1/payment-intents?order_id=${orderID}`);
  const taken = data.filter((intent) => intent.status === 'succeeded').map((intent) => intent.amount_money.amount);
  expect(taken, 'payments of the order').toEqual(amounts);
}

/** advance moves the clock of the environment. */
export const advance = (flint, seconds) => flint.api('POST', '/dev/clock', { advance_seconds: seconds });

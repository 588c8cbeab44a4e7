// A customer gives goods back: what it costs is said before it is asked for, and every step after that is seen.

import { cards, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test } from '../fixtures.mjs';

const usd = (amount) => ({ amount, currency: 'USD' });
const desk = { name: 'Returns desk', address: { line1: '1 Dock Road', city: 'Austin', state: 'TX', postal_code: '78701', country: 'US' }, instructions: 'Put the number of the return on the parcel.' };

/** policy lets everything come back for a fee, after somebody looked. */
async function policy(flint) {
  const { data } = await flint.api('POST', '/v1/return-policies', {
    name: 'Thirty days',
    revision: {
      scope: {}, priority: 1, eligibility_result: 'eligible', approval_mode: 'manual', is_merchandise_return_required: true, receiving_location_id: 'desk', receiving_destination: desk,
      allowed_resolution_types: ['refund', 'exchange'], resolution_mode: 'manual', refund_timing: 'after_receipt', completion_mode: 'automatic',
      return_window: { starts_at_event: 'fulfilled', duration_seconds: 2592000 }, restocking_fee: { calculation_type: 'percent', percent: 10 },
    },
  });
  await flint.api('PATCH', `/v1/return-policies/${data.return_policy_id}`, { status: 'active' });
}

let ready;

/** bought is a customer with an order that was paid and handed over. */
async function bought(flint) {
  ready ??= policy(flint);
  await ready;
  const { data: customer } = await flint.api('POST', '/v1/customers', { email: `ada${Math.random().toString(36).replace(/[^a-z]/g, '')}@buyer.test`, name: 'Ada Lovelace' });
  const { data: order } = await flint.api('POST', '/v1/orders', {
    customer_id: customer.customer_id,
    line_items: [
      { name: 'Enamel mug', description: 'Blue, 350 ml', quantity: 2, unit_price_money: usd(1750) },
      { name: 'Oak tray', unit_price_money: usd(4200) },
    ],
    tax: { enabled: false },
  });
  await flint.api('POST', `/v1/orders/${order.order_id}/pay`, { action: 'pay', payment_source: { token: 'simtok_approve' } });
  const lines = order.line_items.map((l) => ({ order_line_item_id: l.order_line_item_id, quantity: l.quantity }));
  const { data: made } = await flint.api('POST', `/v1/orders/${order.order_id}/fulfillments`, {
    type: 'shipment', line_items: lines, shipment: { packaging: 'single_package', package: { carrier: 'UPS', tracking_number: '1Z999AA10123456784' } },
  });
  const fulfillment = made.fulfillment ?? made;
  await flint.api('POST', `/v1/fulfillments/${fulfillment.fulfillment_id}/transitions`, { action: 'complete' });
  return { customerID: customer.customer_id, orderID: order.order_id, number: order.order_number };
}

/** enter signs a customer in. */
async function enter(page, flint, script, customerID) {
  const { data } = await flint.api('POST', '/v1/customer-sessions', { customer_id: customerID });
  await page.goto(data.account_url);
  if (!script) {
    await page.getByRole('button', { name: 'Continue' }).click();
  }
  await title(page, 'Orders');
}

/** ask fills the form of a return in, looks at the fees and sends it; it answers with the id of the return. */
async function ask(page, info, { wish = 'Money back', look } = {}) {
  await page.getByRole('link', { name: 'Return items' }).click();
  await title(page, 'Choose what to return');
  const mug = page.getByRole('group', { name: 'Enamel mug' });
  if (look) {
    await look('return-choose');
  }
  await mug.getByLabel('Quantity').selectOption('1');
  await mug.getByLabel('Reason').selectOption({ label: 'Faulty or does not work' });
  await mug.getByLabel('What would you like?').selectOption({ label: wish });
  await page.getByRole('button', { name: 'Continue' }).click();
  await expect(page.getByText('This reason needs a note.')).toBeVisible();
  await expect(mug.getByLabel('What should the shop know? (required)')).toBeVisible();
  if (look) {
    await look('return-note');
  }
  await mug.getByLabel('What should the shop know?').fill('The handle came off.');
  await page.getByRole('button', { name: 'Continue' }).click();
  await title(page, 'Check your return');
  await expect(page.getByText('-$1.75')).toBeVisible();
  await expect(page.getByText('$15.75')).toBeVisible();
  if (look) {
    await look('return-check');
  }
  await page.getByRole('button', { name: 'Send the request' }).click();
  await title(page, 'We sent your request to the shop');
  return /\/returns\/(ret_[^/?]+)/.exec(page.url())[1];
}

/** approve and receive are the shop's part; they answer with the line of the return. */
async function approve(flint, returnID) {
  const { data } = await flint.api('GET', `/v1/returns/${returnID}`);
  const [line] = data.line_items;
  await flint.api('POST', `/v1/returns/${returnID}/decide`, {
    line_items: [{ return_line_item_id: line.return_line_item_id, decision_basis: 'policy_evaluation', approved_quantity: 1 }],
  });
  return line.return_line_item_id;
}

async function receive(flint, returnID, lineID) {
  await flint.api('POST', `/v1/returns/${returnID}/receipts`, {
    received_at: new Date().toISOString(), receiving_location_id: 'desk', line_items: [{ return_line_item_id: lineID, quantity: 1 }],
  });
}

async function settle(flint, returnID, terms) {
  const { data } = await flint.api('POST', `/v1/returns/${returnID}/resolutions`, terms);
  const made = data.return_resolution ?? data;
  await flint.api('POST', `/v1/return-resolutions/${made.return_resolution_id}/confirm`, {});
  return made.return_resolution_id;
}

for (const script of [true, false]) {
  test.describe(script ? 'with JavaScript' : 'without JavaScript', () => {
    test.use({ javaScriptEnabled: script });
    test.slow(); // each is a whole story over many pages

    test('a customer gives a mug back and sees the money come', async ({ flint, page }, info) => {
      test.skip(!script && info.project.name === 'phone', 'without JavaScript the screen makes no difference');
      const look = async (name) => {
        if (!script) {
          return;
        }
        await expectAccessible(page);
        await expectFits(page);
        await shot(page, info, name);
      };
      const { customerID, orderID, number } = await bought(flint);
      await enter(page, flint, script, customerID);
      await page.getByRole('link', { name: new RegExp(`Order ${number}`) }).click();
      await expect(page.getByText('1Z999AA10123456784')).toBeVisible();
      await look('return-order');
      const returnID = await ask(page, info, { look });
      await expect(page.getByText('You would get back')).toBeVisible();
      await look('return-requested');

      const lineID = await approve(flint, returnID);
      await page.reload();
      await title(page, 'Your return was approved');
      await expect(page.getByText('1 Dock Road')).toBeVisible();
      await look('return-approved');

      const fee = { adjustment_type: 'restocking_fee', value_effect: 'deduction', assessed_amount_money: usd(175), applied_amount_money: usd(175), reason: 'return_policy', return_line_item_id: lineID };
      await settle(flint, returnID, { resolution_type: 'refund', line_items: [{ return_line_item_id: lineID, quantity: 1 }], adjustments: [fee] });
      await receive(flint, returnID, lineID);
      await expect.poll(async () => (await flint.api('GET', `/v1/returns/${returnID}`)).data.status).toBe('completed');
      await page.reload();
      await title(page, 'Your return is complete');
      await expect(page.getByText('You got $15.75 back.')).toBeVisible();
      await look('return-completed');

      // The link that the shop sends lands on the return.
      const { data: link } = await flint.api('POST', `/v1/returns/${returnID}/access-links`, {});
      await page.goto(link.url);
      if (!script) {
        await page.getByRole('button', { name: 'Show the return' }).click();
      }
      await title(page, 'Your return is complete');
      expect(page.url()).toMatch(new RegExp(`/o/[^/]+/returns/${returnID}$`));
      await page.getByRole('link', { name: `Order ${number}` }).click();
      await title(page, 'Partly refunded');
      await expect(page.locator('.badge', { hasText: 'Complete' })).toBeVisible();
      expect((await flint.api('GET', `/v1/orders/${orderID}`)).data.refund_status).toBe('partially_refunded');
    });

    test('a customer pays the difference of an exchange, and withdraws another return', async ({ flint, page }, info) => {
      test.skip(!script && info.project.name === 'phone', 'without JavaScript the screen makes no difference');
      const { customerID, number } = await bought(flint);
      await enter(page, flint, script, customerID);
      const order = page.getByRole('link', { name: new RegExp(`Order ${number}`) });
      await order.click();
      const returnID = await ask(page, info, { wish: 'Exchange for something else' });
      await expect(page.getByText('You asked for: Exchange for something else')).toBeVisible();
      const lineID = await approve(flint, returnID);
      await receive(flint, returnID, lineID);
      await settle(flint, returnID, {
        resolution_type: 'exchange', pricing_basis: 'merchant_agreed_price', line_items: [{ return_line_item_id: lineID, quantity: 1 }],
        replacement_line_items: [{ name: 'Enamel jug', quantity: 1, unit_price_money: usd(2500) }],
      });
      await page.reload();
      await expect(page.getByText('You owe a difference')).toBeVisible();
      const back = page.url();
      if (script) {
        await expectAccessible(page);
        await expectFits(page);
        await shot(page, info, 'return-owed');
      }
      await page.getByRole('button', { name: 'Pay $7.50' }).click();
      await expect(page).toHaveURL(/\/checkout\/cs_/);
      if (script) {
        const checkout = page.url();
        await page.goto(back);
        await page.getByRole('button', { name: 'Pay $7.50' }).click(); // the same checkout once more
        await expect(page).toHaveURL(checkout);
        await shot(page, info, 'return-checkout');
        await typeCard(page, cards.approved);
        await page.getByRole('button', { name: /^Pay / }).click();
        await expect.poll(async () => (await flint.api('GET', `/v1/returns/${returnID}`)).data.financial_summary.due_from_buyer_money.amount, { timeout: 20_000 }).toBe(0);
        await shot(page, info, 'return-paid-checkout');
        await page.goto(back);
        await expect(page.getByText('You owe a difference')).toHaveCount(0);
        await expect(page.getByText('Enamel jug')).toBeVisible();
        await shot(page, info, 'return-paid');
        await page.getByRole('link', { name: 'See the order that brings it' }).click();
        await title(page, 'Paid');
        await expect(page.getByText('Replaces items you return')).toBeVisible();
        await shot(page, info, 'return-replacement-order');
      }

      await page.goto(back);
      await page.getByRole('link', { name: `Order ${number}` }).click();
      await title(page, 'Partly exchanged');
      await expect(page.getByText('1 returned and exchanged')).toBeVisible();
      await expect(page.getByText('Partly refunded')).toHaveCount(0);
      if (script) {
        await expectAccessible(page);
        await expectFits(page);
        await shot(page, info, 'return-exchanged-order');
      }
      const original = page.url();
      await page.getByRole('link', { name: /^See order / }).click();
      await expect(page.getByText('Replaces items you return')).toBeVisible();
      await page.getByRole('link', { name: 'All orders' }).click();
      await expect(order.getByText('Partly exchanged')).toBeVisible();
      await page.goto(original);
      await ask(page, info);
      await page.getByRole('button', { name: 'Withdraw this return' }).click();
      await expect(page.getByText('The return was withdrawn.')).toBeVisible();
      await title(page, 'This return was withdrawn');
      if (script) {
        await expectAccessible(page);
        await shot(page, info, 'return-withdrawn');
      }
    });
  });
}

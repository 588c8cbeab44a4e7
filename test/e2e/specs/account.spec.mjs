// What a merchant's customers see of their purchases: the status page of an order that a link opens, and
// the hosted account, with JavaScript and without.

import { cards, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, expectOnlyFrom, shot, test, weigh, withAndWithoutScript } from '../fixtures.mjs';

let count = 0;

/** shopper makes a customer with an order, paid or not. */
async function shopper(flint, { paid = false } = {}) {
  const email = `ada${++count}${Math.random().toString(36).replace(/[^a-z]/g, '')}@buyer.test`;
  const { data: customer } = await flint.api('POST', '/v1/customers', { email, name: 'Ada Lovelace' });
  const { data: order } = await flint.api('POST', '/v1/orders', {
    customer_id: customer.customer_id,
    buyer_note: 'Please ring twice.',
    line_items: [
      { name: 'Enamel mug', description: 'Blue, 350 ml', quantity: 2, unit_price_money: { amount: 1750, currency: 'USD' } },
      { name: 'Oak tray', unit_price_money: { amount: 4200, currency: 'USD' } },
    ],
    tax: { enabled: false },
  });
  if (paid) {
    await flint.api('POST', `/v1/orders/${order.order_id}/pay`, { action: 'pay', payment_source: { token: 'simtok_approve' } });
    await flint.api('POST', '/v1/refunds', { order_id: order.order_id, amount_money: { amount: 1750, currency: 'USD' }, reason: 'requested_by_customer' });
    await expect.poll(async () => (await flint.api('GET', `/v1/orders/${order.order_id}`)).data.refund_status).toBe('partially_refunded');
  }
  return { email, customerID: customer.customer_id, orderID: order.order_id, number: order.order_number };
}

/** through goes through a door: the script opens it, or the button. */
async function through(page, script, url, button) {
  await page.goto(url);
  if (!script) {
    await page.getByRole('button', { name: button }).click();
  }
}

/** enter signs a customer in by an account_url. */
async function enter(page, flint, script, customerID) {
  const { data } = await flint.api('POST', '/v1/customer-sessions', { customer_id: customerID });
  await through(page, script, data.account_url, 'Continue');
  await title(page, 'Orders');
  return data;
}

/**
 * expectTabs expects the sections of the account on one line, all of them on the screen, and on a screen too narrow for
 * them the one that is open, with the others a key away.
 */
async function expectTabs(page) {
  const tabs = page.getByRole('navigation', { name: 'Your account' }).getByRole('link');
  const tops = () => tabs.evaluateAll((all) => new Set(all.map((tab) => tab.getBoundingClientRect().top)).size);
  await expect(tabs).toHaveCount(5);
  expect(await tops(), 'lines of tabs').toBe(1);
  for (const tab of await tabs.all()) {
    await expect(tab).toBeInViewport({ ratio: 1 });
  }
  const size = page.viewportSize();
  await page.setViewportSize({ ...size, width: 240 });
  await page.reload();
  expect(await tops(), 'lines of tabs').toBe(1);
  await expect(tabs.last()).toHaveAttribute('aria-current', 'page');
  await expect(tabs.last()).toBeInViewport({ ratio: 1 });
  await tabs.first().focus();
  await expect(tabs.first()).toBeInViewport({ ratio: 1 });
  await page.setViewportSize(size);
}

/** mailed is the code in the newest mail to an address. */
async function mailed(flint, email) {
  let code;
  await expect(async () => {
    const { data } = await flint.api('GET', `/dev/mail?to=${encodeURIComponent(email)}`);
    code = /(\d{3}) (\d{3})/.exec(data[0]?.text ?? '')?.slice(1).join('');
    expect(code).toBeTruthy();
  }).toPass({ timeout: 15_000 });
  return code;
}

withAndWithoutScript(test, (script) => {
  test('a link shows one order, paid', async ({ flint, page }, info) => {
    const { orderID } = await shopper(flint, { paid: true });
    const { data: link } = await flint.api('POST', `/v1/orders/${orderID}/access-links`, {});
    await through(page, script, link.url, 'Show the order');
    await title(page, 'Partly refunded');
    expect(page.url()).not.toContain('flint_oal_');
    await expect(page.getByText('Enamel mug')).toBeVisible();
    await expect(page.locator('.badge', { hasText: /Given back|Under way/ })).toBeVisible();
    await expect(page.getByRole('button', { name: /^Pay/ })).toHaveCount(0);
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'order-status-paid');
    }
    await page.getByRole('button', { name: 'Send again' }).click();
    await expect(page.getByText('The receipt is on its way.')).toBeVisible();
  });

  test('what is owed is paid from the link', async ({ flint, page }, info) => {
    const { orderID } = await shopper(flint);
    const { data: link } = await flint.api('POST', `/v1/orders/${orderID}/access-links`, {});
    await through(page, script, link.url, 'Show the order');
    await title(page, 'Waiting for payment');
    await expectAccessible(page);
    if (script) {
      await shot(page, info, 'order-status-unpaid');
    }
    await page.getByRole('button', { name: 'Pay $77.00' }).click();
    await expect(page).toHaveURL(/\/checkout\/cs_/);
    if (script) {
      await typeCard(page, cards.approved);
      await page.getByRole('button', { name: /^Pay / }).click();
      await title(page, 'Thank you, you have paid');
      await expect(page.getByText('$77.00').first()).toBeVisible();
      const { data } = await flint.api('GET', `/v1/orders/${orderID}`);
      expect(data.payment_status).toBe('paid');
      await page.goto(link.url);
      await title(page, 'Paid');
    }
  });

  test('a customer goes through the account', async ({ flint, page }, info) => {
    const { customerID, number } = await shopper(flint, { paid: true });
    const session = await enter(page, flint, script, customerID);
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'account-orders');
    }
    await page.getByRole('link', { name: new RegExp(`Order ${number}`) }).click();
    await title(page, 'Partly refunded');
    await expectAccessible(page);
    await page.getByRole('link', { name: 'Addresses' }).click();
    await title(page, 'Addresses');
    for (const [label, value] of Object.entries({ Recipient: 'Ada Lovelace', 'Street and number': '1 Main St', City: 'Austin', 'State or region (optional)': 'TX' })) {
      await page.getByLabel(label, { exact: true }).fill(value);
    }
    await page.getByLabel('Country', { exact: true }).selectOption({ label: 'Canada' });
    await page.getByLabel('Phone (optional)').fill('12');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText(/plus sign/)).toBeVisible();
    await expect(page.getByLabel('Country', { exact: true })).toHaveValue('CA');
    await expectAccessible(page);
    await page.getByLabel('Phone (optional)').fill('+1 555 010 0200');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Saved.')).toBeVisible();
    await expect(page.getByText('Default', { exact: true })).toBeVisible();
    await expect(page.locator('address').getByText('Canada')).toBeVisible();
    await expectAccessible(page);
    if (script) {
      await shot(page, info, 'account-addresses');
    }
    await page.getByRole('link', { name: 'Details' }).click();
    await title(page, 'Details');
    await page.getByLabel('Reminders of purchases I did not finish').uncheck();
    await page.locator('section', { hasText: 'Receipts and other mails' }).getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('Saved.')).toBeVisible();
    await expect(page.getByLabel('Reminders of purchases I did not finish')).not.toBeChecked();
    await page.getByRole('button', { name: 'Ask for deletion' }).click();
    await expect(page.getByText(/You asked for deletion/)).toBeVisible();
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'account-details');
    }
    if (script) {
      await expectTabs(page);
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await title(page, 'Your account');
    await page.goto(session.account_url);
    if (!script) {
      await page.getByRole('button', { name: 'Continue' }).click();
    }
    await expect(page.getByText('used before')).toBeVisible();
  });

  test('a customer sees, keeps and pays invoices', async ({ flint, page }, info) => {
    const { customerID } = await shopper(flint);
    const issued = async (name, amount) => {
      const { data } = await flint.api('POST', '/v1/invoices', {
        quick_pay: { customer_id: customerID, line_items: [{ name, quantity: 1, unit_price_money: { amount, currency: 'USD' } }] },
      });
      return (await flint.api('POST', `/v1/invoices/${data.invoice_id}/issue`, { delivery_mode: 'caller_managed' })).data.invoice;
    };
    const gone = await issued('Pine shelf', 9000);
    await flint.api('POST', `/v1/invoices/${gone.invoice_id}/void`, {});
    const open = await issued('Oak desk', 24000);
    await enter(page, flint, script, customerID);
    await page.getByRole('link', { name: 'Invoices' }).click();
    await title(page, 'Invoices');
    const list = page.url();
    await expect(page.getByRole('listitem').filter({ hasText: gone.invoice_number })).toContainText('Void');
    const row = page.getByRole('listitem').filter({ hasText: open.invoice_number });
    await expect(row).toContainText('Amount due');
    await expect(row).toContainText('$240.00');
    await expectAccessible(page);
    await expectFits(page);
    await shot(page, info, `account-invoices-${script ? 'script' : 'plain'}`);
    const [file] = await Promise.all([page.waitForEvent('download'), row.getByRole('link', { name: /^Download PDF/ }).click()]);
    expect(file.suggestedFilename()).toBe(`${open.invoice_number}.pdf`);
    await row.getByRole('button', { name: /^Pay \$240\.00/ }).click();
    await expect(page).toHaveURL(/\/checkout\/cs_/);
    if (script) {
      await typeCard(page, cards.approved);
      await page.getByRole('button', { name: /^Pay / }).click();
      await title(page, 'Thank you, you have paid'); // the page comes to it by itself, and no other page comes in between
      await expect.poll(async () => (await flint.api('GET', `/v1/invoices/${open.invoice_id}`)).data.status).toBe('paid');
      await page.goto(list);
      await expect(row).toContainText('Paid');
      await expect(row.getByRole('button')).toHaveCount(0);
    }
  });

  test('a customer saves, prefers and removes cards', async ({ flint, page }, info) => {
    const { customerID } = await shopper(flint);
    await enter(page, flint, script, customerID);
    await page.getByRole('link', { name: 'Cards' }).click();
    await title(page, 'Cards');
    await expect(page.getByText('No saved cards')).toBeVisible();
    await expectAccessible(page);
    for (const number of [cards.approved, cards.challenged]) {
      await page.getByRole('button', { name: 'Add a card' }).click();
      await title(page, 'Save a card');
      await expectAccessible(page);
      await page.getByRole('button', { name: 'Save this card' }).click(); // empty: the way back stays
      await page.getByLabel('Card number').fill(number);
      await page.getByLabel('Expiry').fill('12 / 34');
      await page.getByLabel('Security code').fill('123');
      await page.getByRole('button', { name: 'Save this card' }).click();
      await title(page, 'Your card is saved');
      await expectAccessible(page);
      await page.getByRole('link', { name: 'Back to your account' }).click();
      await title(page, 'Cards');
    }
    await page.getByRole('button', { name: 'Make default: Visa ending in 4242' }).click();
    await expect(page.getByText('Saved.')).toBeVisible();
    const visa = page.getByRole('listitem').filter({ hasText: 'Visa ending in 4242' });
    await expect(visa.getByText('Default', { exact: true })).toBeVisible();
    await expectAccessible(page);
    await expectFits(page);
    await shot(page, info, `account-cards-${script ? 'script' : 'plain'}`);
    await visa.getByRole('button', { name: 'Remove Visa ending in 4242' }).click();
    await expect(page.getByText('The card was removed.')).toBeVisible();
    await expect(visa).toHaveCount(0);
    const { data } = await flint.api('GET', `/v1/customers/${customerID}`);
    expect(data.default_payment_method_id ?? '').toBe('');
  });

  test('a customer signs in with a mailed code', async ({ flint, page }, info) => {
    const { email, customerID } = await shopper(flint);
    const { data } = await flint.api('POST', '/v1/customer-sessions', { customer_id: customerID });
    const home = data.account_url.replace(/\/enter\/.*/, '');
    const load = await weigh(page);
    await page.goto(home);
    await title(page, 'Your account');
    await expectAccessible(page);
    const { bytes, requests } = await load();
    expect(bytes).toBeLessThan(30_000);
    expectOnlyFrom(flint.facts.base_url, requests);
    if (script) {
      await shot(page, info, 'account-sign-in');
    }
    await page.getByLabel('Email').fill('nobody@buyer.test');
    await page.getByRole('button', { name: 'Email me a code' }).click();
    await title(page, 'Check your email');
    await page.goto(home);
    await page.getByLabel('Email').fill(email);
    await page.getByRole('button', { name: 'Email me a code' }).click();
    await title(page, 'Check your email');
    await expectAccessible(page);
    await page.getByLabel('Six-digit code').fill('000000');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('This is not the code')).toBeVisible();
    if (script) {
      await shot(page, info, 'account-code');
    }
    await page.getByLabel('Six-digit code').fill(await mailed(flint, email));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await title(page, 'Orders');
  });
});

test('a link that is none says so', async ({ flint, page }, info) => {
  await page.goto(`${flint.facts.base_url}/o/flint_oal_nothing`);
  await title(page, 'This link does not open an order any more');
  await expectAccessible(page);
  await shot(page, info, 'order-link-ended');
});

// A buyer on the hosted checkout page, from the link in the API's answer to the paid order.

import { accounts, advance, cards, expectCharged, expectPaid, fields, openCheckout, pay, title, typeAccount, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, expectOnlyFrom, expectSteady, shot, test, weigh } from '../fixtures.mjs';

const kilobyte = 1000;

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
  expect(page.url(), 'the secret stays out of the address').not.toContain('token');
  await shot(page, info, 'checkout');
});

test('takes the money once and mails the receipt', async ({ flint, page }, info) => {
  const email = `ada-${info.project.name}@example.com`;
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await page.getByLabel('Email').fill(email);
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expect(page.getByText('$34.99').first()).toBeVisible();
  await expect(page.getByText('Visa ending 4242')).toBeVisible();
  await expect(page.getByText(`A receipt is on its way to ${email}.`)).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'checkout-paid');
  await expectPaid(flint, orderID, 3499);

  await page.reload();
  await title(page, 'Thank you, you have paid');
  await expectCharged(flint, orderID, 3499);

  await page.goto(`${flint.facts.base_url}/dev/mailbox`);
  await page.getByRole('link', { name: email }).click();
  await expect(page.frameLocator('iframe.mail').getByText('34.99').first()).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'receipt');
});

test('says why a card was declined and takes another', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeCard(page, cards.poor);
  await pay(page).click();
  await expect(page.getByRole('alert').filter({ hasText: 'not enough money' })).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'checkout-declined');
  const declined = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(declined.data.payment_status).toBe('unpaid');
  await expectCharged(flint, orderID);

  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('says beside each field what is wrong with it, and asks nobody', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint, { customer_collection: { require_email: true } });
  await page.goto(url);
  await pay(page).click();
  await expect(page.getByLabel('Email')).toBeFocused();
  await expect(page.locator('#email-error')).toHaveText('Fill in this field.');
  await page.getByLabel('Email').fill('ada@example.com');
  await typeCard(page, '4242 4242 4242 4241');
  await pay(page).click();
  await expect(fields(page).getByText('Check the card number.')).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'checkout-mistakes');
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('goes to the bank for 3-D Secure and comes back paid', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeCard(page, cards.challenged);
  await pay(page).click();
  await title(page, 'Confirm your payment');
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'bank');
  await expectCharged(flint, orderID);
  await page.getByRole('button', { name: 'Approve payment' }).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('takes another card after a failed 3-D Secure', async ({ flint, page }) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeCard(page, cards.challenged);
  await pay(page).click();
  await page.getByRole('button', { name: 'Fail the check' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'did not go through' })).toBeVisible();
  await expectCharged(flint, orderID);
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('lets a buyer who left the bank go on, or pay another way', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeCard(page, cards.challenged);
  await pay(page).click();
  await title(page, 'Confirm your payment');
  await page.goto(url);
  await title(page, 'Your bank wants you to confirm');
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'bank-waits');
  await page.getByRole('button', { name: 'Use another way to pay' }).click();
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('shows that a bank debit takes its time, then that it is paid', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeAccount(page, accounts.clears);
  await expectFits(page);
  await shot(page, info, 'checkout-bank-account');
  await pay(page).click();
  await title(page, 'Your bank debit has started');
  await advance(flint, 10);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Thank you, you have paid', { timeout: 15_000 });
  await expectPaid(flint, orderID, 3499);
});

test('waits for a bank debit that has no outcome yet', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeAccount(page, accounts.stays);
  await pay(page).click();
  await title(page, 'Your bank debit has started');
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'debit-started');
  await page.getByRole('link', { name: 'Check now' }).click();
  await title(page, 'Your bank debit has started');
  await expectCharged(flint, orderID);
});

test('asks for another way to pay when a bank debit comes back', async ({ flint, page }) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeAccount(page, accounts.fails);
  await pay(page).click();
  await title(page, 'Your bank debit has started');
  await advance(flint, 10);
  await expect(page.getByRole('alert').filter({ hasText: 'did not go through' })).toBeVisible({ timeout: 15_000 });
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('charges the tip that the page shows', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint, {
    tip: { enabled: true, is_custom_tip_enabled: true, tip_percent_options: [10, 15, 20] },
  });
  await page.goto(url);
  await typeCard(page, cards.approved);
  await page.getByRole('button', { name: /^20%/ }).click();
  await expect(pay(page)).toHaveText('Pay $41.99');
  await page.getByLabel(/Custom tip/).fill('5');
  await page.locator('#tip').getByRole('button', { name: 'Apply' }).click();
  await expect(pay(page)).toHaveText('Pay $39.99');
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'checkout-tip');
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3999);
});

test('charges once when Pay is clicked twice', async ({ flint, page }) => {
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeCard(page, cards.approved);
  await pay(page).dblclick();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('charges once when two tabs pay the same order', async ({ flint, page, context }) => {
  const { orderID, url } = await openCheckout(flint);
  const other = await context.newPage();
  for (const tab of [page, other]) {
    await tab.goto(url);
    await typeCard(tab, cards.approved);
  }
  await Promise.all([pay(page).click(), pay(other).click()]);
  await title(page, 'Thank you, you have paid');
  await title(other, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

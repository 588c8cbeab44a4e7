// The developer home: what runs, the clock, the faults of the simulated processor, and the mailbox.

import { startFlint } from '../flint.mjs';
import { cards, openCheckout, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, expectOnlyFrom, shot, test, weigh } from '../fixtures.mjs';

test('shows what runs and how to begin', async ({ flint, page }, info) => {
  const weight = await weigh(page);
  await page.goto(flint.facts.base_url);
  await title(page, 'Flint is running');
  await expectAccessible(page);
  await expectFits(page);
  const { requests } = await weight();
  expectOnlyFrom(flint.facts.base_url, requests);
  await shot(page, info, 'home');
  await page.getByText('Show').first().click();
  await expect(page.getByText(flint.facts.api_key, { exact: true })).toBeVisible();
  await page.getByRole('link', { name: 'Pay the demo order' }).click();
  await expect(pay(page)).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'demo');
});

test('the empty mailbox says so', async ({ page }, info) => {
  const own = await startFlint();
  await page.goto(own.facts.mailbox_url);
  await expect(page.getByText('No mail yet')).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'mailbox-empty');
  await own.stop();
});

test('the clock moves by a button', async ({ flint, page }) => {
  await page.goto(flint.facts.base_url);
  const before = await flint.api('GET', '/dev/clock');
  await page.getByRole('button', { name: '+1 hour' }).click();
  await expect(page.getByText(/ahead of this machine/)).toBeVisible();
  const after = await flint.api('GET', '/dev/clock');
  expect(after.offset_seconds - before.offset_seconds).toBe(3600);
});

test('a switched fault happens, and is switched off again', async ({ flint, page }, info) => {
  await page.goto(flint.facts.base_url);
  await page.getByLabel('Payment: Time out').check();
  await page.getByLabel('Payment: Drop').check();
  await page.getByRole('button', { name: 'Save faults' }).click();
  await expect(page.getByText('1 switched on')).toBeVisible();
  await expectAccessible(page);
  const { orderID, url } = await openCheckout(flint);
  await page.goto(url);
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Your payment is on its way');
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'processing');
  await page.goto(flint.facts.base_url);
  await page.getByRole('button', { name: 'Clear all' }).click();
  await expect(page.getByText('switched on')).toBeHidden();

  // The answer was lost, the money was not: it is asked for, never charged again.
  await flint.api('POST', '/dev/clock', { advance_seconds: 60 });
  await page.goto(url);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Thank you, you have paid', { timeout: 15_000 });
  const { data } = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(data.settlement_amounts.paid_money.amount).toBe(3499);
});

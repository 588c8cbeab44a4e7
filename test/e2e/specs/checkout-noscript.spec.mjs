// The whole purchase in a browser that runs no script: the link is pasted, because its secret stands
// behind the # that a browser keeps to itself; the card is handed over in its frame; then it is paid.

import { cards, expectCharged, expectPaid, fields, openCheckout, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test } from '../fixtures.mjs';

test.use({ javaScriptEnabled: false });

async function enter(page, url) {
  await page.goto(url);
  await page.getByLabel('Payment link').fill(url);
  await page.getByRole('button', { name: 'Open checkout' }).click();
}

const use = (page) => fields(page).getByRole('button', { name: 'Use this card' });

test('pays with the pasted link', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint, { customer_collection: { require_email: true } });
  await page.goto(url);
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'noscript-1-link');
  await enter(page, url);
  await expect(page.getByText('$34.99').filter({ visible: true }).first()).toBeVisible();
  await page.getByLabel('Email').fill('ada@example.com');
  await page.getByRole('button', { name: 'Save and continue' }).click();
  await expect(page.getByLabel('Email')).toHaveValue('ada@example.com');
  await typeCard(page, cards.approved);
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'noscript-2-card');
  await use(page).click();
  await expect(page.getByText('Visa ending 4242')).toBeVisible();
  await expect(page.getByLabel('Email')).toHaveValue('ada@example.com');
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'noscript-3-pay');
  await expectCharged(flint, orderID);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('decline, then another card', async ({ flint, page }) => {
  const { orderID, url } = await openCheckout(flint);
  await enter(page, url);
  await typeCard(page, cards.declined);
  await use(page).click();
  await pay(page).click();
  await expect(page.getByRole('alert').filter({ hasText: 'did not go through' })).toBeVisible();
  await expectCharged(flint, orderID);
  await typeCard(page, cards.approved);
  await use(page).click();
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('a mistake in the card is shown on a page of its own', async ({ flint, page }, info) => {
  const { orderID, url } = await openCheckout(flint);
  await enter(page, url);
  await typeCard(page, '4242 4242 4242 4241');
  await use(page).click();
  await expect(page.getByText('Check the card number.').first()).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'noscript-mistake');
  await page.getByLabel('Card number').fill(cards.approved);
  await page.getByLabel('Security code').fill('123');
  await page.getByRole('button', { name: 'Use this card' }).click();
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 3499);
});

test('3-D Secure and tip', async ({ flint, page }) => {
  const { orderID, url } = await openCheckout(flint, { tip: { enabled: true, tip_percent_options: [10, 15, 20] } });
  await enter(page, url);
  await page.getByRole('button', { name: /^20%/ }).click();
  await typeCard(page, cards.challenged);
  await use(page).click();
  await expect(pay(page)).toHaveText('Pay $41.99');
  await pay(page).click();
  await page.getByRole('button', { name: 'Approve payment' }).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 4199);
});

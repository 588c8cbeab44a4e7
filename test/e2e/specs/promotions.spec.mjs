// Promotion codes in the hosted checkout: one is refused in words, one is applied, taken away, applied
// again and paid with; also in a browser that runs no script.

import { cards, expectPaid, fields, openCheckout, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test } from '../fixtures.mjs';

const total = (page, text) => expect(page.locator('#sum-body .total dd')).toHaveText(text);

async function codes(flint, info) {
  // A code is unique by letters alone: a run of digits may look like a card number, which no code may hold.
  const unique = `${info.project.name}${crypto.randomUUID()}`.toUpperCase()
    .replace(/\d/g, (digit) => 'GHJKLMNPQR'[digit]).replace(/[^A-Z]/g, '');
  const make = (code, more = {}) => flint.api('POST', '/v1/promotions', {
    name: 'Spring offer', application_method: { type: 'percent_off', percent_off: 20 }, codes: [{ code }], ...more,
  });
  await make(`SPRING${unique}`);
  await make(`BIG${unique}`, { eligibility_rules: [{ attribute: 'order.subtotal', operator: 'gte', values: [{ amount: 10000, currency: 'USD' }] }] });
  return { good: `SPRING${unique}`, big: `BIG${unique}` };
}

const apply = async (page, code) => {
  await page.getByLabel('Code', { exact: true }).fill(code);
  await page.getByRole('button', { name: 'Apply', exact: true }).click();
};

async function story(flint, page, info, kind, card) {
  const { good, big } = await codes(flint, info);
  const { orderID, url } = await openCheckout(flint, { promotion_config: { codes_enabled: true } });
  await card.open(page, url);
  await apply(page, big);
  await expect(page.getByText('Your order is too small for this code.')).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, `${kind}-promotion-1-declined`);
  await apply(page, good.toLowerCase());
  await total(page, '$27.99');
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, `${kind}-promotion-2-applied`);
  await page.getByRole('button', { name: `Remove ${good}` }).click();
  await total(page, '$34.99');
  await apply(page, good);
  await total(page, '$27.99');
  await typeCard(page, cards.approved);
  await card.use(page);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectPaid(flint, orderID, 2799);
}

test('a code is refused, applied, removed and paid with', async ({ flint, page }, info) => {
  await story(flint, page, info, 'script', { open: (p, url) => p.goto(url), use: async () => {} });
});

test('a checkout without codes shows no field', async ({ flint, page }) => {
  const { url } = await openCheckout(flint, { promotion_config: { codes_enabled: false } });
  await page.goto(url);
  await expect(pay(page)).toBeVisible();
  await expect(page.getByLabel('Code', { exact: true })).toHaveCount(0);
});

test.describe('without JavaScript', () => {
  test.use({ javaScriptEnabled: false });
  test('a code is refused, applied, removed and paid with', async ({ flint, page }, info) => {
    await story(flint, page, info, 'noscript', {
      open: async (p, url) => {
        await p.goto(url);
        await p.getByLabel('Payment link').fill(url);
        await p.getByRole('button', { name: 'Open checkout' }).click();
      },
      use: (p) => fields(p).getByRole('button', { name: 'Use this card' }).click(),
    });
  });
});

// What the checkout shows when there is nothing to pay on it any more: each end says whether the buyer
// was charged and what to do next, and none of them can be paid.

import { advance, cards, expectCharged, openCheckout, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test, withAndWithoutScript } from '../fixtures.mjs';

/** enter opens the link; a browser without JavaScript is asked to paste it. */
async function enter(page, script, url) {
  await page.goto(url);
  if (!script) {
    await page.getByLabel('Payment link').fill(url);
    await page.getByRole('button', { name: 'Open checkout' }).click();
  }
}

withAndWithoutScript(test, (script) => {
  const ends = {
    'already paid': {
      title: 'This order is already paid',
      happens: async (flint, { orderID }) => {
        await flint.api('POST', `/v1/orders/${orderID}/pay`, { action: 'pay', payment_source: { token: 'simtok_approve' } });
      },
    },
    expired: {
      title: 'This checkout has expired',
      session: { expiration: { expires_in_seconds: 60 } },
      happens: (flint) => advance(flint, 61),
    },
    closed: {
      title: 'This checkout is closed',
      happens: (flint, { sessionID }) => flint.api('POST', `/v1/checkout-sessions/${sessionID}/close`, {}),
    },
    superseded: {
      title: 'There is a newer checkout for this order',
      happens: (flint, { orderID, sessionID }) =>
        flint.api('POST', '/v1/checkout-sessions', { order_id: orderID, replace_checkout_session_id: sessionID }),
    },
    'changed by the merchant': {
      title: 'This checkout is out of date',
      happens: (flint, { orderID }) =>
        flint.api('POST', `/v1/orders/${orderID}/line-items`, {
          line_items: [{ name: 'Saucer', unit_price_money: { amount: 500, currency: 'USD' } }],
        }),
    },
  };
  for (const [name, end] of Object.entries(ends)) {
    test(`${name}: met on opening the link`, async ({ flint, page }, info) => {
      const opened = await openCheckout(flint, end.session);
      await end.happens(flint, opened);
      await enter(page, script, opened.url);
      await title(page, end.title);
      await expect(pay(page)).toHaveCount(0);
      await expectAccessible(page);
      await expectFits(page);
      if (script) {
        await shot(page, info, `end-${name.replaceAll(' ', '-')}`);
      }
    });
  }

  if (script) {
    for (const [name, end] of Object.entries(ends)) {
      test(`${name}: met on paying`, async ({ flint, page }) => {
        const opened = await openCheckout(flint, end.session);
        await page.goto(opened.url);
        await typeCard(page, cards.approved);
        await end.happens(flint, opened);
        const before = await flint.api('GET', `/v1/orders/${opened.orderID}`);
        await pay(page).click();
        await title(page, end.title);
        const after = await flint.api('GET', `/v1/orders/${opened.orderID}`);
        expect(after.data.settlement_amounts.paid_money).toEqual(before.data.settlement_amounts.paid_money);
      });
    }
  }

  test('a link that is not complete is not a checkout', async ({ flint, page }, info) => {
    const { url, orderID } = await openCheckout(flint);
    await enter(page, script, url.slice(0, -4));
    await expect(page.getByRole('alert')).toContainText('does not open a checkout');
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'entry-wrong');
    }
    await expectCharged(flint, orderID);
  });
});

// The buyer's own second tab changes the amount: nothing is charged before the new one was seen.
test('an amount that changed is shown before it is charged', async ({ flint, page, context }, info) => {
  const { orderID, url } = await openCheckout(flint, { tip: { enabled: true, tip_percent_options: [10, 15, 20] } });
  await page.goto(url);
  await typeCard(page, cards.approved);
  const other = await context.newPage();
  await other.goto(url);
  await other.getByRole('button', { name: /^10%/ }).click();
  await expect(pay(other)).toHaveText('Pay $38.49');

  await pay(page).click();
  await title(page, 'Your order changed');
  await expect(page.getByText('$34.99').first()).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'checkout-changed');
  await expectCharged(flint, orderID);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expectCharged(flint, orderID, 3849);
});

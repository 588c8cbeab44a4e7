// Saved cards in the hosted checkout: a buyer proves the address with the code from the mail, saves the card
// that they pay with, and pays with it in the next checkout; also in a browser that runs no script.

import { cards, expectPaid, fields, openCheckout, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test, withAndWithoutScript } from '../fixtures.mjs';

/** codeIn is the newest code that was mailed to an address, once `count` mails are there. */
async function codeIn(flint, to, count) {
  const mails = async () => (await flint.api('GET', `/dev/mail?to=${encodeURIComponent(to)}`)).data;
  await expect.poll(async () => (await mails()).length).toBe(count);
  const newest = (await mails())[0];
  const view = await fetch(`${flint.facts.base_url}/dev/mailbox/${newest.mail_id}/view`);
  const found = /\b(\d{3}) (\d{3})\b/.exec((await view.text()).replace(/<style[^]*?<\/style>/g, '').replace(/<[^>]+>/g, ' '));
  return found[1] + found[2];
}

async function open(page, url, script) {
  await page.goto(url);
  if (script) return;
  await page.getByLabel('Payment link').fill(url);
  await page.getByRole('button', { name: 'Open checkout' }).click();
}

withAndWithoutScript(test, (script) => {
  test('a card is saved and pays the next order', async ({ flint, page }, info) => {
    const kind = script ? 'script' : 'noscript';
    const to = `saved-${kind}-${info.project.name}-${Date.now()}@example.com`.replace(/\s/g, '').toLowerCase();
    const check = async (name) => {
      await expectAccessible(page);
      await expectFits(page);
      await shot(page, info, `${kind}-saved-${name}`);
    };

    const first = await openCheckout(flint);
    await open(page, first.url, script);
    await page.getByText('Use or save a card').click();
    await page.getByLabel('Send a code to').fill(to);
    await check('1-ask');
    await page.getByRole('button', { name: 'Save a card' }).click();
    await expect(page.getByText(`We sent it to ${to}.`)).toBeVisible();
    await page.getByLabel('Six-digit code').fill('000000');
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByText('This code is wrong')).toBeVisible();
    await check('2-code');
    await page.getByLabel('Six-digit code').fill(await codeIn(flint, to, 1));
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByText(`No cards are saved yet for ${to}`)).toBeVisible();
    await typeCard(page, cards.approved);
    if (!script) await fields(page).getByRole('button', { name: 'Use this card' }).click();
    await expect(page.getByLabel('Save this card for next time')).toBeChecked();
    await check('3-save');
    await pay(page).click();
    await title(page, 'Thank you, you have paid');
    await expectPaid(flint, first.orderID, 3499);

    const second = await openCheckout(flint);
    await open(page, second.url, script);
    await expect(page.getByText('4242')).toHaveCount(0);
    await page.getByText('Use or save a card').click();
    await page.getByLabel('Send a code to').fill(to);
    await page.getByRole('button', { name: 'Use a saved card' }).click();
    await page.getByLabel('Six-digit code').fill('424242'); // in a sandbox any code but one
    await page.getByRole('button', { name: 'Confirm' }).click();
    await expect(page.getByLabel('Visa ending 4242, 12/34')).toBeChecked();
    await check('4-choose');
    await pay(page).click();
    await title(page, 'Thank you, you have paid');
    await expectPaid(flint, second.orderID, 3499);
  });
});

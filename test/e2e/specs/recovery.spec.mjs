// A buyer leaves a checkout and comes back by a recovery link: to what was left, to a payment that waits at
// the bank, or to an honest word.

import { advance, cards, expectPaid, openCheckout, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test, withAndWithoutScript } from '../fixtures.mjs';

/** link asks for a recovery link of an order. */
async function link(flint, orderID) {
  const { data } = await flint.api('POST', `/v1/orders/${orderID}/recovery-actions`, { type: 'recovery_link' });
  return data.url;
}

/** seen is a look at a page in both widths' project, light and dark. */
async function seen(page, info, name) {
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, name);
}

withAndWithoutScript(test, (script) => {
  test('a link leads back to what was left', async ({ flint, page }, info) => {
    const opened = await openCheckout(flint, { expiration: { expires_in_seconds: 600 } });
    const url = await link(flint, opened.orderID);
    await advance(flint, 700);
    await page.goto(url);
    await title(page, /^Your order at /);
    await expect(page.getByText('$34.99').first()).toBeVisible();
    if (script) {
      await seen(page, info, 'recovery-ready');
    }
    await page.getByRole('button', { name: 'Continue to checkout' }).click();
    await title(page, /^Pay /);
    if (!script) {
      return;
    }
    await page.getByLabel('Email').fill('ana@buyer.test');
    await typeCard(page, cards.approved);
    await pay(page).click();
    await title(page, /./);
    await expect(page.getByText('You paid $34.99')).toBeVisible();
    await expectPaid(flint, opened.orderID, 3499);
    await page.goto(url);
    await title(page, 'This order is already bought');
    await seen(page, info, 'recovery-bought');
  });
});

test('a payment that waits at the bank is gone on with or given up', async ({ flint, page, browser }, info) => {
  const opened = await openCheckout(flint, { expiration: { expires_in_seconds: 600 } });
  const url = await link(flint, opened.orderID);
  await page.goto(opened.url);
  await typeCard(page, cards.challenged);
  await pay(page).click();
  await page.waitForURL(/simulator\/challenge/);
  await advance(flint, 700);
  const later = await (await browser.newContext(info.project.use)).newPage();
  await later.goto(url);
  await title(later, 'Your bank is waiting for you');
  await seen(later, info, 'recovery-waiting');
  await later.getByRole('button', { name: 'Cancel it and start again' }).click();
  await title(later, /^Pay /);
  await typeCard(later, cards.approved);
  await pay(later).click();
  await expect(later.getByText('You paid $34.99')).toBeVisible();
  await expectPaid(flint, opened.orderID, 3499);
  await later.context().close();
});

test('a link to what is gone says so', async ({ flint, page }, info) => {
  const opened = await openCheckout(flint);
  const url = await link(flint, opened.orderID);
  await flint.api('POST', `/v1/orders/${opened.orderID}/close`, {});
  await page.goto(url);
  await title(page, 'This order is no longer available');
  await seen(page, info, 'recovery-gone');
  await page.goto(`${url}x`);
  await title(page, 'This link leads nowhere');
  await expectAccessible(page);
});

test('an abandoned checkout is told of once and found in the list', async ({ flint, page }) => {
  const opened = await openCheckout(flint);
  await page.goto(opened.url);
  await title(page, /^Pay /);
  await advance(flint, 3700);
  await expect(async () => {
    const { data } = await flint.api('GET', `/v1/recoveries?order_id=${opened.orderID}`);
    expect(data.map((r) => r.status)).toEqual(['abandoned']);
  }).toPass();
});

test('a buyer who agreed and left gets one mail that leads back', async ({ flint, page }, info) => {
  await flint.api('PATCH', '/v1/merchant', {
    address: { line1: '1 Pier', city: 'Portland', state: 'OR', postal_code: '97201', country: 'US' },
  });
  await flint.api('PATCH', '/v1/settings', {
    checkout: { recovery_email: { enabled: true } },
    recovery: { require_consent: true, quiet_hours: { enabled: false } },
  });
  const email = `leaves-${info.project.name}@buyer.test`;
  const opened = await openCheckout(flint);
  await page.goto(opened.url);
  await title(page, /^Pay /);
  await expectAccessible(page);
  await page.getByLabel('Email', { exact: false }).first().fill(email);
  const kept = page.waitForResponse((r) => r.url().endsWith('/draft') && (r.request().postData() ?? '').includes('reminders'));
  await page.getByLabel(/^Remind me by email/).check();
  expect((await kept).status()).toBe(204);
  await shot(page, info, 'recovery-consent');
  await page.goto('about:blank');
  await advance(flint, 3700);
  let mail;
  await expect(async () => {
    const { data } = await flint.api('GET', '/dev/mail');
    const steps = await flint.api('GET', `/v1/recoveries?order_id=${opened.orderID}`);
    expect(steps.data[0].steps.map((s) => [s.status, s.suppression_reason])).toEqual([['sent', undefined]]);
    const found = data.filter((m) => m.to === email);
    expect(found).toHaveLength(1);
    [mail] = found;
  }).toPass();
  expect(mail.subject).toContain('You left something at');
  const { data } = await flint.api('GET', `/v1/recoveries?order_id=${opened.orderID}`);
  expect(data[0].steps.map((s) => s.status)).toEqual(['sent']);
  await page.goto(mail.text.match(/https?:\/\/\S+\/r\/[\w-]+/)[0]);
  await page.getByRole('button', { name: 'Continue to checkout' }).click();
  await title(page, /^Pay /);

  // The way out of such mails.
  const out = mail.text.match(/Unsubscribe: (\S+)/)[1];
  await page.goto(out);
  await title(page, /mail/i);
  await seen(page, info, 'unsubscribe');
  await page.getByRole('button', { name: 'Save' }).click();
  await seen(page, info, 'unsubscribe-saved');
  await page.getByRole('button').first().click();
  await expect(page.getByRole('status')).toContainText(email);
  await expect(page.getByRole('checkbox').first()).not.toBeChecked();
  await seen(page, info, 'unsubscribe-left');
  await page.goto(`${out}x`);
  await seen(page, info, 'unsubscribe-wrong');
});

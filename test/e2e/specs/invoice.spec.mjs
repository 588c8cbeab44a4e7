// A buyer opens an invoice by its link, downloads it, pays a deposit and the rest, and sees what became of it.

import { pay, title, typeCard, cards } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test, withAndWithoutScript } from '../fixtures.mjs';

async function issue(flint, draft = {}) {
  const created = await flint.api('POST', '/v1/invoices', {
    quick_pay: { line_items: [{ name: 'Oak desk, oiled', description: 'Made to measure', quantity: 2, unit_price_money: { amount: 24000, currency: 'USD' } }] },
    memo: 'Thank you for your order.',
    ...draft,
  });
  const id = created.data.invoice_id;
  const issued = await flint.api('POST', `/v1/invoices/${id}/issue`, { delivery_mode: 'caller_managed' });
  return { id, url: issued.data.public_url, invoice: issued.data.invoice };
}

async function open(page, url, script) {
  await page.goto(url);
  if (!script) {
    await page.getByLabel('Invoice link').fill(url);
    await page.getByRole('button', { name: 'Open invoice' }).click();
  }
  await page.waitForURL(/\/i\/ivat_[^#/]+$/);
}

withAndWithoutScript(test, (script) => {
  test('opens and downloads an invoice', async ({ flint, page }, info) => {
    const { id, url } = await issue(flint, {
      schedule_entries: [
        { kind: 'deposit', amount_specification: { type: 'fixed', amount_money: { amount: 10000, currency: 'USD' } }, due: { type: 'at_issue' } },
        { kind: 'balance', amount_specification: { type: 'remaining_balance' }, due: { type: 'at_issue' } },
      ],
    });
    await open(page, url, script);
    await title(page, '$480.00 due');
    await expect(page.getByRole('row', { name: /Deposit/ })).toContainText('$100.00');
    await expectAccessible(page);
    await expectFits(page);
    await shot(page, info, `invoice-open-${script ? 'script' : 'plain'}`);
    const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'Download PDF' }).click()]);
    expect(file.suggestedFilename()).toMatch(/\.pdf$/);
    const { data } = await flint.api('GET', `/v1/invoices/${id}`);
    expect(data.viewed_at).toBeTruthy();
  });
});

test('pays an invoice and sees it paid', async ({ flint, page }, info) => {
  const { id, url } = await issue(flint);
  await open(page, url, true);
  await page.getByRole('button', { name: 'Pay $480.00' }).click();
  await page.waitForURL(/\/checkout\//);
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await page.goto(url.replace(/#.*/, ''));
  await title(page, '$480.00 paid');
  await expectAccessible(page);
  await shot(page, info, 'invoice-paid');
  expect((await flint.api('GET', `/v1/invoices/${id}`)).data.status).toBe('paid');
});

test('shows credit, a void invoice and a link that is wrong', async ({ flint, page }, info) => {
  const credited = await issue(flint);
  const line = credited.invoice.snapshot.line_items[0].invoice_line_item_id;
  const note = await flint.api('POST', '/v1/credit-notes', {
    invoice_id: credited.id, reason: 'goodwill',
    credit_note_lines: [{ invoice_line_item_id: line, correction: { type: 'quantity', quantity: 1 } }],
  });
  const path = `/v1/credit-notes/${note.data.credit_note_id}`;
  await flint.api('POST', `${path}/issue`, {});
  await flint.api('POST', `${path}/allocations`, { amount_money: { amount: 24000, currency: 'USD' } }, { headers: { 'Idempotency-Key': 'credit' } });
  await open(page, credited.url, true);
  await title(page, '$240.00 due');
  await expect(page.getByRole('link', { name: 'CN-1001' })).toBeVisible();
  await expectAccessible(page);
  await shot(page, info, 'invoice-credited');

  const gone = await issue(flint);
  await flint.api('POST', `/v1/invoices/${gone.id}/void`, {});
  await open(page, gone.url, true);
  await title(page, '$480.00 voided');
  await expect(page.getByRole('button', { name: /^Pay/ })).toHaveCount(0);
  await expectAccessible(page);
  await shot(page, info, 'invoice-void');

  const fresh = await issue(flint);
  await page.goto(fresh.url + 'x');
  await expect(page.getByText('This link does not open an invoice.')).toBeVisible();
  await expectAccessible(page);
  await shot(page, info, 'invoice-entry');
});

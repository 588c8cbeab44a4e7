// Mails as their readers see them: the receipt in the mailbox, at the widths of phones and desks.

import { cards, openCheckout, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test } from '../fixtures.mjs';

test('a receipt looks like its merchant', async ({ flint, page }, info) => {
  await flint.api('PATCH', '/v1/settings', {
    branding: { primary_color: '#0a7d4f', corner_radius: 14 },
    receipts: { header_text: 'Thank you for your order.\nIt leaves our roastery tomorrow.', footer_text: 'Returns within 30 days.' },
  });
  const { url } = await openCheckout(flint);
  await page.goto(url);
  await shot(page, info, 'branded-checkout');
  const to = `mail-${info.project.name.replace(/\W/g, '')}@example.com`;
  await page.getByLabel('Email').fill(to);
  await typeCard(page, cards.approved);
  await pay(page).click();
  await title(page, 'Thank you, you have paid');
  await expect.poll(async () => (await flint.api('GET', `/dev/mail?to=${encodeURIComponent(to)}`)).data.length).toBeGreaterThan(0);
  const { data } = await flint.api('GET', `/dev/mail?to=${encodeURIComponent(to)}`);
  await page.goto(`${flint.facts.base_url}/dev/mailbox/${data[0].mail_id}`);
  await expect(page.frameLocator('iframe').getByText('It leaves our roastery tomorrow.', { exact: false }).last()).toBeVisible();
  await expectAccessible(page);
  await expectFits(page);
  await shot(page, info, 'mailbox-mail');
  await page.goto(`${flint.facts.base_url}/dev/mailbox/${data[0].mail_id}/view`);
  await expectFits(page);
  await shot(page, info, 'receipt');
  await flint.api('PATCH', '/v1/settings', { branding: { primary_color: '#254fc4', corner_radius: 10 }, receipts: { header_text: '', footer_text: '' } });
});

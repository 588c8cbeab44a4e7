// Pages that buyers come to by an address alone: payment links of every kind, the way out of mails, and the
// page on which a card is saved.

import { cards, pay, title, typeCard } from '../buyer.mjs';
import { expect, expectAccessible, expectFits, shot, test, withAndWithoutScript } from '../fixtures.mjs';

const usd = (amount) => ({ amount, currency: 'USD' });

async function link(flint, fields) {
  const { data } = await flint.api('POST', '/v1/payment-links', fields);
  return { id: data.payment_link_id, url: data.url };
}

const standard = {
  name: 'Harbour tour',
  description: 'Two hours on the water, with tea.',
  line_items: [
    { name: 'Seat', unit_price_money: usd(2500), allow_quantity_adjustment: true, min_quantity: 1, max_quantity: 6 },
    { name: 'Guide book', unit_price_money: usd(900) },
  ],
  custom_fields: [
    { custom_field_type: 'text', key: 'name', label: 'Name of the guest', required: true },
    { custom_field_type: 'dropdown', key: 'pier', label: 'Where you board', options: ['North pier', 'South pier'] },
    { custom_field_type: 'textarea', key: 'wish', label: 'Anything we should know' },
    { custom_field_type: 'checkbox', key: 'mail', label: 'Tell me about other tours' },
  ],
};
const donation = { name: 'Keep the lighthouse lit', description: 'Every bit helps.', payment_link_type: 'donation', donation_min_amount_money: usd(300), donation_suggested_amount_money_options: [usd(1000), usd(2500), usd(5000)] };
const event = {
  name: 'Evening concert',
  payment_link_type: 'event',
  event_config: { timezone: 'America/New_York', event_at: '2031-06-14T23:30:00Z', venue: 'Old Customs House, Pier 4', max_total_quantity: 2 },
  line_items: [{ name: 'Ticket', unit_price_money: usd(4000), allow_quantity_adjustment: true, min_quantity: 1, max_quantity: 4 }],
};

withAndWithoutScript(test, (script) => {
  const seen = async (page, info, name) => {
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, name);
    }
  };

  test('a standard link: what is wrong is told, then it is paid', async ({ flint, page }, info) => {
    const { url } = await link(flint, standard);
    await page.goto(url);
    await title(page, 'Harbour tour');
    await seen(page, info, 'link-standard');
    await page.getByLabel(/^Quantity/).fill('7');
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await expect(page.getByText('Please check what you entered.')).toBeVisible();
    await expect(page.getByText('Fill this in.')).toBeVisible();
    await expect(page.getByLabel(/^Quantity/)).toHaveValue('7');
    await seen(page, info, 'link-standard-wrong');
    await page.getByLabel(/^Quantity/).fill('2');
    await page.getByLabel('Name of the guest').fill('Ada');
    await page.getByLabel(/^Where you board/).selectOption('South pier');
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await title(page, /^Pay /);
    await expect(page.getByText('$59.00').filter({ visible: true }).first()).toBeVisible();
  });

  test('a donation of any amount', async ({ flint, page }, info) => {
    const { url } = await link(flint, donation);
    await page.goto(url);
    await title(page, 'Keep the lighthouse lit');
    await seen(page, info, 'link-donation');
    await page.getByLabel('Another amount').check();
    await page.getByLabel(/^Your amount/).fill('1');
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await expect(page.getByText('Enter an amount within the bounds.')).toBeVisible();
    await seen(page, info, 'link-donation-wrong');
    await page.getByLabel(/^Your amount/).fill('12.50');
    await page.getByRole('button', { name: 'Continue to payment' }).click();
    await title(page, /^Pay /);
    await expect(page.getByText('$12.50').filter({ visible: true }).first()).toBeVisible();
  });

  test('an event, until it is sold out; and a link that is off', async ({ flint, page }, info) => {
    const { url } = await link(flint, event);
    await page.goto(url);
    await title(page, 'Evening concert');
    await expect(page.getByText('2 tickets left')).toBeVisible();
    await seen(page, info, 'link-event');
    if (script) {
      await page.getByLabel(/^Quantity/).fill('2');
      await page.getByRole('button', { name: 'Continue to payment' }).click();
      await title(page, /^Pay /);
      await page.getByLabel('Email').fill('ada@example.com');
      await typeCard(page, cards.approved);
      await pay(page).click();
      await title(page, 'Thank you, you have paid');
      await page.goto(url);
      await title(page, 'Evening concert');
      await expect(page.getByText('Sold out')).toBeVisible();
      await expect(page.getByRole('button')).toHaveCount(0);
      await seen(page, info, 'link-soldout');
    }
    const off = await link(flint, { ...standard, inactive_message: 'We are back in spring.' });
    await flint.api('PATCH', `/v1/payment-links/${off.id}`, { status: 'inactive' });
    await page.goto(off.url);
    await expect(page.getByText('We are back in spring.')).toBeVisible();
    await seen(page, info, 'link-inactive');
    await page.goto(`${flint.facts.base_url}/pay/pl_01J00000000000000000000000`);
    await title(page, 'There is nothing here');
    await seen(page, info, 'link-missing');
  });

  test('a card is saved for later', async ({ flint, page }, info) => {
    const { data: customer } = await flint.api('POST', '/v1/customers', { name: 'Ada', email: `saves.${info.project.name}.${script}@example.com` });
    const { data } = await flint.api('POST', '/v1/payment-methods', { customer_id: customer.customer_id });
    await page.goto(data.client_setup.simulator.setup_url);
    await title(page, /card/i);
    await seen(page, info, 'setup');
    const form = page;
    await form.getByLabel('Card number').fill('4242 4242 4242 4241');
    await form.getByLabel('Expiry').fill('12 / 34');
    await form.getByLabel('Security code').fill('123');
    await form.getByRole('button', { name: /save/i }).click();
    await expect(page.getByText('Check the card number.').first()).toBeVisible();
    await seen(page, info, 'setup-wrong');
    await form.getByLabel('Card number').fill(cards.approved);
    await form.getByLabel('Security code').fill('123');
    await form.getByRole('button', { name: /save/i }).click();
    await expect(page.getByText(/Visa ending 4242/)).toBeVisible();
    await seen(page, info, 'setup-saved');
  });
});

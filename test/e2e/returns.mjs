// What a shop does around returns, by API: sell and hand over, take goods back, settle. And what must hold at
// the end of every story: the figures of the orders, the books of the processor, the doctor, the timeline.

import { doctor } from './app.mjs';
import { expect } from './fixtures.mjs';

export const usd = (amount) => ({ amount, currency: 'USD' });

/** sell makes an order, has it paid and hands all of it over. */
export async function sell(flint, { price = 3499, quantity = 1, token = 'simtok_approve', ...more } = {}) {
  const line = { name: 'Enamel mug', quantity, unit_price_money: usd(price), ...more.line };
  const { data: made } = await flint.api('POST', '/v1/orders', { line_items: [line], ...more.order });
  const { data: paid } = await flint.api('POST', `/v1/orders/${made.order_id}/pay`, { action: 'pay', payment_source: { token } });
  await handOver(flint, made.order_id);
  return paid.order;
}

/** handOver completes a fulfilment of all lines of an order. */
export async function handOver(flint, orderID) {
  const { data: order } = await flint.api('GET', `/v1/orders/${orderID}`);
  const lines = order.line_items.map((l) => ({ order_line_item_id: l.order_line_item_id, quantity: l.quantity }));
  const { data: made } = await flint.api('POST', `/v1/orders/${orderID}/fulfillments`, { type: 'service', line_items: lines });
  await flint.api('POST', `/v1/fulfillments/${made.fulfillment_id}/transitions`, { action: 'complete' });
}

/** ask requests units of the order's first line back. */
export async function ask(flint, order, { units = 1, wish } = {}) {
  const reasons = await flint.api('GET', '/v1/return-reasons');
  const line = {
    order_line_item_id: order.line_items[0].order_line_item_id,
    requested_quantity: units,
    return_reason_id: reasons.data[0].return_reason_id,
    buyer_note: 'It does not fit.',
    ...(wish && { requested_resolution_type: wish }),
  };
  const { data } = await flint.api('POST', '/v1/returns', { order_id: order.order_id, line_items: [line] });
  return data.return_id;
}

export const back = async (flint, returnID) => (await flint.api('GET', `/v1/returns/${returnID}`)).data;
export const resolutionsOf = async (flint, returnID) => (await flint.api('GET', `/v1/return-resolutions?return_id=${returnID}`)).data;

/** until waits until a return says these things. */
export async function until(flint, returnID, facts) {
  await expect.poll(() => back(flint, returnID), { timeout: 15_000 }).toMatchObject(facts);
  return back(flint, returnID);
}

/** receive records that goods arrived and returns the receipt. */
export async function receive(flint, returnID) {
  const { line_items: lines } = await back(flint, returnID);
  const { data } = await flint.api('POST', `/v1/returns/${returnID}/receipts`, {
    received_at: new Date().toISOString(),
    receiving_location_id: 'returns-desk',
    line_items: lines.map((l) => ({ return_line_item_id: l.return_line_item_id, quantity: l.return_required_quantity })),
  });
  return data;
}

/** dispose says where what a receipt or an inspection brought goes. */
export async function dispose(flint, returnID, from, quantity, disposition_type = 'sellable') {
  await flint.api('POST', `/v1/returns/${returnID}/dispositions`, {
    ...from,
    quantity,
    disposition_type,
    inventory_location_id: 'returns-desk',
    occurred_at: new Date().toISOString(),
    reason: 'inspection_result',
  });
}

/** settle proposes a resolution as the merchant and confirms it. */
export async function settle(flint, returnID, terms) {
  const { line_items: lines } = await back(flint, returnID);
  const left = lines.filter((l) => l.available_resolution_quantity > 0);
  const { data: made } = await flint.api('POST', `/v1/returns/${returnID}/resolutions`, {
    ...(terms.resolution_type !== 'correction' && {
      line_items: left.map((l) => ({ return_line_item_id: l.return_line_item_id, quantity: l.available_resolution_quantity })),
    }),
    ...terms,
  });
  const { data } = await flint.api('POST', `/v1/return-resolutions/${made.return_resolution_id}/confirm`, {});
  return data;
}

/** expectFigures compares what an order says of its money, refunds first. */
export async function expectFigures(flint, orderID, { paid, refunded }) {
  const { data } = await flint.api('GET', `/v1/orders/${orderID}`);
  expect(data.payment_status).toBe('paid');
  expect(data.settlement_amounts).toMatchObject({ paid_money: usd(paid), refunded_money: usd(refunded), outstanding_money: usd(0), credit_money: usd(0) });
}

/** expectActor expects the app to be named in the order's timeline for events of these types. */
export async function expectActor(flint, orderID, name, ...types) {
  const { data } = await flint.api('GET', `/v1/orders/${orderID}/timeline?page_size=100`);
  const its = data.filter((row) => row.actor.type === 'app' && row.actor.name === name).map((row) => row.type);
  expect(its).toEqual(expect.arrayContaining(types));
}

/**
 * expectBooks compares both sides: what the processor took and gave back for each payment, and that what no
 * processor saw is the credit of exchanges and what was refunded by hand. Then it asks the doctor.
 */
export async function expectBooks(flint) {
  const all = async (path) => {
    const { data, meta } = await flint.api('GET', `${path}?page_size=100`);
    expect(meta.next_page_token ?? '', 'one page holds them all').toBe('');
    return data;
  };
  const intents = (await all('/v1/payment-intents')).filter((p) => p.status === 'succeeded');
  const refunds = (await all('/v1/refunds')).filter((r) => r.status === 'succeeded');
  const { payments } = await flint.api('GET', '/dev/simulator/books');
  const givenBack = (id) =>
    refunds
      .filter((r) => r.refund_method === 'original_payment')
      .flatMap((r) => r.payment_refunds)
      .filter((p) => p.payment_intent_id === id)
      .reduce((sum, p) => sum + p.amount_money.amount, 0);
  const theirs = Object.fromEntries(payments.filter((p) => p.captured > 0).map((p) => [p.payment_id, [p.captured, p.refunded]]));
  const seen = intents.filter((p) => theirs[p.payment_intent_id]);
  expect(theirs).toEqual(Object.fromEntries(seen.map((p) => [p.payment_intent_id, [p.captured_money.amount, givenBack(p.payment_intent_id)]])));
  const credit = intents.filter((p) => !theirs[p.payment_intent_id]).reduce((sum, p) => sum + p.captured_money.amount, 0);
  const moved = refunds.filter((r) => r.refund_method === 'exchange_credit').reduce((sum, r) => sum + r.amount_money.amount, 0);
  expect(credit, 'what no processor saw is credit of exchanges').toBe(moved);
  await doctor(flint);
}

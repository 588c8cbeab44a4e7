// A merchant's server that takes webhooks: what arrives verifies with the library that its developer
// would use, and what it refuses comes again.

import { createServer } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { advance, openCheckout } from '../buyer.mjs';
import { startFlint } from '../flint.mjs';
import { expect, test as base } from '../fixtures.mjs';

const test = base.extend({
  // A Flint of its own: signatures carry the platform's time, which other specs move for days.
  own: async ({}, use) => {
    const flint = await startFlint();
    await use(flint);
    await flint.stop();
  },
  receiver: async ({}, use) => {
    const got = [];
    let answer = 204;
    const server = createServer(async (request, response) => {
      const chunks = [];
      for await (const chunk of request) {
        chunks.push(chunk);
      }
      got.push({ headers: request.headers, body: Buffer.concat(chunks).toString(), answered: answer });
      response.writeHead(answer).end();
    });
    await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
    await use({
      url: `http://127.0.0.1:${server.address().port}/hooks`,
      got,
      answer: (status) => {
        answer = status;
      },
    });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  },
});

const register = async (flint, receiver, events) =>
  (await flint.api('POST', '/v1/webhook-endpoints', { url: receiver.url, enabled_events: events })).data;
const payOrder = (flint, orderID) =>
  flint.api('POST', `/v1/orders/${orderID}/pay`, { action: 'pay', payment_source: { token: 'simtok_approve' } });

test('a delivery verifies, and a changed one does not', async ({ own, receiver }) => {
  const { secret } = await register(own, receiver, ['order.paid']);
  const { orderID } = await openCheckout(own);
  await payOrder(own, orderID);
  await expect.poll(() => receiver.got.length).toBe(1);
  const [{ headers, body }] = receiver.got;
  const event = new Webhook(secret).verify(body, headers);
  expect(event.event_type).toBe('order.paid');
  expect(event.webhook_event_id).toBe(headers['webhook-id']);
  expect(JSON.stringify(event)).toContain(orderID);
  expect(() => new Webhook(secret).verify(body.replace('order.paid', 'order.paiD'), headers)).toThrow(/signature/i);
});

test('a refused delivery comes again with the same id and a fresh signature', async ({ own, receiver }) => {
  const { secret } = await register(own, receiver, ['order.created']);
  receiver.answer(500);
  const { orderID } = await openCheckout(own);
  // The environment's first order may be told to the new endpoint as well.
  const got = () => receiver.got.filter((delivery) => delivery.body.includes(orderID));
  await expect.poll(() => got().length).toBeGreaterThan(0); // on a busy machine the next try may be there already
  receiver.answer(200);
  await new Promise((resolve) => setTimeout(resolve, 1_100)); // signatures carry the machine's time, in seconds
  await advance(own, 40);
  const taken = () => got().find((delivery) => delivery.answered === 200);
  await expect.poll(taken).toBeTruthy();
  const [[first], second] = [got(), taken()];
  expect(second.headers['webhook-id']).toBe(first.headers['webhook-id']);
  expect(second.body).toBe(first.body);
  new Webhook(secret).verify(second.body, second.headers);
  expect(Number(second.headers['webhook-timestamp'])).toBeGreaterThan(Number(first.headers['webhook-timestamp']));

  const eventID = first.headers['webhook-id'];
  expect(JSON.parse(first.body).event_type).toBe('order.created');
  await expect
    .poll(async () => (await own.api('GET', `/v1/webhook-events/${eventID}/deliveries`)).data[0])
    .toMatchObject({ status: 'delivered', automatic_attempt_count: got().length });
  const [delivery] = (await own.api('GET', `/v1/webhook-events/${eventID}/deliveries`)).data;
  const attempts = await own.api('GET', `/v1/webhook-deliveries/${delivery.webhook_delivery_id}/attempts`);
  expect(attempts.data.map((a) => a.status_code).sort()).toEqual(got().map((one) => one.answered).sort());
});

test('a rotated secret signs beside the old one', async ({ own, receiver }) => {
  const endpoint = await register(own, receiver, ['order.created']);
  const rotated = await own.api('POST', `/v1/webhook-endpoints/${endpoint.webhook_endpoint_id}/rotate-secret`);
  const { orderID } = await openCheckout(own);
  const got = () => receiver.got.filter((delivery) => delivery.body.includes(orderID));
  await expect.poll(() => got().length).toBe(1);
  const [{ headers, body }] = got();
  for (const secret of [endpoint.secret, rotated.data.secret]) {
    expect(new Webhook(secret).verify(body, headers).event_type).toBe('order.created');
  }
});

// The Node client against a whole Flint, and its types against the compiler.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { createClient, FlintError, verifyWebhook } from '../../../sdk/js/node/index.mjs';
import { test, expect } from '../fixtures.mjs';

const mug = { name: 'Enamel mug', quantity: 1, unit_price_money: { amount: 3499, currency: 'USD' } };

test('takes an order to money, and tells what was refused', async ({ flint }) => {
  const client = createClient({ baseUrl: flint.facts.base_url, token: flint.facts.api_key });
  const order = await client.createOrder({ body: { line_items: [mug] } }, { idempotencyKey: 'mug-1' });
  const again = await client.createOrder({ body: { line_items: [mug] } }, { idempotencyKey: 'mug-1' });
  expect(again.order_id).toBe(order.order_id);

  const launch = await client.checkoutSessions.create({ body: { order_id: order.order_id } });
  const buyer = createClient({
    baseUrl: flint.facts.base_url,
    checkout: { sessionId: launch.checkout_session.checkout_session_id, secret: launch.checkout_access.checkout_auth_token },
  });
  const paid = await buyer.payOrder({
    path: { order_id: order.order_id },
    body: { action: 'pay', payment_source: { token: 'simtok_approve' }, expected_outstanding_money: { amount: 3499, currency: 'USD' } },
  });
  expect(paid.order.payment_status).toBe('paid');

  const refused = await client
    .payOrder({ path: { order_id: order.order_id }, body: { action: 'pay', payment_source: { token: 'simtok_approve' } } })
    .catch((err) => err);
  expect(refused).toBeInstanceOf(FlintError);
  expect(refused).toMatchObject({ status: 409, code: 'ORDER_ALREADY_PAID' });
  expect(refused.requestId).toBeTruthy();
});

test('reads a list page by page', async ({ flint }) => {
  const client = createClient({ baseUrl: flint.facts.base_url, token: flint.facts.api_key });
  const made = [];
  for (let i = 0; i < 3; i++) made.push((await client.createOrder({ body: { line_items: [mug], external_reference_id: 'paged' } })).order_id);
  const read = [];
  for await (const order of client.listOrders({ query: { external_reference_id: 'paged', page_size: 2, sort_by: 'created_at', sort_direction: 'asc' } })) read.push(order.order_id);
  expect(read).toEqual(made);
  const page = await client.listOrders({ query: { external_reference_id: 'paged', page_size: 2 } });
  expect(page.data).toHaveLength(2);
});

test('verifies webhooks as others sign them', () => {
  const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', body = '{"webhook_event_id":"whev_1","event_type":"order.paid","data":{}}';
  const now = new Date();
  const headers = {
    'webhook-id': 'whev_1', 'webhook-timestamp': String(Math.floor(now / 1000)), 'webhook-signature': new Webhook(secret).sign('whev_1', now, body),
  };
  expect(verifyWebhook(body, headers, secret).event_type).toBe('order.paid');
  expect(verifyWebhook(body, new Headers(headers), secret).event_type).toBe('order.paid');
  expect(() => verifyWebhook(body + ' ', headers, secret)).toThrow(/not signed/);
  expect(() => verifyWebhook(body, headers, 'whsec_AAAA')).toThrow(/not signed/);
  expect(() => verifyWebhook(body, headers, secret, new Date(+now + 301_000))).toThrow(/older/);
});

test('has types that fit its use', async () => {
  test.setTimeout(180_000); // the compiler reads the whole of both clients, twice
  const dir = await mkdtemp(join(tmpdir(), 'flint-types-'));
  const node = fileURLToPath(new URL('../../../sdk/js/node/flint.d.ts', import.meta.url)).replace(/\.d\.ts$/, '');
  const browser = fileURLToPath(new URL('../../../sdk/js/browser/index.d.ts', import.meta.url)).replace(/\.d\.ts$/, '');
  const use = (wrong) => `import { createClient } from ${JSON.stringify(node)};
import { loadFlint } from ${JSON.stringify(browser)};
const client = createClient({ baseUrl: 'http://localhost', token: 'key' });
export async function use() {
  const order = await client.createOrder({ body: { line_items: [{ name: 'Mug', quantity: 1, unit_price_money: { amount: 1, currency: 'USD' } }] } });
  for await (const o of client.listOrders({ query: { status: 'open' } })) o.order_id.length;
  const flint = await loadFlint('http://localhost');
  flint.mount({ container: '#c', credentials: { checkout_session_id: '', checkout_auth_token: '' } }).on('changed', (e) => e.amount_money.amount);
  return order.${wrong ? 'order_nr' : 'order_id'};
}
`;
  const compile = async (source) => {
    await writeFile(join(dir, 'use.ts'), source);
    const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
    return promisify(execFile)(process.execPath, [
      tsc, '--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom,esnext.disposable', '--module', 'esnext', '--moduleResolution', 'bundler', '--typeRoots', dir, join(dir, 'use.ts'),
    ]).then(() => '', (err) => err.stdout);
  };
  expect(await compile(use(false))).toBe('');
  expect(await compile(use(true))).toContain('order_nr');
  await rm(dir, { recursive: true });
});

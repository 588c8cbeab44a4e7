// The example shop, run as its README says: a basket that is paid on the hosted page, and one that is
// paid in the shop's own page.

import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { test as base, expect, expectAccessible } from '../fixtures.mjs';
import { cards, pay, typeCard } from '../buyer.mjs';

const root = fileURLToPath(new URL('../../..', import.meta.url));

const test = base.extend({
  shop: [
    async ({ flint }, use) => {
      const dir = await mkdtemp(join(tmpdir(), 'flint-shop-'));
      await promisify(execFile)('go', ['build', '-o', join(dir, 'shop'), './examples/shop'], { cwd: root });
      const port = await new Promise((resolve) => {
        const server = createServer().listen(0, 'localhost', () => {
          const { port } = server.address();
          server.close(() => resolve(port));
        });
      });
      const child = spawn(join(dir, 'shop'), ['--data', flint.data, '--addr', `localhost:${port}`], { stdio: 'inherit' });
      const url = `http://localhost:${port}`;
      await expect.poll(() => fetch(url).then((r) => r.status, () => 0)).toBe(200);
      await use(url);
      child.kill();
      await rm(dir, { recursive: true, force: true });
    },
    { scope: 'worker', timeout: 90_000 },
  ],
});

test('is paid on the hosted page', async ({ page, shop }, info) => {
  await page.goto(shop);
  await expectAccessible(page);
  await page.screenshot({ path: `shots/shop-basket-${info.project.name}.png`, fullPage: true });
  await page.getByRole('button', { name: 'Pay on a page of its own' }).click();
  await page.getByLabel('Email').fill('ada@example.com');
  await typeCard(page, cards.approved);
  await pay(page).click();
  await page.getByRole('link', { name: /^Return to/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Thank you!');
});

test('is paid in its own page', async ({ page, shop }, info) => {
  await page.goto(shop);
  await page.getByRole('link', { name: 'Pay right here' }).click();
  const frame = page.frameLocator('#checkout iframe');
  await frame.getByLabel('Email').fill('ada@example.com');
  const fields = frame.frameLocator('iframe[src*="option=card"]');
  await fields.getByLabel('Card number').fill(cards.approved);
  await fields.getByLabel('Expiry').fill('12 / 34');
  await fields.getByLabel('Security code').fill('123');
  await page.screenshot({ path: `shots/shop-embedded-${info.project.name}.png`, fullPage: true });
  await pay(frame).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Thank you!');
});

test('says so when an order is not paid, and knows no other order', async ({ page, shop, flint }) => {
  const { data } = await flint.api('POST', '/v1/orders', { line_items: [{ name: 'Mug', quantity: 1, unit_price_money: { amount: 100, currency: 'USD' } }] });
  await page.goto(`${shop}/thanks?order=${data.order_id}`);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Almost there');
  expect((await page.goto(`${shop}/thanks?order=ord_01HZX3V1W2Y3Z4A5B6C7D8E9F0`)).status()).toBe(404);
});

// Apps: consent, what is installed, limits, pause, removal; a device that wants in.

import { expect, expectAccessible, expectFits, expectOnlyFrom, expectSteady, shot, test, weigh, withAndWithoutScript } from '../fixtures.mjs';
import { startFlint } from '../flint.mjs';
import { exchange, install, signIn } from '../person.mjs';
import { title } from '../buyer.mjs';

/** removeAll removes what an earlier spec of this server installed. */
async function removeAll(page, flint) {
  await page.goto(`${flint.facts.base_url}/apps`);
  if ((await page.getByRole('heading', { level: 1 }).textContent()) === 'Sign in') {
    await signIn(page, flint.facts.user);
  }
  await title(page, 'Apps');
  const live = page.locator('section > .list a');
  if (await live.count()) {
    await live.first().click();
    await page.getByRole('link', { name: /^Remove/ }).click();
    await page.getByRole('button', { name: /^Remove/ }).click();
    await expect(page.getByText('Receipt of the removal')).toBeVisible();
  }
}

withAndWithoutScript(test, (script) => {
  test('an app is installed, limited, paused and removed', async ({ flint, page }, info) => {
    test.slow(); // looks at many pages
    const { base_url: base, partner_app: app } = flint.facts;
    const look = async (name) => {
      await expectAccessible(page);
      await expectFits(page);
      if (script) {
        await shot(page, info, name);
      }
    };
    await removeAll(page, flint);
    const weight = await weigh(page);
    await page.goto(app.install_url);
    await title(page, 'Parcel Pilot wants to work with you');
    const { bytes, requests } = await weight();
    expectOnlyFrom(base, requests);
    expect(bytes).toBeLessThan(20_000);
    if (script) {
      await expectSteady(page);
    }
    await expect(page.getByText('Moves money')).toBeVisible();
    await look('consent');
    await page.getByText('What exactly').first().click();
    await expect(page.getByText('Orders, what was bought and what was sent.')).toBeVisible();

    await page.getByRole('button', { name: 'Cancel' }).click();
    await title(page, 'The app was not installed');
    await expect(page.getByText('access_denied')).toBeVisible();
    await look('callback-cancelled');

    await install(page, flint, { optional: ['Refund parcels that got lost'] });
    await look('callback');
    const tokens = await exchange(page, flint);
    expect(tokens.scope.split(' ')).toContain('commerce.refunds.write');
    expect(tokens.scope.split(' ')).not.toContain('commerce.products.read');

    await page.goto(`${base}/apps`);
    await look('apps');
    await page.getByRole('link', { name: /Parcel Pilot/ }).first().click();
    await title(page, 'Parcel Pilot');
    await look('app');
    await page.getByLabel('Currency', { exact: true }).first().fill('USD');
    await page.getByLabel('Per order', { exact: true }).first().fill('twenty');
    await page.getByRole('button', { name: 'Save limits' }).click();
    await expect(page.getByText('Enter an amount like 150.00.')).toBeVisible();
    await look('app-limits-wrong');
    await page.getByLabel('Per order', { exact: true }).first().fill('25');
    await page.getByRole('button', { name: 'Save limits' }).click();
    await expect(page.getByLabel('Per order', { exact: true }).first()).toHaveValue('25.00');

    await page.getByRole('button', { name: 'Pause' }).click();
    await expect(page.getByText('Parcel Pilot is paused.')).toBeVisible();
    await look('app-paused');
    await flint.api('GET', '/v1/orders', undefined, { key: tokens.access_token, status: 403 });
    await page.getByRole('button', { name: 'Resume' }).click();
    await flint.api('GET', '/v1/orders', undefined, { key: tokens.access_token });

    await page.goto(app.install_url);
    await title(page, 'Parcel Pilot is asking again');
    await look('consent-again');

    await page.goto(`${base}/apps`);
    await page.getByRole('link', { name: /Parcel Pilot/ }).first().click();
    await page.getByRole('link', { name: /^Remove/ }).click();
    await title(page, 'Remove Parcel Pilot?');
    await look('remove');
    await page.getByRole('button', { name: 'Remove Parcel Pilot' }).click();
    await expect(page.getByText('Receipt of the removal')).toBeVisible();
    await look('removed');
    await flint.api('GET', '/v1/orders', undefined, { key: tokens.access_token, status: 401 });
  });

  test('a refund above the limit is decided, and data is asked for', async ({ flint, page }, info) => {
    test.slow(); // looks at many pages
    const { base_url: base } = flint.facts;
    const look = async (name) => {
      await expectAccessible(page);
      await expectFits(page);
      if (script) {
        await shot(page, info, name);
      }
    };
    await removeAll(page, flint);
    await install(page, flint, { optional: ['Refund parcels that got lost'] });
    const { access_token: key } = await exchange(page, flint);
    await page.goto(`${base}/apps`);
    await page.locator('section > .list a').first().click();
    const at = page.url();
    await page.getByLabel('Currency', { exact: true }).first().fill('USD');
    await page.getByLabel('Ask me above', { exact: true }).first().fill('5');
    await page.getByRole('button', { name: 'Save limits' }).click();
    const { data: order } = await flint.api('POST', '/v1/orders', { line_items: [{ name: 'Enamel mug', quantity: 1, unit_price_money: { amount: 3499, currency: 'USD' } }] });
    await flint.api('POST', `/v1/orders/${order.order_id}/pay`, { action: 'pay', payment_source: { token: 'simtok_approve' }, expected_outstanding_money: { amount: 3499, currency: 'USD' } });
    const ask = (amount) =>
      flint.api('POST', '/v1/refunds', { order_id: order.order_id, amount_money: { amount, currency: 'USD' }, reason: 'never_received', reason_message: 'The carrier lost it.' }, { key, status: 409 });
    await ask(1201);
    await ask(1302);

    await page.goto(at);
    await expect(page.getByText('It asks you to approve 2 refunds')).toBeVisible();
    await page.getByRole('link', { name: 'See what it asks for' }).click();
    await title(page, 'Refunds that apps ask for');
    await look('approvals');
    await page.getByRole('link', { name: /\$12\.01/ }).first().click();
    await title(page, 'Parcel Pilot asks to refund $12.01');
    await expect(page.getByText('The carrier lost it.')).toBeVisible();
    await look('approval');
    await page.getByRole('button', { name: 'Refund $12.01' }).click();
    await expect(page.getByText('Approved', { exact: true })).toBeVisible();
    await expect(page.getByRole('button')).toHaveCount(0);
    await look('approval-approved');
    const { data: refunds } = await flint.api('GET', `/v1/refunds?order_id=${order.order_id}`);
    expect(refunds.map((refund) => refund.amount_money.amount)).toEqual([1201]);

    await page.getByRole('link', { name: 'Refunds that apps ask for' }).click();
    await page.getByRole('link', { name: /\$13\.02/ }).first().click();
    await page.getByLabel(/^Or refuse/).fill('It was found.');
    await page.getByRole('button', { name: 'Refuse' }).click();
    await expect(page.getByText('Refused', { exact: true })).toBeVisible();
    await expect(page.getByText('It was found.')).toBeVisible();

    const { data: customer } = await flint.api('POST', '/v1/customers', { email: `ada.${info.project.name}.${script}@example.com`, name: 'Ada' });
    const { data: request } = await flint.api('POST', '/v1/data-requests', { topic: 'customer_redact', customer_id: customer.customer_id });
    await page.goto(`${base}/data-requests`);
    const card = page.getByRole('article').filter({ hasText: customer.email });
    await expect(card.getByText('Waiting').first()).toBeVisible();
    await look('data-requests');
    await flint.api('POST', `/v1/data-requests/${request.data_request_id}/acknowledge`, { note: 'All gone.' }, { key });
    await page.reload();
    await expect(card.getByText('Done', { exact: true })).toBeVisible();
    await expect(card.getByText('All gone.')).toBeVisible();

    await page.goto(at);
    await page.getByRole('link', { name: /^End/ }).click();
    await title(page, 'End Parcel Pilot here?');
    await look('end');
    await page.getByRole('button', { name: 'End access' }).click();
    await title(page, 'Parcel Pilot');
    await expect(page.getByText('Ended', { exact: true })).toBeVisible();
    await flint.api('GET', '/v1/orders', undefined, { key, status: 401 });
  });

  test('a place is chosen where there are several', async ({ page }, info) => {
    const flint = await startFlint(); // the other specs have one sandbox
    const name = `Staging ${info.project.name} ${script}`;
    await flint.api('POST', '/v1/developer/sandboxes', { name }, { key: flint.facts.live_api_key });
    await page.goto(flint.facts.partner_app.install_url);
    await signIn(page, flint.facts.user);
    await title(page, 'Where should Parcel Pilot work?');
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'choose');
    }
    await page.getByLabel(name).check();
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByText(name)).toBeVisible();
    await page.getByRole('link', { name: 'Choose another' }).click();
    await title(page, 'Where should Parcel Pilot work?');
    await flint.stop();
  });

  test('a link that cannot be trusted leads nowhere', async ({ flint, page }, info) => {
    const link = new URL(flint.facts.partner_app.install_url);
    link.searchParams.set('redirect_uri', 'https://evil.example/callback');
    await page.goto(link.href);
    await title(page, 'This link is not complete');
    expect(new URL(page.url()).origin).toBe(flint.facts.base_url);
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'link-broken');
    }
  });

  test('a device is let in', async ({ flint, page }, info) => {
    const start = await fetch(new URL('/v1/oauth/device_authorization', flint.facts.base_url), { method: 'POST', body: new URLSearchParams({ client_id: 'flint-cli' }) });
    const device = await start.json();
    expect(start.status, JSON.stringify(device)).toBe(200);
    await page.goto(device.verification_uri_complete);
    await signIn(page, flint.facts.user);
    await title(page, 'Connect a device');
    await expect(page.getByLabel('Code')).toHaveValue(device.user_code);
    await expectAccessible(page);
    if (script) {
      await shot(page, info, 'device');
    }
    await page.getByRole('button', { name: 'Continue' }).click();
    await title(page, 'Let this device in?');
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'device-review');
    }
    await page.getByRole('button', { name: 'Let it in' }).click();
    await title(page, 'The device is connected');
    await expectAccessible(page);
    const poll = await fetch(new URL('/v1/oauth/token', flint.facts.base_url), {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: 'flint-cli', device_code: device.device_code }),
    });
    expect((await poll.json()).access_token).toBeTruthy();
  });
});

test('nobody can frame the consent', async ({ flint, page }) => {
  await page.route('**/frame', (route) => route.fulfill({ contentType: 'text/html', body: `<iframe src="${flint.facts.partner_app.install_url.replaceAll('&', '&amp;')}"></iframe>` }));
  await page.goto(`${flint.facts.base_url.replace('127.0.0.1', 'localhost')}/frame`);
  await expect(page.frameLocator('iframe').getByRole('heading', { name: 'Sign in' })).toHaveCount(0);
});

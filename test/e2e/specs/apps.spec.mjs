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
    await expect(page.getByText('Orders, fulfillments, activities.')).toBeVisible();

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

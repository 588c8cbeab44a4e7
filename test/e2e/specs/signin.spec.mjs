// Signing in: by password, mailed code and passkey; the account page.

import { expect, expectAccessible, expectFits, expectOnlyFrom, expectSteady, shot, test, weigh, withAndWithoutScript } from '../fixtures.mjs';
import { mailedCode, signIn } from '../person.mjs';
import { title } from '../buyer.mjs';

withAndWithoutScript(test, (script) => {
  test('signs in with a password and out again', async ({ flint, page }, info) => {
    const weight = await weigh(page);
    await page.goto(`${flint.facts.base_url}/apps`);
    await title(page, 'Sign in');
    const { bytes, requests } = await weight();
    expectOnlyFrom(flint.facts.base_url, requests);
    expect(bytes).toBeLessThan(20_000);
    if (script) {
      await expectSteady(page);
      await shot(page, info, 'sign-in');
    }
    await expectAccessible(page);
    await expectFits(page);
    await signIn(page, { ...flint.facts.user, password: 'not the password' });
    await expect(page.getByRole('alert').filter({ hasText: 'wrong' })).toBeVisible();
    await expect(page.getByLabel('Email', { exact: true })).toHaveValue(flint.facts.user.email);
    await expectAccessible(page);
    if (script) {
      await shot(page, info, 'sign-in-wrong');
    }
    await signIn(page, flint.facts.user);
    await title(page, 'Apps');
    await page.getByRole('link', { name: 'Account' }).click();
    await title(page, 'Account');
    await expect(page.getByText('This browser')).toBeVisible();
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'account');
    }
    await page.getByRole('button', { name: 'Sign out' }).click();
    await title(page, 'Sign in');
    await page.goto(`${flint.facts.base_url}/account`);
    await title(page, 'Sign in');
  });

  test('signs in with a mailed code', async ({ flint, page }, info) => {
    const { email } = flint.facts.user;
    const { data } = await flint.api('GET', `/dev/mail?to=${encodeURIComponent(email)}`);
    const before = data.filter((mail) => mail.subject === 'Your sign-in code').length;
    await page.goto(`${flint.facts.base_url}/account`);
    await page.getByLabel('Email', { exact: true }).fill(email);
    await page.getByRole('button', { name: 'Email me a code' }).click();
    await title(page, 'Check your email');
    await expectAccessible(page);
    await expectFits(page);
    if (script) {
      await shot(page, info, 'code');
    }
    await page.getByLabel('Six-digit code').fill('00');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await expect(page.getByText('This is not the code')).toBeVisible();
    await expectAccessible(page);
    await page.getByLabel('Six-digit code').fill(await mailedCode(flint, email, before));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await title(page, 'Account');
    expect(page.url()).toBe(`${flint.facts.base_url}/account`);
  });
});

test('a passkey is added, signs in, and is removed', async ({ flint, page, context }, info) => {
  // A passkey belongs to a name, so the page is opened by it.
  const base = flint.facts.base_url.replace('127.0.0.1', 'localhost');
  const devtools = await context.newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true },
  });
  await page.goto(`${base}/account`);
  await expect(page.getByRole('button', { name: 'Use a passkey' })).toBeVisible();
  await shot(page, info, 'sign-in-passkey');
  await signIn(page, flint.facts.user);
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await expect(page.getByText(/^Made /)).toBeVisible();
  await expectAccessible(page);
  await shot(page, info, 'account-passkey');
  await page.getByRole('button', { name: 'Sign out' }).click();

  await page.goto(`${base}/apps`);
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await title(page, 'Apps');
  await page.getByRole('link', { name: 'Account' }).click();
  await expect(page.getByText(/last used/)).toBeVisible();

  await page.getByRole('button', { name: /^Remove the passkey/ }).click();
  await expect(page.getByText('You have no passkey yet.')).toBeVisible();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Use a passkey' }).click();
  await expect(page.getByText('This passkey does not open an account here.')).toBeVisible();
  await expectAccessible(page);

  await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
});

// What specs do again and again as a person of a merchant: sign in, install the demo app.

import { expect } from './fixtures.mjs';

/** signIn fills the sign-in form that the page shows. */
export async function signIn(page, { email, password }) {
  await page.getByLabel('Email', { exact: true }).fill(email);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** mailedCode waits for the newest sign-in code mailed to an address. */
export async function mailedCode(flint, email, after = 0) {
  let code;
  await expect(async () => {
    const { data } = await flint.api('GET', `/dev/mail?to=${encodeURIComponent(email)}`);
    const codes = data.filter((mail) => mail.subject === 'Your sign-in code');
    expect(codes.length).toBeGreaterThan(after);
    code = /^ {4}(\d{3} \d{3})$/m.exec(codes[0].text)[1];
  }).toPass();
  return code;
}

/** install signs in where needed, approves the demo app, and comes to the app's page. */
export async function install(page, flint, { optional = [] } = {}) {
  await page.goto(flint.facts.partner_app.install_url);
  const title = page.getByRole('heading', { level: 1 });
  if ((await title.textContent()) === 'Sign in') {
    await signIn(page, flint.facts.user);
  }
  await expect(title).toContainText('Parcel Pilot');
  for (const name of optional) {
    await page.getByLabel(name).check();
  }
  await page.getByRole('button', { name: /^(Approve|Continue)/ }).click();
  await expect(title).toHaveText('The app has its code');
}

/** exchange redeems the code of the demo app's page, as its server would, and returns the tokens. */
export async function exchange(page, flint) {
  const { partner_app: app } = flint.facts;
  const response = await fetch(new URL('/v1/oauth/token', flint.facts.base_url), {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: app.client_id,
      client_secret: app.client_secret,
      redirect_uri: app.redirect_uri,
      code_verifier: app.code_verifier,
      code: new URL(page.url()).searchParams.get('code'),
    }),
  });
  const tokens = await response.json();
  expect(response.status, JSON.stringify(tokens)).toBe(200);
  return tokens;
}

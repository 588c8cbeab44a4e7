// What a spec starts from: Playwright's test with a running Flint, and the checks that hold for every
// page of ours.

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { test as base, expect } from '@playwright/test';
import { startFlint } from './flint.mjs';

export { expect };

/** test gives each spec `flint`, a development environment shared by the specs of one worker. */
export const test = base.extend({
  flint: [
    async ({}, use) => {
      const flint = await startFlint();
      await use(flint);
      await flint.stop();
    },
    { scope: 'worker', timeout: 40_000 },
  ],
});

/** withAndWithoutScript declares the same specs twice: with JavaScript, and with it switched off. */
export function withAndWithoutScript(test, declare) {
  for (const script of [true, false]) {
    test.describe(script ? 'with JavaScript' : 'without JavaScript', () => {
      test.use({ javaScriptEnabled: script });
      declare(script);
    });
  }
}

let axeSource;

/** expectAccessible fails with each rule of axe-core that the page breaks, light or dark, and where. */
export async function expectAccessible(page) {
  if (await page.evaluate(() => matchMedia('(scripting: none)').matches)) {
    const copy = await scripted(page);
    await expectAccessible(copy);
    await copy.context().close();
    return;
  }
  axeSource ??= await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // Which scheme is on changes colours alone, so the dark one is asked about those only.
  for (const [colorScheme, rules] of [['dark', ['color-contrast', 'link-in-text-block']], ['light', undefined]]) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await checkOnce(page, colorScheme, rules);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/**
 * scripted shows what a page without JavaScript shows to a browser that has it, because axe-core cannot
 * run without: the same document, with noscript opened and the scripts taken out.
 */
async function scripted(page) {
  const html = (await page.content()).replace(/<\/?noscript>/g, '').replace(/<script\b[^>]*><\/script>/g, '');
  const context = await page.context().browser().newContext({ javaScriptEnabled: true });
  const copy = await context.newPage();
  const address = page.url().replace(/#.*/, '');
  await copy.route(address, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await copy.goto(address);
  return copy;
}

async function checkOnce(page, colorScheme, rules) {
  // Evaluated through the debugger rather than added as a script tag, which a strict
  // Content-Security-Policy refuses.
  await page.evaluate(`${axeSource}; undefined`);
  const violations = await page.evaluate(async (runOnly) => {
    const result = await globalThis.axe.run(document, { resultTypes: ['violations'], ...(runOnly && { runOnly }) });
    return result.violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
  }, rules);
  expect(violations, `axe-core, ${colorScheme}`).toEqual([]);
}

/**
 * weigh starts to count what the page loads. Call it before the first goto; the returned function
 * waits until the network is quiet and tells {bytes, requests}: bytes as they came over the wire, with
 * headers, compressed.
 */
export async function weigh(page) {
  const session = await page.context().newCDPSession(page);
  const requests = [];
  let bytes = 0;
  session.on('Network.requestWillBeSent', (e) => requests.push(e.request.url));
  session.on('Network.loadingFinished', (e) => {
    bytes += e.encodedDataLength;
  });
  await session.send('Network.enable');
  return async () => {
    await page.waitForLoadState('networkidle');
    return { bytes, requests: [...requests] };
  };
}

/** expectOnlyFrom fails when a request of `weigh` went to another origin than the given one. */
export function expectOnlyFrom(origin, requests) {
  const foreign = requests.filter((url) => !url.startsWith('data:') && new URL(url).origin !== new URL(origin).origin);
  expect(foreign, 'requests to other origins').toEqual([]);
}

/** expectFits fails when the page is wider than the screen. */
export async function expectFits(page) {
  const { content, screen } = await page.evaluate(() => ({
    content: document.documentElement.scrollWidth,
    screen: document.documentElement.clientWidth,
  }));
  expect(content, 'width of the page').toBeLessThanOrEqual(screen);
}

/**
 * expectSteady fails when something on the page moved after it had been painted. Call it before the test
 * touches the page: every shift counts, because a phone's screen size is set at the start of a page and
 * the browser takes that for input, which excuses shifts.
 */
export async function expectSteady(page) {
  const moved = await page.evaluate(
    () =>
      new Promise((resolve) => {
        let sum = 0;
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            sum += entry.value;
          }
        });
        observer.observe({ type: 'layout-shift', buffered: true });
        setTimeout(() => {
          observer.disconnect();
          resolve(sum);
        }, 300);
      }),
  );
  expect(moved, 'layout shift').toBe(0);
}

/**
 * shot keeps pictures of the page, light and dark, for people to look at, under shots/. Only with SHOTS=1:
 * nobody looks at those of an automatic run.
 */
export async function shot(page, info, name) {
  if (!process.env.SHOTS) {
    return;
  }
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `shots/${name}-${info.project.name}-${colorScheme}.png`, fullPage: true, animations: 'disabled' });
  }
  await page.emulateMedia({ colorScheme: null });
}

// What a spec starts from: Playwright's test with a running Flint, and the checks that hold for every
// page of ours.

import { createHash } from 'node:crypto';
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
// Documents that passed in this worker, by what of them axe-core can tell apart.
const passed = new Set();

/**
 * expectAccessible fails with each rule of axe-core that the page breaks, light or dark, and where. A document
 * that differs from one that passed in ids, tokens, addresses and the digits of its text alone is not asked
 * about again: the answer would be the same, and asking is half of the time of a browser's tests.
 */
export async function expectAccessible(page) {
  const html = await page.content();
  const script = await page.evaluate(() => !matchMedia('(scripting: none)').matches);
  const key = likeness(html, script, page.viewportSize());
  if (passed.has(key)) {
    return;
  }
  if (script) {
    await ask(page);
  } else {
    const copy = await scripted(page, open(html));
    await ask(copy);
    await copy.context().close();
  }
  passed.add(key);
}

/** open is a document as it is shown without JavaScript, to a browser that has it. */
const open = (html) => html.replace(/<\/?noscript>/g, '').replace(/<script\b[^>]*><\/script>/g, '');

/**
 * likeness is what axe-core can tell a document by. With and without JavaScript are the same thing for a page
 * on which nothing waits for a script: it has none of the classes that the one noscript of every page treats.
 */
function likeness(html, script, screen) {
  const waits = /class="[^"]*\b(js|late|fields)\b/.test(html) || html.split('<noscript>').length > 2;
  const alike = open(html)
    .replace(/ nonce="[^"]*"/g, '')
    .replace(/[\w.+-]+@/g, '@')
    .replace(/(?=[\w-]*\d)[\w-]{16,}/g, '#')
    .replace(/>[^<]+/g, (text) => text.replace(/\d+/g, '0'));
  return createHash('sha256').update(JSON.stringify([screen, waits && script, alike])).digest('hex');
}

async function ask(page) {
  axeSource ??= await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  // Evaluated through the debugger rather than added as a script tag, which a strict
  // Content-Security-Policy refuses.
  await page.evaluate(`${axeSource}; undefined`);
  // Which scheme is on changes colours alone, so the dark one is asked about those only.
  for (const [colorScheme, rules] of [['dark', ['color-contrast', 'link-in-text-block']], ['light', undefined]]) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const violations = await page.evaluate(async (runOnly) => {
      const result = await globalThis.axe.run(document, { resultTypes: ['violations'], ...(runOnly && { runOnly }) });
      return result.violations.map((v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
    }, rules);
    expect(violations, `axe-core, ${colorScheme}`).toEqual([]);
  }
  await page.emulateMedia({ colorScheme: null, reducedMotion: null });
}

/**
 * scripted shows what a page without JavaScript shows to a browser that has it, because axe-core cannot
 * run without.
 */
async function scripted(page, html) {
  const context = await page.context().browser().newContext({ javaScriptEnabled: true });
  const copy = await context.newPage();
  const address = page.url().replace(/#.*/, '');
  await copy.route(address, (route) => route.fulfill({ contentType: 'text/html', body: html }));
  await copy.goto(address);
  return copy;
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

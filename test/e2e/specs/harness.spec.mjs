// The harness must be able to fail: each of its checks is shown a page that breaks the rule. These
// specs need no Flint, only Chromium and a small server of their own.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from '@playwright/test';
import { expectAccessible, expectFits, expectOnlyFrom, expectSteady, weigh, withAndWithoutScript } from '../fixtures.mjs';
import { startFlint } from '../flint.mjs';

const document = (body, head = '') =>
  `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>A page</title>${head}</head>` +
  `<body><main><h1>A page</h1>${body}</main></body></html>`;

const pages = {
  '/good': document('<label>Email <input type="email"></label><p id="js">no script</p><script src="/script.js"></script>'),
  '/script.js': 'document.getElementById("js").textContent = "script";',
  '/unlabelled': document('<input type="text">'),
  '/wide': document('<div style="width: 5000px">wide</div>'),
  '/heavy': document(`<!-- ${'x'.repeat(60_000)} -->`),
  '/moving': document(
    '<div id="room"></div><p>text that moves</p><script>requestAnimationFrame(() => setTimeout(() => { document.getElementById("room").style.height = "300px"; document.title = "moved"; }, 300))</script>',
  ),
};

const test = base.extend({
  site: [
    async ({}, use) => {
      const server = createServer((request, response) => {
        const body = pages[request.url];
        response.writeHead(body ? 200 : 404, {
          'Content-Type': request.url.endsWith('.js') ? 'text/javascript' : 'text/html; charset=utf-8',
          // As strict as our own pages, so that the checks are known to work under it.
          'Content-Security-Policy': request.url === '/moving' ? '' : "default-src 'self'; style-src 'self' 'unsafe-inline'",
        });
        response.end(body ?? '');
      });
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      await use(`http://127.0.0.1:${server.address().port}`);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
    { scope: 'worker' },
  ],
});

withAndWithoutScript(test, (script) => {
  test('runs scripts only where they are switched on', async ({ page, site }) => {
    await page.goto(`${site}/good`);
    await expect(page.locator('#js')).toHaveText(script ? 'script' : 'no script');
  });
});

test('a good page passes every check', async ({ page, site }) => {
  const weight = await weigh(page);
  await page.goto(`${site}/good`);
  await expectAccessible(page);
  await expectFits(page);
  await expectSteady(page);
  const { bytes, requests } = await weight();
  expect(bytes).toBeGreaterThan(pages['/good'].length + pages['/script.js'].length);
  expect(bytes).toBeLessThan(2_000);
  expect(requests).toContain(`${site}/script.js`);
  expectOnlyFrom(site, requests);
});

test('a field without a label is found', async ({ page, site }) => {
  await page.goto(`${site}/unlabelled`);
  await expect(expectAccessible(page)).rejects.toThrow(/label/);
});

test('a page that is too wide is found', async ({ page, site }) => {
  await page.goto(`${site}/wide`);
  await expect(expectFits(page)).rejects.toThrow(/width/);
});

test('a heavy page is weighed', async ({ page, site }) => {
  const weight = await weigh(page);
  await page.goto(`${site}/heavy`);
  expect((await weight()).bytes).toBeGreaterThan(60_000);
});

test('a page that moves is found', async ({ page, site }) => {
  await page.goto(`${site}/moving`);
  await expect(page).toHaveTitle('moved');
  await expect(expectSteady(page)).rejects.toThrow(/shift/);
});

test('a request to somebody else is found', async ({ site }) => {
  expect(() => expectOnlyFrom(site, [`${site}/a`, 'http://127.0.0.2/b'])).toThrow(/other origins/);
});

test.describe('starting a program', () => {
  /** run starts a stand-in for the binary, which answers every request with its own arguments. */
  async function run(script, options = {}) {
    const folder = await mkdtemp(join(tmpdir(), 'flint-harness-'));
    const program = join(folder, 'flint');
    await writeFile(program, `#!/usr/bin/env node\n${script}`, { mode: 0o755 });
    return startFlint({ program, ...options }).finally(() => rm(folder, { recursive: true }));
  }
  const serve = `
    const [command, , data, , addr] = process.argv.slice(2);
    const [host, port] = addr.split(':');
    require('node:http').createServer((request, response) => {
      response.statusCode = request.headers.authorization === 'Bearer flint_test_x' ? 200 : 401;
      response.end(JSON.stringify({ command, method: request.method, key: Boolean(request.headers['idempotency-key']) }));
    }).listen(Number(port), host, () => {
      const facts = { base_url: 'http://' + addr, api_key: 'flint_test_x' };
      require('node:fs').writeFileSync(data + '/dev.json', JSON.stringify(facts));
    });`;

  test('offers its API and ends cleanly', async () => {
    const flint = await run(`${serve} process.on('SIGTERM', () => process.exit(0));`);
    expect(await flint.api('POST', '/v1/orders', {})).toEqual({ command: 'dev', method: 'POST', key: true });
    expect(await flint.api('GET', '/v1/orders')).toEqual({ command: 'dev', method: 'GET', key: false });
    await expect(flint.api('GET', '/v1/orders', undefined, { key: 'other' })).rejects.toThrow(/401, want 2xx/);
    await flint.stop();
  });

  test('an unclean end is found', async () => {
    const flint = await run(`${serve} process.on('SIGTERM', () => process.exit(3));`);
    await expect(flint.stop()).rejects.toThrow(/ended with 3/);
  });

  test('an early end tells what the program said', async () => {
    await expect(run(`console.error('no such flag'); process.exit(2);`)).rejects.toThrow(/ended with 2:\nno such flag/);
  });

  test('a program that never gets ready is given up', async () => {
    await expect(run(`setInterval(() => {}, 1000);`, { readyWithin: 500 })).rejects.toThrow(/no dev.json/);
  });
});

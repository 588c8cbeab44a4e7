import { defineConfig } from '@playwright/test';
import { args, executablePath } from './chromium.mjs';

// Specs that say nothing about how a page looks on a screen run on one alone.
const desktopOnly = ['app-developer', 'checkout-extension', 'clients', 'harness', 'readme', 'returns-extension', 'webhooks'];
const phoneOnly = ['speed'];
const without = (names) => names.map((name) => `**/${name}.spec.mjs`);

// The two screens every page is made for: a laptop and a small phone.
const screens = {
  desktop: { viewport: { width: 1280, height: 800 } },
  phone: { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 },
};

export default defineConfig({
  testDir: './specs',
  testMatch: '*.spec.mjs',
  outputDir: './shots/failures',
  // Each worker has a server of its own. A build machine has two cores, and a worker waits more than it computes: a
  // third takes a quarter off the time.
  workers: 3,
  // Generous, because a loaded machine is no fault of a page.
  timeout: 60_000,
  expect: { timeout: 10_000 },
  // A page that only works on the second try is broken.
  retries: 0,
  forbidOnly: Boolean(process.env.CI),
  reporter: [['line']],
  use: {
    launchOptions: { executablePath, args },
    locale: 'en-US',
    timezoneId: 'UTC',
    screenshot: 'only-on-failure',
    actionTimeout: 10_000,
    navigationTimeout: 20_000,
  },
  projects: Object.entries(screens).map(([name, use]) => ({ name, use, testIgnore: without(name === 'phone' ? desktopOnly : phoneOnly) })),
});

// How the tests start a browser. It is the system's Chromium, built without the windows that nobody would see,
// which takes about half of the time: nothing is downloaded for a test run. FLINT_CHROMIUM names another, such as
// /usr/bin/chromium.

export const executablePath = process.env.FLINT_CHROMIUM || '/usr/bin/chromium-headless-shell';

// No sandbox because a build machine runs as root; no network of the browser's own, so that a test
// run sends nothing to anybody.
export const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

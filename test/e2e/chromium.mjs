// How the tests start a browser. It is the system's Chromium: nothing is downloaded for a test run.

export const executablePath = process.env.FLINT_CHROMIUM || '/usr/bin/chromium';

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

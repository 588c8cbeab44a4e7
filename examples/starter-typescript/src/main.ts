// Starter App is an app for Flint: merchants install it, it hears of their orders and acts on them.
// Read app.ts first, it is what the app does; the other files are how any app talks to Flint.

import { readConfig } from './config.js';
import { createApp } from './server.js';
import { Store } from './store.js';

const config = readConfig(process.env);
const app = createApp(config, await Store.open(config.storeFile));
const { host, port } = config.listen;
app.server.listen(port, host, () => {
  console.log(`ready: open http://${host}:${port}/install to install the app`);
});
const stopWork = app.work();

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    stopWork();
    app.server.close();
    app.server.closeAllConnections(); // what was accepted is in the store
  });
}

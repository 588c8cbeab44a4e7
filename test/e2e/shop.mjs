// A merchant's page on a site of its own: it embeds a checkout by the credential that its server holds.

import { createServer } from 'node:http';

/**
 * startShop serves a page with an embedded checkout at another site than Flint's (localhost, where
 * Flint is 127.0.0.1). `open` is the shop's server: it opens the session for the page's origin.
 * The page keeps what flint.js tells in window.heard.
 */
export async function startShop(flint, open, { head = '', pageOrigin } = {}) {
  const server = createServer(async (request, response) => {
    try {
      if (request.method === 'POST') {
        const keys = await open(pageOrigin ?? origin());
        response.setHeader('Content-Type', 'application/json');
        return response.end(JSON.stringify(keys));
      }
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      const keys = request.url === '/plain' ? await open(pageOrigin ?? origin()) : null;
      response.end(document(flint.facts.base_url, head, keys));
    } catch (err) {
      response.statusCode = 500;
      response.end(String(err));
    }
  });
  await new Promise((resolve) => server.listen(0, 'localhost', resolve));
  const origin = () => `http://localhost:${server.address().port}`;
  return { origin: origin(), stop: () => new Promise((resolve) => { server.closeAllConnections(); server.close(resolve); }) };
}

// What the container shows until flint.js fills it is the way without scripts.
const withoutScript = (base, keys) =>
  keys === null
    ? ''
    : `<form method="post" action="${base}/checkout/${keys.checkout_session_id}/enter"><input type="hidden" name="checkout_token" value="${keys.checkout_auth_token}"><button>Go to checkout</button></form>`;

const document = (base, head, keys) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Mug shop</title>
<meta name="viewport" content="width=device-width, initial-scale=1">${head}
<style>body{font:16px/1.5 Georgia,serif;max-width:640px;margin:24px auto;padding:0 16px;background:#fff;color:#222}</style></head>
<body><main><h1>Your basket</h1><p>One enamel mug.</p><div id="checkout">${withoutScript(base, keys)}</div></main>
<script src="${base}/flint.js"></script>
<script>
window.heard = [];
const credentials = () => fetch("/open", {method: "POST"}).then(r => r.json());
window.checkout = Flint.mount({container: "#checkout", credentials, timeout: 8000});
for (const n of ["ready", "changed", "submitted", "completed", "failed", "abandoned", "closed", "fallback"]) checkout.on(n, e => window.heard.push(e));
</script></body></html>`;

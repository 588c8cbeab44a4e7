// The Node client of Flint's HTTP API: one method for each operation of the OpenAPI document, tried
// again when a connection breaks and after 429 and 5xx, with an idempotency key that stays the same over
// the tries. It has no dependency.

import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import { operations, version } from './operations.mjs';

export { version };

export class FlintError extends Error {
  constructor(status, body) {
    const e = body?.error ?? {};
    super(e.message ?? `HTTP ${status}`);
    this.name = 'FlintError';
    this.status = status;
    this.code = e.code ?? String(status);
    this.param = e.param;
    this.requestId = e.request_id;
    this.details = e.details ?? [];
    this.body = body;
  }
}

/** createClient returns an object with the operations by their names: client.createOrder({body: {…}}). */
export function createClient(options) {
  const { baseUrl, token, checkout, retries = 2, timeout = 30_000, fetch: send = fetch } = options;
  if (!baseUrl) throw new TypeError('createClient: baseUrl is missing');
  const credential = checkout
    ? { 'X-Checkout-Session-ID': checkout.sessionId, 'X-Checkout-Session-Secret': checkout.secret }
    : token ? { Authorization: `Bearer ${token}` } : {};

  async function call([method, path, flags], params = {}, { idempotencyKey, headers, signal } = {}) {
    const url = new URL(fill(path, params.path), baseUrl);
    for (const [name, value] of Object.entries(params.query ?? {})) {
      for (const one of [value].flat()) if (one !== undefined && one !== null) url.searchParams.append(name, String(one));
    }
    const keyed = flags.includes('k');
    const request = {
      method,
      headers: {
        ...credential, 'Flint-Version': version,
        ...(keyed ? { 'Idempotency-Key': idempotencyKey ?? randomUUID() } : {}),
        ...(params.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      body: params.body === undefined ? undefined : JSON.stringify(params.body),
    };
    const repeatable = keyed || method === 'GET';
    for (let attempt = 0; ; attempt++) {
      const last = attempt >= retries || !repeatable;
      let answer;
      try {
        const limit = AbortSignal.timeout(timeout);
        answer = await send(url, { ...request, signal: signal ? AbortSignal.any([signal, limit]) : limit });
      } catch (err) {
        if (last || signal?.aborted) throw err;
        await pause(attempt);
        continue;
      }
      if (answer.ok) return flags.includes('r') ? new Uint8Array(await answer.arrayBuffer()) : parse(await answer.text());
      const body = parse(await answer.text());
      if (last || (answer.status !== 429 && answer.status < 500)) throw new FlintError(answer.status, body);
      await pause(attempt, answer.headers.get('retry-after'));
    }
  }

  const client = {};
  for (const [id, operation] of Object.entries(operations)) {
    const [group, nested] = id.split('.');
    const place = nested ? (client[group] ??= {}) : client;
    place[nested ?? group] = (params, settings) => {
      if (operation[2].includes('l')) return listOf((page) => call(operation, { ...params, query: { ...params?.query, ...page } }, settings));
      const answer = call(operation, params, settings);
      return operation[2].includes('r') ? answer : answer.then((body) => body?.data);
    };
  }
  return client;
}

function fill(path, values = {}) {
  return path.replace(/\{(\w+)\}/g, (_, name) => {
    if (!values[name]) throw new TypeError(`path.${name} is missing`);
    return encodeURIComponent(values[name]);
  });
}

/** listOf is a promise of the first page, and iterates over the items of all pages. */
function listOf(read) {
  let first;
  const page = () => (first ??= read({}));
  return {
    then: (...handlers) => page().then(...handlers),
    catch: (handler) => page().catch(handler),
    finally: (handler) => page().finally(handler),
    async *[Symbol.asyncIterator]() {
      for (let now = await page(); ; now = await read({ page_token: now.next_page_token })) {
        yield* now.data;
        if (!now.next_page_token) return;
      }
    },
  };
}

function parse(text) {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return { error: { message: text.slice(0, 500) } };
  }
}

const pause = (attempt, asked) => new Promise((resolve) => setTimeout(resolve, asked ? Number(asked) * 1000 : 250 * 2 ** attempt));

/** verifyWebhook checks a delivery by the Standard Webhooks rules and returns its event. */
export function verifyWebhook(body, headers, secret, now = new Date()) {
  const get = (name) => (typeof headers.get === 'function' ? headers.get(name) : headers[name]) ?? '';
  const id = get('webhook-id'), stamp = get('webhook-timestamp');
  if (!(Math.abs(now.getTime() / 1000 - Number(stamp || NaN)) <= 300)) throw new Error('the webhook is older than five minutes, or has no time');
  const want = createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64')).update(`${id}.${stamp}.${body}`).digest();
  const good = String(get('webhook-signature')).split(' ').some((signature) => {
    const [kind, text] = signature.split(',');
    const got = Buffer.from(text ?? '', 'base64');
    return kind === 'v1' && got.length === want.length && timingSafeEqual(got, want);
  });
  if (!good) throw new Error('the webhook was not signed with this secret');
  return JSON.parse(body);
}

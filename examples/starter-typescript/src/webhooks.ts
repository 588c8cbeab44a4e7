import type { IncomingMessage, ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { handle } from './app.js';
import { forget, Refused, Removed } from './flint.js';
import type { App } from './server.js';
import type { WaitingEvent } from './store.js';

// How long the id of an event is kept. Flint repeats for three days; people resend later.
const remembered = 30 * 24 * 3600 * 1000;

/**
 * receiveWebhook takes an event: it checks the signature, puts the event into the store and answers. Work
 * comes after, because Flint waits ten seconds at most and sends again what was not answered.
 */
export async function receiveWebhook(app: App, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await read(request, 1 << 20);
  if (body === undefined) {
    response.writeHead(413, { Connection: 'close' }).end();
    return;
  }
  if (!signed(app, body, request.headers)) {
    response.writeHead(401).end('the signature is wrong or too old');
    return;
  }
  const event = JSON.parse(body) as WaitingEvent;
  if (!event.webhook_event_id || event.webhook_event_id !== request.headers['webhook-id']) {
    response.writeHead(400).end('not an event');
    return;
  }
  await app.store.update((contents) => {
    if (contents.seen[event.webhook_event_id]) {
      return; // a repetition has no effect
    }
    const now = Date.now();
    contents.seen = Object.fromEntries(Object.entries(contents.seen).filter(([, at]) => now - at < remembered));
    contents.seen[event.webhook_event_id] = now;
    const { webhook_event_id, event_type, data } = event;
    contents.waiting.push({ webhook_event_id, event_type, data, tries: 0, due: now });
  });
  response.writeHead(204).end();
}

async function read(request: IncomingMessage, limit: number): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > limit) {
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** signed reports whether one of the secrets made the signature, not more than five minutes ago. */
function signed(app: App, body: string, headers: IncomingMessage['headers']): boolean {
  return app.config.webhookSecrets.some((secret) => {
    try {
      new Webhook(secret).verify(body, headers as Record<string, string>);
      return true;
    } catch {
      return false;
    }
  });
}

const maxTries = 12; // over about a day
const keepEnded = 50;

/**
 * workOnce handles one event that is due and tells whether there was one. What fails is tried again, unless it was
 * refused for good.
 */
export async function workOnce(app: App): Promise<boolean> {
  const event = app.store.now.waiting.find((event) => event.due <= Date.now());
  if (!event) {
    return false;
  }
  let done = true;
  let why: string | undefined; // it was given up
  try {
    await route(app, event);
  } catch (err) {
    if (err instanceof Removed) {
      done = event.tries === 3; // an event may overtake the installation it belongs to
    } else {
      done = event.tries + 1 === maxTries || (err instanceof Refused && err.forGood);
      why = done ? String(err) : undefined;
    }
    console.warn(`${event.event_type} ${event.webhook_event_id} was ${why ? 'given up' : 'not handled'}, try ${event.tries + 1} of ${maxTries}:`, err);
  }
  await app.store.update((contents) => {
    const n = contents.waiting.findIndex((other) => other.webhook_event_id === event.webhook_event_id);
    if (done) {
      contents.waiting.splice(n, 1);
      if (why) {
        const { webhook_event_id, event_type, data } = event;
        const given = { webhook_event_id, event_type, grant: String(data.environment_grant_id ?? ''), why, at: Date.now() };
        contents.ended = [given, ...contents.ended].slice(0, keepEnded);
      }
      return;
    }
    contents.waiting[n]!.tries++;
    contents.waiting[n]!.due = Date.now() + 1000 * 4 ** Math.min(event.tries, 7); // 1 s to 4.5 hours
  });
  return true;
}

/**
 * route sends an event to what handles it. Events come more than once and in any order, so nothing is
 * concluded from an event but that it is time to look.
 */
async function route(app: App, event: WaitingEvent): Promise<void> {
  const from = event.data as { environment_grant_id?: string; partner_app_install_id?: string; merchant_id?: string };
  switch (event.event_type) {
    case 'partner_app.install.revoked':
      console.log(`removed by ${from.merchant_id}`);
      return forget(app, (installation) => installation.install === from.partner_app_install_id);
    case 'partner_app.install.environment_grant.revoked':
      return forget(app, (installation) => installation.grant === from.environment_grant_id);
    default:
      return handle(app, from.environment_grant_id ?? '', event);
  }
}

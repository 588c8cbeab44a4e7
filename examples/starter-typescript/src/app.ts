import { call, type Money } from './flint.js';
import type { App } from './server.js';
import type { Installation, WaitingEvent } from './store.js';

const appName = 'Starter App';

/** Data is what this app is about: the orders that were paid since it was installed, newest first. */
export interface Data {
  orders: Record<string, Order[]>; // by environment grant
}

interface Order {
  order_id: string;
  payment_status: string;
  pricing_amounts: { total_money: Money };
}

export const emptyData = (): Data => ({ orders: {} });

const keepOrders = 50;

/** handle does what the app does when something happens at a merchant. */
export async function handle(app: App, grant: string, event: WaitingEvent): Promise<void> {
  if (event.event_type !== 'order.paid') {
    console.log(`nothing to do for ${event.event_type}`);
    return;
  }
  // The event tells that something happened; what is true now is asked for.
  const found = await call<Order>(app, grant, 'GET', `/v1/orders/${encodeURIComponent(String(event.data.order_id))}`);
  const { order_id, payment_status } = found;
  const { total_money } = found.pricing_amounts;
  console.log(`order ${order_id} was paid: ${total_money.amount} ${total_money.currency}`);
  await app.store.update(({ data }) => {
    const others = (data.orders[grant] ?? []).filter((order) => order.order_id !== order_id);
    data.orders[grant] = [{ order_id, payment_status, pricing_amounts: { total_money } }, ...others].slice(0, keepOrders);
  });
}

export function homePage(app: App, installation: Installation | undefined): string {
  if (!installation) {
    return layout('<p><a href="/install">Install it at your merchant</a></p>');
  }
  const orders = app.store.now.data.orders[installation.grant] ?? [];
  const rows = orders.map(
    ({ order_id, payment_status, pricing_amounts: { total_money } }) =>
      `<tr><td>${text(order_id)}</td><td>${text(`${total_money.amount} ${total_money.currency}`)}</td><td>${text(payment_status)}</td></tr>`,
  );
  const ended = app.store.now.ended.filter((event) => event.grant === installation.grant);
  const lost = ended.map(({ event_type, webhook_event_id, why }) => `<li>${text(`${event_type} ${webhook_event_id}: ${why}`)}</li>`);
  return layout(
    `<p>Installed at ${text(installation.merchant)} (${text(installation.mode)}).</p>` +
      (rows.length === 0
        ? '<p>No order was paid yet. Try <code>flint trigger order.paid</code>.</p>'
        : `<h2>Paid orders</h2><table><tr><th align="left">Order</th><th align="left">Total, in the smallest unit</th><th align="left">Payment</th></tr>${rows.join('')}</table>`) +
      (lost.length === 0 ? '' : `<h2>Not handled</h2><ul>${lost.join('')}</ul>`),
  );
}

/** problemPage tells the visitor what went wrong. */
export const problemPage = (problem: string) => layout(`<p role="alert">${text(problem)}</p><p><a href="/install">Install it at your merchant</a></p>`);

const layout = (body: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(appName)}</title>
<style>body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 2rem auto; padding: 0 1rem } td { padding-right: 1.5rem }</style>
<h1>${text(appName)}</h1>
${body}
`;

/** text makes a value safe to stand in HTML. */
const text = (value: string) => value.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

/** Amount in the minor unit of its currency. */
export interface Money {
  amount: number;
  currency: string;
}

/** What the merchant's server got when it opened the session. */
export interface Credentials {
  checkout_session_id: string;
  checkout_auth_token: string;
}

export interface Events {
  /** The buyer can see the checkout. */
  ready: { amount_money?: Money };
  /** The amount to pay is another one: a tip, a code, tax. */
  changed: { amount_money: Money };
  /** A payment was sent. */
  submitted: {};
  /** The order is paid, or the money is held. */
  completed: { already_paid?: boolean };
  /** A payment was declined (the buyer can try again), or the checkout cannot be shown. */
  failed: { code: string; reason?: string };
  /** The session expired, or unmount was called before the order was paid. */
  abandoned: { reason: 'expired' | 'unmounted' };
  /** The session ended without a payment: closed, superseded, or its order changed. */
  closed: { reason: string };
  /** No frame can work here; the container shows a button to a page of its own instead. */
  fallback: { reason: 'timeout' | 'cookies' };
}

export type EventName = keyof Events;
export type FlintEvent<N extends EventName> = { type: N; checkout_session_id?: string } & Events[N];

export interface MountOptions {
  /** Element or selector that the checkout is put into. */
  container: Element | string;
  /** Asks the merchant's server; called once. */
  credentials: Credentials | (() => Credentials | Promise<Credentials>);
  /** Address of the installation; that of flint.js when left out. */
  baseUrl?: string;
  /** What happens where a frame cannot work. */
  fallback?: 'hosted' | 'none';
  fallbackLabel?: string;
  /** Accessible name of the frame. */
  title?: string;
  /** Milliseconds until the frame counts as blocked; 10,000 when left out. */
  timeout?: number;
  on?: { [N in EventName]?: (event: FlintEvent<N>) => void };
}

export interface MountedCheckout {
  /** Returns a function that takes the listener away. */
  on<N extends EventName>(name: N, listener: (event: FlintEvent<N>) => void): () => void;
  unmount(): void;
}

export interface Flint {
  mount(options: MountOptions): MountedCheckout;
  readonly version: string;
}

export function loadFlint(baseUrl: string): Promise<Flint>;

declare global {
  interface Window {
    Flint?: Flint;
  }
}

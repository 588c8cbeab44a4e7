import { open, readFile, rename } from 'node:fs/promises';
import { emptyData, type Data } from './app.js';

/** Contents is all the app keeps. */
export interface Contents {
  installations: Record<string, Installation>; // by environment grant
  sessions: Record<string, string>; // hash of a browser's cookie -> environment grant
  seen: Record<string, number>; // ids of webhooks that were taken, and when
  waiting: WaitingEvent[]; // webhooks that were taken and wait to be handled
  ended: EndedEvent[]; // webhooks that could not be handled, newest first
  data: Data; // what this app is about, see app.ts
}

/** Installation is one environment of a merchant that installed the app. A token works there only. */
export interface Installation {
  grant: string;
  install: string;
  merchant: string;
  mode: string;
  accessToken: string;
  refreshToken: string;
  expiresAt: number; // milliseconds, like every time here
}

/** WaitingEvent is a webhook that was taken. */
export interface WaitingEvent {
  webhook_event_id: string;
  event_type: string;
  data: Record<string, unknown>;
  tries: number;
  due: number;
}

/** EndedEvent is a webhook that was given up, for people to look at. */
export interface EndedEvent {
  webhook_event_id: string;
  event_type: string;
  grant: string;
  why: string;
  at: number;
}

/**
 * Store keeps contents in a file that is replaced as a whole, so that a crash leaves the old or the new
 * one. It is meant for one process and some thousand entries; use a database beyond that.
 */
export class Store {
  #now: Contents;
  #last: Promise<unknown> = Promise.resolve(); // updates run one after the other

  private constructor(
    private readonly path: string,
    contents: Contents,
  ) {
    this.#now = contents;
  }

  static async open(path: string): Promise<Store> {
    const raw = await readFile(path, 'utf8').catch((err: NodeJS.ErrnoException) => {
      if (err.code === 'ENOENT') {
        return '{}';
      }
      throw err;
    });
    return new Store(path, { installations: {}, sessions: {}, seen: {}, waiting: [], ended: [], data: emptyData(), ...JSON.parse(raw) });
  }

  /** now is what is kept. It is replaced, never changed, so it may be held on to. */
  get now(): Readonly<Contents> {
    return this.#now;
  }

  /** update changes a copy and resolves when that is on the disk. Nothing changes when it fails. */
  update(change: (contents: Contents) => void): Promise<void> {
    const done = this.#last.then(async () => {
      const next = structuredClone(this.#now);
      change(next);
      const file = await open(`${this.path}.new`, 'w', 0o600);
      try {
        await file.writeFile(JSON.stringify(next, null, 2));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${this.path}.new`, this.path);
      this.#now = next;
    });
    this.#last = done.catch(() => {}); // whoever asked for it is told
    return done;
  }
}

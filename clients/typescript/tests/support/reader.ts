/** A client that writes down everything it is told, and what it is compared with: the log. */
import { io } from 'socket.io-client';
import { expect } from 'vitest';
import { WebSocket } from 'ws';

import { connect } from '../../src/index.js';
import type { Client, ConnectOptions, Event, Gap, Told, TransportName } from '../../src/index.js';

/** What a test waits for at most; a whole file may wait several times. */
const PATIENCE_MS = 60_000;

export interface Reader {
  readonly client: Client;
  readonly told: Told[];
  readonly gaps: Gap[];
  /** The longest time between two events. */
  longestSilence: number;
}

/** A client over these transports, with everything that Node needs. */
export function clientOf(url: string, transports: readonly TransportName[], options: ConnectOptions = {}): Client {
  return connect(url, { transports, io, WebSocket, ...options });
}

/** Follow a channel from its beginning and write everything down. */
export function read(client: Client, channel: string, since: string | undefined = ''): Reader {
  const reader: Reader = { client, told: [], gaps: [], longestSilence: 0 };
  let last: number | undefined;
  client.channel(channel, { since }).on('*', (told) => {
    reader.told.push(told);
    const now = performance.now();
    reader.longestSilence = Math.max(reader.longestSilence, now - (last ?? now));
    last = now;
  });
  client.on('gap', (gap) => reader.gaps.push(gap));
  return reader;
}

/** Resolves when it is so. Asks after each turn of the loop that lets others run: there is nothing to be told by. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const began = performance.now();
  while (!isSo()) {
    if (performance.now() - began > PATIENCE_MS) {
      throw new Error(`waited in vain until ${what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Everything the log holds, asked for without any client of ours. */
export async function logOf(url: string, channel: string): Promise<Event[]> {
  const events: Event[] = [];
  for (let since = '', more = true; more; ) {
    const answer = await fetch(`${url}/api/channels/${encodeURIComponent(channel)}/events?since=${since}`);
    const page = (await answer.json()) as { events: Event[]; position: string; more: boolean };
    events.push(...page.events);
    ({ position: since, more } = page);
  }
  return events;
}

/** What the reader was told is what the log holds: nothing lost, nothing repeated, nothing out of order. */
export async function assertDelivered(reader: Reader, url: string, channel: string): Promise<void> {
  const log = await logOf(url, channel);
  await until(`${log.length} events arrived, of which ${reader.told.length} did`, () => reader.told.length >= log.length);

  const offsets = reader.told.map((event) => ('offset' in event ? event.offset : event.type));
  expect(offsets).toEqual(log.map((event) => event.offset));
  expect(reader.told).toEqual(log);
  expect(reader.gaps).toEqual([]);
}

/** Somebody who publishes without a pause, past every proxy, until told to stop. */
export class Publisher {
  readonly #url: string;
  #stop = false;
  #running: Promise<void>;
  published = 0;

  constructor(url: string, channel: string, perRequest = 4) {
    this.#url = `${url}/api/channels/${encodeURIComponent(channel)}/events`;
    this.#running = this.#run(perRequest);
  }

  /** Resolves when so many more have been published. */
  async more(count: number): Promise<void> {
    const enough = this.published + count;
    await until(`${enough} events were published`, () => this.published >= enough);
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await this.#running;
  }

  async #run(perRequest: number): Promise<void> {
    while (!this.#stop) {
      const events = Array.from({ length: perRequest }, (_, index) => ({
        type: 'step',
        data: { number: this.published + index },
      }));
      await fetch(this.#url, { method: 'POST', body: JSON.stringify(events) });
      this.published += perRequest;
      // Not to keep a core busy: several of these run at a time.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

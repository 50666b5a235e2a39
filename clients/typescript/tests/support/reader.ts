/** A client that writes down everything it is told, and what it is compared with: the log. */
import { io } from 'socket.io-client';
import { expect } from 'vitest';
import { WebSocket } from 'ws';

import { connect } from '../../src/index.js';
import type { Client, ConnectOptions, Event, Gap, Told, TransportName } from '../../src/index.js';
import { until } from './publisher.js';

export { Publisher, until } from './publisher.js';

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

/**
 * What is called where a client runs: it follows a channel and writes everything down, with the time. Each of these
 * functions is sent as text, so it knows nothing but its arguments and the globals.
 */
import type { Client, ConnectOptions, Told } from '../../src/index.js';

/** What one client was told. */
export interface Record {
  readonly client: Client;
  readonly offsets: number[];
  /** When, in milliseconds since 1970: of every event, and of every change of the transport. */
  readonly times: number[];
  readonly transports: [string, number][];
  /** When the connection was asked for that each of those is; after a loss, else 0. */
  readonly asked: number[];
  gaps: number;
}

interface Globals {
  io(url: string, options: object): unknown;
  Headway: { connect(url: string, options: ConnectOptions): Client };
  records?: Record[];
}

/** How a client is. */
export interface Said {
  readonly transport: string;
  readonly status: string;
  readonly count: number;
}

/** Begin so many clients of one channel. */
export function follow(url: string, channel: string, options: ConnectOptions, count = 1): void {
  const here = globalThis as unknown as Globals;
  here.records ??= [];
  for (let number = 0; number < count; number += 1) {
    let asked = 0;
    const note = (): void => {
      asked = record?.client.transport === undefined ? Date.now() : asked;
    };
    const noting: ConnectOptions = {
      fetch: (...request) => {
        note();
        return fetch(...request);
      },
      WebSocket: class extends WebSocket {
        constructor(...values: ConstructorParameters<typeof WebSocket>) {
          note();
          super(...values);
        }
      },
      io: (address: string, how: object) => {
        note();
        return here.io(address, how);
      },
    };
    let record: Record | undefined;
    const client = here.Headway.connect(url, { ...noting, ...options });
    const mine: Record = (record = { client, offsets: [], times: [], transports: [], asked: [], gaps: 0 });
    client.channel(channel, { since: '' }).on('*', (told: Told) => {
      if ('offset' in told) {
        mine.offsets.push(told.offset as number);
        mine.times.push(Date.now());
      } else {
        mine.gaps += 1;
      }
    });
    client.on('transport', (transport) => {
      mine.transports.push([transport ?? '', Date.now()]);
      mine.asked.push(asked);
    });
    here.records.push(mine);
  }
}

/** How it is. */
export function say(): Said[] {
  const { records = [] } = globalThis as unknown as Globals;
  return records.map(({ client, offsets }) => ({
    transport: client.transport ?? '',
    status: client.status,
    count: offsets.length,
  }));
}

/** Resolves when the first client uses this transport and has been told so many events more. */
export function reach(transport: string, more: number): Promise<void> {
  const record = (globalThis as unknown as Globals).records![0]!;
  return new Promise((resolve) => {
    let enough = Infinity;
    const look = (): void => {
      if (record.client.transport !== transport) {
        enough = Infinity;
      } else if (enough === Infinity) {
        enough = record.offsets.length + more;
      } else if (record.offsets.length >= enough) {
        resolve();
        return;
      }
      setTimeout(look, 5);
    };
    look();
  });
}

/** Everything that was written down. */
export function recall(): Omit<Record, 'client'>[] {
  const { records = [] } = globalThis as unknown as Globals;
  return records.map(({ client: _client, ...rest }) => rest);
}

/** Close every client. */
export function leave(): void {
  const here = globalThis as unknown as Globals;
  here.records?.forEach(({ client }) => client.close());
  here.records = [];
}

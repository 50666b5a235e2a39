/**
 * The real client, whose transports are made to fail one after the other, the one that is used each time: does it come
 * to the next, how soon, and is everything told once?
 */
import { Client, HeadwayError, eventsource, polling, socketio, websocket } from 'headway-client';
import type { Connection, Link, Transport } from 'headway-client';

import { pause, seconds } from './line.js';
import { socketIo } from './network.js';
import { LADDER, PATIENCE } from './observed.js';
import type { Check, Fallbacks, Rung } from './observed.js';
import type { Publisher } from './publisher.js';
import type { Tools } from './server.js';

const TRANSPORTS: Readonly<Partial<Record<Check, Transport>>> = { websocket, socketio, eventsource, polling };
const FAILED = 'made to fail, to see what follows';
/** After which the client tries one more beside what hangs. */
const STAGGER = 1.3;
const GLANCE_MS = 20;

/** What a network that fails looks like to the client. */
const ENDED: Parameters<Link['ended']>[0] = {
  name: 'Ended',
  message: FAILED,
  reason: FAILED,
  advice: 'reconnect',
  retry: undefined,
  announced: false,
  error: new HeadwayError('network', FAILED),
};

/** Climb down. `working` are the transports that are known to get through. */
export async function examineFallbacks(tools: Tools, channel: string, publisher: Publisher | undefined, working: readonly Check[]): Promise<Fallbacks> {
  const fragile = new Map(LADDER.flatMap((name) => (TRANSPORTS[name] === undefined ? [] : [[name as string, new Fragile(TRANSPORTS[name])]])));
  const expected = LADDER.filter((name) => working.includes(name));
  const client = new Client(tools.url, [...fragile.values()], { token: tools.token, runtime: { io: socketIo() as never } });
  const marks: number[] = [];
  const [rungs, published]: [Rung[], number[]] = [[], []];
  let reason: string | null = null;
  try {
    // Its end is the channel's: everything since the beginning, each once.
    const reader = client.channel(channel, publisher === undefined ? {} : { since: '' });
    reader.on('*', (told) => {
      const { type, mark } = told as { readonly type: string; readonly mark?: unknown };
      if (type === 'doctor' && typeof mark === 'number') {
        marks.push(mark);
      }
    });
    client.on('error', (error) => (reason = error.message));
    let since = seconds();
    while (rungs.length < fragile.size && !expected.every((name) => fragile.get(name)?.broken)) {
      const stands = (): boolean => client.transport !== undefined && fragile.get(client.transport)?.broken === false;
      if (!(await until(stands, PATIENCE.answer + STAGGER * fragile.size, tools))) {
        reason ??= 'no other transport was come to in time';
        break;
      }
      const name = client.transport ?? '';
      const after = seconds() - since;
      let told: boolean | null = null;
      if (publisher !== undefined) {
        const { mark } = await publisher.publish();
        published.push(mark);
        told = await until(() => marks.includes(mark), PATIENCE.event, tools);
      }
      rungs.push({ transport: name, after, told });
      since = seconds();
      fragile.get(name)?.fail();
    }
  } finally {
    client.close();
  }
  const lost = published.filter((mark) => !marks.includes(mark)).length;
  return { rungs, expected, published: published.length, lost, repeated: marks.length - new Set(marks).size, reason };
}

async function until(holds: () => boolean, within: number, tools: Tools): Promise<boolean> {
  const end = seconds() + within;
  while (!holds()) {
    if (seconds() > end) {
      return false;
    }
    await pause(GLANCE_MS, tools.signal);
  }
  return true;
}

/** A transport that does what it does until it is made to fail. */
class Fragile implements Transport {
  broken = false;
  readonly name: string;
  readonly #transport: Transport;
  #open: { readonly link: Link; readonly connection: Connection }[] = [];

  constructor(transport: Transport) {
    this.name = transport.name;
    this.#transport = transport;
  }

  usable(): boolean {
    return true;
  }

  open(link: Link): Connection {
    if (this.broken) {
      throw new Error(FAILED);
    }
    const connection = this.#transport.open(link);
    this.#open.push({ link, connection });
    return connection;
  }

  /** Fail now, and whenever it is tried again. */
  fail(): void {
    this.broken = true;
    for (const { link, connection } of this.#open.splice(0)) {
      connection.close();
      link.ended(ENDED);
    }
  }
}

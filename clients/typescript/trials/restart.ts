/**
 * A server that is killed under a thousand clients and started again on the same port, over the same log: in which tenths
 * of a second they come back, and whether anything was lost.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { TransportName } from '../src/index.js';
import { inProcess } from '../tests/support/place.js';
import type { Seat } from '../tests/support/place.js';
import { follow, leave, recall, say } from '../tests/support/recorder.js';
import type { Said } from '../tests/support/recorder.js';
import { startServer } from '../tests/support/server.js';
import type { Server } from '../tests/support/server.js';
import { NOTHING, add, judge } from './verdict.js';
import type { Verdict } from './verdict.js';

export const SLOT_MS = 100;
export const MOST_SHARE = 0.1;

/** What the clients of each process may use. */
const LADDERS: readonly (readonly TransportName[])[] = [
  ['websocket', 'eventsource', 'polling'],
  ['eventsource', 'polling'],
  ['polling'],
  ['socketio', 'polling'],
];
/** All come from one address. */
const LIMITS = { address_connections: 20_000, address_rate: 20_000, address_burst: 20_000, connections: 20_000 };
const CHANNEL = 'restart';
const PAUSE_MS = 100;
/** A thousand clients on a machine that has other work. */
const PATIENCE_MS = 120_000;

export interface Restart {
  readonly verdict: Verdict;
  /** When each asked for the connection that brought it back, in milliseconds after the server listened again … */
  readonly asked: readonly number[];
  /** … and when it was answered. A server that is busy answers many at once, whenever they came. */
  readonly back: readonly number[];
  /** For how long there was no server. */
  readonly away: number;
}

/** `away` is how long the server stays away, beside what its start takes. */
export async function restart(clients: number, away: number): Promise<Restart> {
  const data = await mkdtemp(join(tmpdir(), 'headway-restart-'));
  const env = { HEADWAY_LIMITS: JSON.stringify(LIMITS), HEADWAY_LOG_LEVEL: 'error' };
  let server = await startServer({ data, env });
  const seats = await Promise.all(LADDERS.map(() => inProcess()));
  const writer = new Writer(() => server);
  try {
    for (const [at, seat] of seats.entries()) {
      await seat.call(follow, server.url, CHANNEL, { transports: LADDERS[at]! }, Math.ceil(clients / seats.length));
    }
    await all(seats, 'all follow', (said) => said.status === 'live' && said.count > 0);
    // A life that counts as steady.
    await pause(3_000);
    const killed = Date.now();
    await server.kill();
    await pause(away);
    server = await startServer({ port: server.port, data, env });
    const up = Date.now();
    await all(seats, 'all are back', (said) => said.transport !== '' && said.status === 'live');
    await writer.stop();
    await all(seats, 'all were told everything', (said) => said.count >= writer.stored);
    const records = (await Promise.all(seats.map((seat) => seat.call(recall)))).flat();
    const firsts = records.map(({ transports }) => transports.findIndex(([name, at]) => name !== '' && at > killed));
    const back = records.map(({ transports }, at) => transports[firsts[at]!]![1] - up);
    const asked = records.map((record, at) => record.asked[firsts[at]!]! - up);
    const verdict = records.reduce((sum, { offsets, gaps }) => add(sum, judge(offsets, writer.stored, gaps)), NOTHING);
    return { verdict, asked, back, away: up - killed };
  } finally {
    await writer.stop();
    await Promise.all(seats.map((seat) => seat.call(leave).then(() => seat.close())));
    await server.stop();
    await rm(data, { recursive: true, force: true });
  }
}

/** How many there were in each slot that had any, by its beginning. A server listens a little before it says so. */
export function histogram(moments: readonly number[]): Map<number, number> {
  const slots = new Map<number, number>();
  for (const slot of moments.map((ms) => Math.floor(ms / SLOT_MS) * SLOT_MS).sort((one, other) => one - other)) {
    slots.set(slot, (slots.get(slot) ?? 0) + 1);
  }
  return slots;
}

/** Publishes through the restart, each event until it is stored, and none twice. */
class Writer {
  stored = 0;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(server: () => Server) {
    this.#running = this.#run(server);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#running;
  }

  async #run(server: () => Server): Promise<void> {
    while (!this.#stopped) {
      const url = `${server().url}/api/channels/${CHANNEL}/events`;
      const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': `event-${this.stored}` };
      const body = JSON.stringify({ type: 'step', data: { number: this.stored } });
      const answer = await fetch(url, { method: 'POST', headers, body }).catch(() => undefined);
      await answer?.arrayBuffer().catch(() => undefined);
      this.stored += answer?.ok === true ? 1 : 0;
      await pause(PAUSE_MS);
    }
  }
}

async function all(seats: readonly Seat[], what: string, isSo: (said: Said) => boolean): Promise<void> {
  const patience = Date.now() + PATIENCE_MS;
  for (;;) {
    const said = (await Promise.all(seats.map((seat) => seat.call(say)))).flat();
    const missing = said.filter((one) => !isSo(one)).length;
    if (missing === 0) {
      return;
    }
    if (Date.now() > patience) {
      const those = JSON.stringify(said.filter((one) => !isSo(one)).slice(0, 3));
      throw new Error(`waited in vain until ${what}: ${missing} of ${said.length} do not, such as ${those}`);
    }
    await pause(200);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Switching over every ordered pair of transports while events are published: the transcript is the log. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { TransportName } from '../../src/index.js';
import { FaultProxy } from '../support/proxy.js';
import type { Fault } from '../support/proxy.js';
import { Publisher, assertDelivered, clientOf, read, until } from '../support/reader.js';
import type { Reader } from '../support/reader.js';
import { startServer } from '../support/server.js';
import type { Server } from '../support/server.js';

const TRANSPORTS = ['socketio', 'websocket', 'eventsource', 'polling'] as const;
/** What makes each transport unusable, in more ways than one. */
const FAULTS: Readonly<Record<TransportName, readonly Fault[]>> = {
  socketio: ['refuse', 'stall', 'half-open'],
  websocket: ['refuse', 'half-open', 'stall', 'reset-after-101', 'refuse-upgrade'],
  eventsource: ['refuse', 'stall', 'buffer', 'half-open'],
  polling: ['refuse', 'stall', 'half-open', 'hang'],
};
/** Faults that open connections do not notice: those are cut as well. */
const UNNOTICED = new Set<Fault>(['reset-after-101', 'refuse-upgrade', 'buffer', 'hang']);
/** Times of a whole network, made small: what is measured in tens of seconds is here measured in hundreds of ms. */
const SMALL = { heartbeatTimeout: 4_000, promoteDelay: 200, maxPromoteDelay: 400, reconnectDelay: 100 };

let server: Server;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server.stop());

async function assertUsed(reader: Reader, transport: TransportName): Promise<void> {
  await until(`${transport} is used, not ${reader.client.transport}`, () => reader.client.transport === transport);
}

describe.concurrent.each(TRANSPORTS.flatMap((from) => TRANSPORTS.filter((to) => to !== from).map((to) => [from, to] as const)))(
  'from %s to %s',
  (from, to) => {
    test.each(FAULTS[from])('after %s, and back when it is healed', async (fault) => {
      const proxy = await FaultProxy.start(server.port);
      const channel = `${from}-${to}-${fault}`;
      const publisher = new Publisher(server.url, channel);
      const reader = read(clientOf(proxy.url, [from, to], SMALL), channel);
      await assertUsed(reader, from);
      await publisher.more(40);

      proxy.set(from, fault);
      if (UNNOTICED.has(fault)) {
        proxy.cut(from);
      }
      await assertUsed(reader, to);
      await publisher.more(40);
      proxy.heal();
      await assertUsed(reader, from);
      await publisher.more(40);
      await publisher.stop();

      await assertDelivered(reader, server.url, channel);
      reader.client.close();
      if (fault === 'half-open') {
        // Nobody is left to answer the goodbye.
        proxy.cut(from);
      }
      await until('nothing is left open', () => proxy.open(from) + proxy.open(to) === 0);
      expect(reader.client.status).toBe('offline');
      await proxy.stop();
    });
  },
);

/** Several tabs, one connection to the server. */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { tabs } from '../../src/tabs.js';
import type { Broadcast, Locks } from '../../src/tabs.js';
import type { Client } from '../../src/index.js';
import { FaultProxy } from '../support/proxy.js';
import { Publisher, assertDelivered, clientOf, read, until } from '../support/reader.js';
import { startServer } from '../support/server.js';
import type { Server } from '../support/server.js';

const SMALL = { heartbeatTimeout: 8_000, promoteDelay: 200, maxPromoteDelay: 400, reconnectDelay: 100 };

let server: Server;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server.stop());

/** Web Locks, which Node 20 does not have: one holder at a time, the others in line. */
class FakeLocks implements Locks {
  readonly #lines = new Map<string, Promise<void>>();

  async request(name: string, { signal }: { signal?: AbortSignal }, held: () => Promise<void>): Promise<void> {
    const before = this.#lines.get(name) ?? Promise.resolve();
    const mine = before.then(() => (signal?.aborted === true ? undefined : held()));
    this.#lines.set(name, mine.catch(() => undefined));
    await mine;
  }
}

/** Tabs of one browser: each has a client, and only one of them a connection. */
function browser(url: string, name: string) {
  const locks = new FakeLocks();
  const leaders: Client[] = [];
  const open = (channel: string): Broadcast => new BroadcastChannel(`${name}:${channel}`) as unknown as Broadcast;
  const tab = (): Client => {
    const shared = tabs(
      () => {
        const leader = clientOf(url, ['websocket'], SMALL);
        leaders.push(leader);
        return leader;
      },
      { locks, open },
    );
    return clientOf(url, [shared as never, 'polling'], SMALL);
  };
  return { tab, leaders };
}

test('all tabs are told everything over the connection of one', async () => {
  const proxy = await FaultProxy.start(server.port);
  const { tab, leaders } = browser(proxy.url, 'one');
  const publisher = new Publisher(server.url, 'shared');
  const readers = [tab(), tab(), tab()].map((client) => read(client, 'shared'));
  await until('all are there', () => readers.every((reader) => reader.client.transport === 'tabs'));
  await publisher.more(100);
  expect(proxy.open('websocket')).toBe(1);
  expect(leaders).toHaveLength(1);
  await publisher.stop();

  for (const reader of readers) {
    await assertDelivered(reader, server.url, 'shared');
    reader.client.close();
  }
  await until('the connection is closed', () => proxy.open('websocket') === 0);
  await proxy.stop();
});

test('when the tab that leads is closed another one leads, and nobody loses anything', async () => {
  const proxy = await FaultProxy.start(server.port);
  const { tab, leaders } = browser(proxy.url, 'closed');
  const publisher = new Publisher(server.url, 'led');
  const readers = [tab(), tab(), tab()].map((client) => read(client, 'led'));
  await until('all are there', () => readers.every((reader) => reader.client.transport === 'tabs'));
  await publisher.more(40);
  readers[0]!.client.close();
  await until('another one leads', () => leaders.length >= 2);
  await until('all are back', () => readers.slice(1).every((reader) => reader.client.transport === 'tabs'));
  await publisher.more(40);
  await publisher.stop();

  for (const reader of readers.slice(1)) {
    await assertDelivered(reader, server.url, 'led');
    reader.client.close();
  }
  await proxy.stop();
});

test('a tab publishes through the one that leads, and is told what the server does not want', async () => {
  const { tab } = browser(server.url, 'publishes');
  const clients = [tab(), tab()];
  await until('both are there', () => clients.every((client) => client.transport === 'tabs'));

  await expect(clients[1]!.publish('p', 'step', { number: 1 })).resolves.toMatchObject({ offset: 1 });
  await expect(clients[1]!.publish('p', 'gap')).rejects.toMatchObject({ code: 'reserved_type' });
  clients.forEach((client) => client.close());
});

/** Networks that misbehave, and servers that go away: the transcript is the log, or the reader is told what it lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { TransportName } from '../../src/index.js';
import { FaultProxy } from '../support/proxy.js';
import type { Fault, Kind } from '../support/proxy.js';
import { Publisher, assertDelivered, clientOf, logOf, read, until } from '../support/reader.js';
import { startServer } from '../support/server.js';
import type { Server } from '../support/server.js';

const ALL = ['socketio', 'websocket', 'eventsource', 'polling'] as const;
const SMALL = { heartbeatTimeout: 4_000, promoteDelay: 200, maxPromoteDelay: 400, reconnectDelay: 100 };
/** Events in a random walk. The whole run is HEADWAY_EVENTS=100000. */
const EVENTS = Number(process.env['HEADWAY_EVENTS'] ?? 3_000);
const SEED = Number(process.env['HEADWAY_SEED'] ?? 20_260_131);

let server: Server;

beforeAll(async () => {
  server = await startServer();
});

afterAll(() => server.stop());

/** Numbers from 0 to 1, the same in every run (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

test.each([1, 2, 3])('a random walk over transports and faults loses and repeats nothing (%i)', { timeout: 600_000 }, async (walk) => {
  const random = generator(SEED + walk);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const faults: readonly (Fault | 'cut')[] = [
    'cut',
    'cut',
    'refuse',
    'stall',
    'half-open',
    'slow',
    'duplicate',
    'opens-then-dies',
    'buffer',
    'refuse-upgrade',
  ];
  const proxy = await FaultProxy.start(server.port);
  const channel = `walk-${walk}`;
  const publisher = new Publisher(server.url, channel, 8);
  const reader = read(clientOf(proxy.url, ALL, SMALL), channel);
  const used = new Set<string | undefined>();
  reader.client.on('transport', (transport) => used.add(transport));
  while (publisher.published < EVENTS) {
    const kind: Kind = pick(ALL);
    const fault = pick(faults);
    if (fault === 'cut') {
      proxy.cut(kind);
    } else {
      proxy.set(kind, fault);
    }
    await publisher.more(Math.floor(random() * 200));
    if (random() < 0.4) {
      proxy.heal();
    }
  }
  proxy.heal();
  await publisher.stop();

  await assertDelivered(reader, server.url, channel);
  reader.client.close();
  await proxy.stop();
  expect(used.size).toBeGreaterThan(1);
});

describe.concurrent('networks that let a connection open', () => {
  test('and kill it: a lower transport is used, and the best again when it heals', async () => {
    const proxy = await FaultProxy.start(server.port);
    proxy.set('websocket', 'opens-then-dies');
    const client = clientOf(proxy.url, ['websocket', 'eventsource', 'polling'], { promoteDelay: 1_000 });
    const reader = read(client, 'dies');
    const publisher = new Publisher(server.url, 'dies');
    await until('a lower transport is used', () => client.transport === 'eventsource');

    proxy.heal();
    await until('the best one is used', () => client.transport === 'websocket');
    await publisher.stop();

    await assertDelivered(reader, server.url, 'dies');
    client.close();
    await proxy.stop();
  });

  test.each(['hang', 'stall'] as const)('and never answer (%s): polling is reached', async (fault) => {
    const proxy = await FaultProxy.start(server.port);
    (['socketio', 'websocket', 'eventsource'] as const).forEach((kind) => proxy.set(kind, fault));
    const client = clientOf(proxy.url, ALL);
    client.channel('unanswered');
    await until('polling is used', () => client.transport === 'polling');

    expect(client.status).toBe('live');
    client.close();
    await proxy.stop();
  });
});

describe.concurrent('requests that get lost', () => {
  test('an answer to a poll that is dropped after it was written is asked for again', async () => {
    const proxy = await FaultProxy.start(server.port);
    const publisher = new Publisher(server.url, 'dropped');
    const reader = read(clientOf(proxy.url, ['polling'], SMALL), 'dropped');
    for (let round = 0; round < 5; round += 1) {
      await publisher.more(40);
      proxy.set('polling', 'drop-answer');
      await publisher.more(40);
      proxy.heal();
    }
    await publisher.stop();

    await assertDelivered(reader, server.url, 'dropped');
    reader.client.close();
    await proxy.stop();
  });

  test('an answer to a poll of Socket.IO that a proxy lost and asked for again is noticed, and read from the log', async () => {
    const proxy = await FaultProxy.start(server.port);
    const publisher = new Publisher(server.url, 'doubled');
    const polls = (url: string, options: object) => io(url, { ...options, transports: ['polling'] });
    const reader = read(clientOf(proxy.url, ['socketio'], { ...SMALL, io: polls }), 'doubled');
    for (let round = 0; round < 5; round += 1) {
      await publisher.more(40);
      proxy.set('socketio', 'duplicate');
      await publisher.more(40);
      proxy.heal();
    }
    await publisher.stop();

    await assertDelivered(reader, server.url, 'doubled');
    reader.client.close();
    await proxy.stop();
  });

  test.each(ALL)('what is published over %s while answers are dropped and requests doubled is stored once, in order', async (name) => {
    const proxy = await FaultProxy.start(server.port);
    const channel = `published-${name}`;
    const client = clientOf(proxy.url, [name], { ...SMALL, maxQueueSize: 200 });
    const reader = read(client, channel);
    const done: Promise<unknown>[] = [];
    for (let number = 0; number < 60; number += 1) {
      done.push(client.publish(channel, 'step', { number }));
      if (number % 20 === 5) {
        proxy.cut(name);
        proxy.set('other', 'drop-answer');
        await until('some were sent', () => client.queued < 20 || client.status !== 'live');
        proxy.set('other', 'duplicate');
        proxy.cut('other');
      }
    }
    proxy.heal();
    await Promise.all(done);

    const numbers = (await logOf(server.url, channel)).map((event) => event['number']);
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, number) => number));
    await assertDelivered(reader, server.url, channel);
    client.close();
    await proxy.stop();
  });
});

test.concurrent.each(ALL)('several channels share one connection of %s, and each goes on from its own position', async (name) => {
  const proxy = await FaultProxy.start(server.port);
  const client = clientOf(proxy.url, [name], SMALL);
  const channels = [1, 2, 3].map((number) => `several-${name}-${number}`);
  const first = read(client, channels[0]!);
  const publishers = channels.map((channel) => new Publisher(server.url, channel));
  await until('the first is told something', () => first.told.length > 0);
  const readers = [first, ...channels.slice(1).map((channel) => read(client, channel))];
  for (let cut = 0; cut < 4; cut += 1) {
    await Promise.all(publishers.map((publisher) => publisher.more(40)));
    proxy.cut(name);
  }
  await Promise.all(publishers.map((publisher) => publisher.stop()));

  for (const [index, reader] of readers.entries()) {
    await assertDelivered({ ...reader, told: reader.told }, server.url, channels[index]!);
  }
  client.close();
  await proxy.stop();
});

describe.concurrent('a server that goes away', () => {
  test.each(ALL)('and comes back with its log: %s loses nothing', async (name) => {
    const data = await mkdtemp(join(tmpdir(), 'headway-'));
    let mine = await startServer({ data });
    const client = clientOf(mine.url, [name], SMALL);
    const reader = read(client, 'c');
    const recovered: string[] = [];
    client.on('recovered', ({ channel }) => recovered.push(channel));
    for (const end of ['stop', 'kill'] as const) {
      const publisher = new Publisher(mine.url, 'c');
      await publisher.more(40);
      await publisher.stop();
      await mine[end]();
      await until('the loss is noticed', () => client.status !== 'live' && client.status !== 'catching-up');
      mine = await startServer({ port: mine.port, data });
      await until('the client is back', () => client.transport === name);
    }
    await client.publish('c', 'last');

    await assertDelivered(reader, mine.url, 'c');
    expect(recovered).toEqual(['c', 'c']);
    client.close();
    await mine.stop();
    await rm(data, { recursive: true });
  });

  test.each(ALL)('and comes back without its log: %s is told so, and goes on', async (name) => {
    let mine = await startServer();
    const client = clientOf(mine.url, [name], SMALL);
    const reader = read(client, 'c');
    await client.publish('c', 'before');
    await until('it is told', () => reader.told.length === 1);
    await mine.kill();
    await until('the loss is noticed', () => client.status === 'connecting');
    mine = await startServer({ port: mine.port });

    await client.publish('c', 'after');
    await until('it is told', () => reader.told.length === 3);

    expect(reader.told.map((told) => told.type)).toEqual(['before', 'gap', 'after']);
    expect(reader.gaps[0]).toMatchObject({ reason: 'epoch', lost: null });
    client.close();
    await mine.stop();
  });
});

test('as many windows of one user as there may be change their transports, and none puts another one out', async () => {
  const secret = 'a secret of more than thirty-two characters';
  const mine = await startServer({ env: { HEADWAY_SECRET: secret } });
  const token = await signed(secret);
  const proxy = await FaultProxy.start(mine.port);
  const errors: string[] = [];
  const windows = Array.from({ length: 10 }, () => clientOf(proxy.url, ALL.slice(0, 3), { ...SMALL, token }));
  const readers = windows.map((client) => read(client, 'c'));
  windows.forEach((client) => client.on('error', (error) => errors.push(error.message)));
  const allUse = (transport: string): Promise<void> =>
    until(`all use ${transport}`, () => windows.every((client) => client.transport === transport));
  await allUse('socketio');
  for (const [bad, next] of [['socketio', 'websocket'], ['websocket', 'eventsource']] as const) {
    proxy.set(bad, 'refuse');
    await allUse(next);
    await windows[0]!.publish('c', 'step');
  }
  proxy.heal();
  await allUse('socketio');
  await windows[0]!.publish('c', 'step');
  await until('all were told', () => readers.every((reader) => reader.told.length === 3));

  expect(errors).toEqual([]);
  expect(windows.map((client) => client.status)).toEqual(windows.map(() => 'live'));
  windows.forEach((client) => client.close());
  await proxy.stop();
  await mine.stop();
});

test.concurrent.each(ALL)('a token that the server does not take is replaced (%s)', async (name) => {
  const secret = 'a secret of more than thirty-two characters';
  const mine = await startServer({ env: { HEADWAY_SECRET: secret } });
  const asked: string[] = [];
  const tokens = ['wrong', await signed(secret)];
  const client = clientOf(mine.url, [name as TransportName], {
    ...SMALL,
    getToken: () => {
      asked.push(tokens[0]!);
      return tokens.length > 1 ? tokens.shift()! : tokens[0]!;
    },
  });
  const reader = read(client, 'c');
  await client.publish('c', 'step');
  await until('it is told', () => reader.told.length === 1);

  expect(asked.length).toBeGreaterThanOrEqual(2);
  client.close();
  await mine.stop();
});

/** A token for everything, for an hour (HS256). */
async function signed(secret: string): Promise<string> {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({
    sub: 'ann',
    exp: Math.floor(Date.now() / 1000) + 3_600,
    channels: ['*'],
    publish: ['*'],
    role: 'admin',
  })}`;
  const key = await crypto.subtle.importKey('raw', Buffer.from(secret), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', key, Buffer.from(body));
  return `${body}.${Buffer.from(signature).toString('base64url')}`;
}

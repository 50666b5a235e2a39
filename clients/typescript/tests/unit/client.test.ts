import { expect, test } from 'vitest';

import { Client } from '../../src/client.js';
import type { Told } from '../../src/following.js';
import { HeadwayError } from '../../src/endings.js';
import { connect } from '../../src/index.js';
import type { Event, Subscribed } from '../../src/messages.js';
import { FakeRuntime, FakeTransport, settle } from '../support/runtime.js';

const event = (offset: number, key?: string): Event => ({
  type: 'step',
  channel: 'c',
  offset,
  position: `e.${offset}`,
  timestamp: '2026-01-31T09:30:00.000Z',
  ...(key === undefined ? {} : { key }),
});
const subscribed = (position: string, recovered: boolean, snapshot?: Event[]): Subscribed => ({
  type: 'subscribed',
  channel: 'c',
  position,
  recovered,
  ...(snapshot === undefined ? {} : { snapshot }),
});

async function begin(names = ['only']) {
  const runtime = new FakeRuntime();
  const transports = names.map((name) => new FakeTransport(name));
  const client = new Client('http://127.0.0.1', transports, { runtime });
  const told: Told[] = [];
  const channel = client.channel('c');
  channel.on('*', (each) => told.push(each));
  await runtime.pass(0);
  return { runtime, transports, client, channel, told, link: () => transports[0]!.last.link };
}

test('what is followed in the same breath is asked for with the first connection', async () => {
  const { link } = await begin();

  expect([...link().follows()]).toEqual([['c', { since: undefined, batch: undefined }]]);
});

test('a second reader is told the state, and its end does not end the first', async () => {
  const { link, client, told } = await begin();
  link().told('c', subscribed('e.3', false, [event(3, 'k')]));
  link().answered();
  const late: Told[] = [];
  const second = client.channel('c');
  second.on('*', (each) => late.push(each));
  await settle();
  second.close();
  link().told('c', event(4));

  expect(late).toEqual([event(3, 'k')]);
  expect(told).toEqual([event(3, 'k'), event(4)]);
});

test('a second reader cannot begin elsewhere', async () => {
  const { client } = await begin();

  expect(() => client.channel('c', { since: '' })).toThrow(HeadwayError);
});

test('a connection that begins beyond where the reader stands begins anew from there', async () => {
  const { runtime, transports, told } = await begin(['high', 'low']);
  await runtime.pass(1_500);
  const [high, low] = transports.map((transport) => transport.last);
  low!.link.told('c', subscribed('e.5', false, []));
  low!.link.answered();
  // It was slow, and the log went on meanwhile.
  high!.link.told('c', subscribed('e.8', false, []));
  high!.link.told('c', event(9));
  low!.link.told('c', event(6));
  expect(high!.followed).toEqual([['c', { since: 'e.5', batch: undefined }]]);

  high!.link.told('c', subscribed('e.5', true));
  [6, 7, 8, 9].forEach((offset) => high!.link.told('c', event(offset)));

  expect(told).toEqual([6, 7, 8, 9].map((offset) => event(offset)));
});

test('a loop is told everything until the channel is closed', async () => {
  const { link, channel } = await begin();
  const seen: Told[] = [];
  const loop = (async () => {
    for await (const each of channel) {
      seen.push(each);
    }
  })();
  link().told('c', subscribed('e.0', false, []));
  [1, 2, 3].forEach((offset) => link().told('c', event(offset)));
  await settle();
  channel.close();
  await loop;

  expect(seen).toEqual([1, 2, 3].map((offset) => event(offset)));
});

test('a listener that throws silences nobody else', async () => {
  const { link, channel, told } = await begin();
  const thrown: unknown[] = [];
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.once('uncaughtException', (error) => thrown.push(error));
  channel.on('step', () => {
    throw new Error('mine');
  });
  link().told('c', subscribed('e.0', false, []));
  link().told('c', event(1));
  await new Promise((resolve) => setImmediate(resolve));
  before.forEach((listener) => process.on('uncaughtException', listener));

  expect(told).toEqual([event(1)]);
  expect(thrown).toMatchObject([{ message: 'mine' }]);
});

test('a channel that is refused says why, and the others go on', async () => {
  const { link, client, channel } = await begin();
  const errors: string[] = [];
  client.on('error', (error) => errors.push(error.code));
  link().refused('c', new HeadwayError('forbidden', 'not for you'));
  link().answered();

  expect(channel.status).toBe('offline');
  expect(channel.error?.code).toBe('forbidden');
  expect(errors).toEqual(['forbidden']);
  expect(client.status).toBe('live');
});

test('what the server cannot give now is asked for again', async () => {
  const { link, runtime, transports } = await begin();
  link().answered();
  link().refused('c', new HeadwayError('storage_unavailable', 'later'));
  await runtime.pass(2_000);

  expect(transports[0]!.last.followed).toEqual([['c', { since: undefined, batch: undefined }]]);
});

test('a channel that is asked for in vain ends the connection', async () => {
  const { link, client, runtime, transports } = await begin();
  link().answered();
  client.channel('d');
  transports[0]!.last.link.expect('d');
  const first = transports[0]!.last;
  await runtime.pass(10_000);

  expect(first.closed).toBe(true);
});

test.each([['nowhere at all'], ['ftp://127.0.0.1']])('%s is no address, and the error says what one looks like', (url) => {
  expect(() => connect(url)).toThrow(/looks like http/);
});

test('a transport that does not exist is named', () => {
  expect(() => connect('http://127.0.0.1', { transports: ['pigeon' as never] })).toThrow(/pigeon/);
});

test('a client that is not to start does nothing until it is started', async () => {
  const runtime = new FakeRuntime();
  const only = new FakeTransport('only');
  const client = new Client('http://127.0.0.1', [only], { runtime, start: false });
  client.channel('c');
  await runtime.pass(60_000);
  expect([only.opened.length, runtime.waiting]).toEqual([0, 0]);

  client.start();
  await settle();

  expect([...only.last.link.follows().keys()]).toEqual(['c']);
});

test('a client that was stopped holds nothing, and goes on from where its readers stood when it is started', async () => {
  const { runtime, transports, client, link, told } = await begin();
  link().told('c', subscribed('e.3', false, []));
  link().answered();
  link().told('c', event(4));

  client.stop();
  await settle();
  expect([transports[0]!.live.length, runtime.waiting, client.status]).toEqual([0, 0, 'offline']);

  client.start();
  await settle();
  expect([...link().follows()]).toEqual([['c', { since: 'e.4', batch: undefined }]]);
  link().told('c', subscribed('e.4', true));
  link().answered();
  link().told('c', event(5));
  expect(told).toEqual([event(4), event(5)]);
  expect(client.status).toBe('live');
});

test('stopped and started in the same breath, it connects once; closed, it starts no more', async () => {
  const { runtime, transports, client } = await begin();
  client.stop();
  client.start();
  client.stop();
  client.start();
  await settle();
  expect(transports[0]!.live.length).toBe(1);

  client.close();
  client.start();
  await runtime.pass(1_000);

  expect([transports[0]!.live.length, runtime.waiting]).toEqual([0, 0]);
});

import { describe, expect, test } from 'vitest';

import { Client } from '../../src/client.js';
import type { ClientOptions } from '../../src/client.js';
import { Ended, closed, refused } from '../../src/endings.js';
import { TRANSITIONS } from '../../src/ladder.js';
import { FakeRuntime, FakeTransport } from '../support/runtime.js';
import type { FakeConnection } from '../support/runtime.js';

const answers = (connection: FakeConnection): void => connection.link.answered();
const fails = (connection: FakeConnection): void => connection.link.ended(new Ended('no way through'));
const hangs = (): void => undefined;

/** A client over two transports that do as they are told. */
async function begin(
  options: ClientOptions = {},
  scripts: { high?: (connection: FakeConnection) => void; low?: (connection: FakeConnection) => void } = {},
) {
  const runtime = new FakeRuntime();
  const high = new FakeTransport('high');
  const low = new FakeTransport('low');
  high.script = scripts.high ?? answers;
  low.script = scripts.low ?? answers;
  const client = new Client('http://127.0.0.1', [high, low], { runtime, ...options });
  await runtime.pass(0);
  return { runtime, high, low, client };
}

test('the best transport that is answered is used', async () => {
  const { client, low } = await begin();

  expect(client.transport).toBe('high');
  expect(client.status).toBe('live');
  expect(low.opened).toEqual([]);
});

test('a transport that fails makes way for the next at once', async () => {
  const { client } = await begin({}, { high: fails });

  expect(client.transport).toBe('low');
});

test('a transport that hangs is joined by the next, and takes over if it is answered later', async () => {
  const { client, runtime, high, low } = await begin({}, { high: hangs });
  await runtime.pass(1_299);
  expect(low.opened).toEqual([]);

  await runtime.pass(1);
  expect(client.transport).toBe('low');
  high.last.link.answered();

  expect(client.transport).toBe('high');
  expect(low.last.closed).toBe(true);
});

test('a network where sockets open and die ends on the lower transport within five seconds', async () => {
  const { client, runtime, high } = await begin({}, { high: hangs });
  high.script = (connection) => {
    connection.link.answered();
    runtime.setTimeout(() => connection.link.ended(new Ended('reset')), 300);
  };
  high.last.link.answered();
  high.last.link.ended(new Ended('reset'));
  await runtime.pass(5_000);

  expect(client.transport).toBe('low');
});

test('where three transports open and never answer the fourth is used within five seconds', async () => {
  const runtime = new FakeRuntime();
  const transports = ['first', 'second', 'third', 'fourth'].map((name) => new FakeTransport(name));
  transports[3]!.script = answers;
  const client = new Client('http://127.0.0.1', transports, { runtime });
  await runtime.pass(5_000);

  expect(client.transport).toBe('fourth');
});

test('where three transports open and die the fourth is used within five seconds, for good', async () => {
  const runtime = new FakeRuntime();
  const transports = ['first', 'second', 'third', 'fourth'].map((name) => new FakeTransport(name));
  transports.forEach((transport) => (transport.script = answers));
  transports.slice(0, 3).forEach((transport) => {
    transport.script = (connection) => {
      connection.link.answered();
      runtime.setTimeout(() => connection.link.ended(new Ended('reset')), 300);
    };
  });
  const client = new Client('http://127.0.0.1', transports, { runtime });
  await runtime.pass(5_000);
  expect(client.transport).toBe('fourth');
  const changes: unknown[] = [];
  client.on('transport', (transport) => changes.push(transport));
  for (let second = 0; second < 600; second += 1) {
    transports[3]!.last.link.heard();
    await runtime.pass(1_000);
  }

  expect(changes).toEqual([]);
});

test('where everything opens and dies the waits grow', async () => {
  const runtime = new FakeRuntime();
  const transports = ['first', 'second'].map((name) => new FakeTransport(name));
  transports.forEach((transport) => {
    transport.script = (connection) => {
      connection.link.answered();
      runtime.setTimeout(() => connection.link.ended(new Ended('reset')), 300);
    };
  });
  const client = new Client('http://127.0.0.1', transports, { runtime });
  await runtime.pass(600_000);
  client.close();

  // At most 20 s, and 10 on average: nearer to 60 than to the 1,500 of one every 400 ms.
  expect(transports[0]!.opened.length + transports[1]!.opened.length).toBeLessThan(150);
});

test('a network that was bad for long is noticed to be good within a minute', async () => {
  const { client, runtime, high, low } = await begin({}, { high: fails });
  for (let second = 0; second < 1_200; second += 1) {
    low.last.link.heard();
    await runtime.pass(1_000);
  }
  expect(client.transport).toBe('low');

  high.script = answers;
  for (let second = 0; second < 60; second += 1) {
    low.last.link.heard();
    await runtime.pass(1_000);
  }

  expect(client.transport).toBe('high');
});

test('a network that kills what opens: the client comes back to the best within a minute of healing, after it was watched', async () => {
  const { client, runtime, high, low } = await begin({}, { high: hangs });
  high.script = (connection) => {
    connection.link.answered();
    runtime.setTimeout(() => connection.link.ended(new Ended('reset')), 300);
  };
  high.last.link.answered();
  await runtime.pass(300);
  high.last.link.ended(new Ended('reset'));
  await runtime.pass(8_000);
  expect(client.transport).toBe('low');
  const transports: unknown[] = [];
  client.on('transport', (transport) => transports.push(transport));

  high.script = answers;
  await runtime.pass(60_000);

  expect(transports).toEqual(['high']);
  expect(low.last.closed).toBe(true);
});

test('the old connection is closed only when the new one has been answered', async () => {
  const { client, runtime, high, low } = await begin({}, { high: fails });
  high.script = hangs;
  await runtime.pass(3_000);
  expect(high.live).toHaveLength(1);
  expect(client.transport).toBe('low');
  expect(low.live).toHaveLength(1);

  high.last.link.answered();

  expect(client.transport).toBe('high');
  expect(low.live).toHaveLength(0);
});

test('a restart demotes nobody: what the server announced is no fault of a transport', async () => {
  const { client, runtime, high } = await begin();
  for (let restart = 0; restart < 5; restart += 1) {
    high.last.link.ended(closed(1012, '', 100));
    await runtime.pass(5_000);
  }

  expect(client.transport).toBe('high');
});

test('while nothing works nobody is demoted', async () => {
  const { client, runtime, high, low } = await begin({}, { high: fails, low: fails });
  await runtime.pass(120_000);
  high.script = answers;
  low.script = answers;
  await runtime.pass(20_000);

  expect(client.transport).toBe('high');
});

test('the client comes back no sooner than the server asked for', async () => {
  const { runtime, high, client } = await begin();
  high.last.link.ended(closed(1012, '', 8_000));
  await runtime.pass(7_999);
  expect(client.status).toBe('connecting');
  expect(high.opened).toHaveLength(1);

  await runtime.pass(2_001);

  expect(client.transport).toBe('high');
});

test('after a loss the client is back in a fifth of a second', async () => {
  const { runtime, high, client } = await begin();
  await runtime.pass(15_000);
  high.last.link.heard();
  high.last.link.ended(new Ended('reset'));

  await runtime.pass(200);

  expect(client.transport).toBe('high');
});

describe('a server that restarts', () => {
  test.each([300, 1_000, 2_000])('after %i ms is not run down: no tenth of a second sees more than a tenth of its clients', async (away) => {
    const slots = new Map<number, number>();
    const most = 200;
    for (let number = 0; number < most; number += 1) {
      const { runtime, high, low } = await begin();
      let state = (number + 1) * 7_919_317;
      // A generator of its own for each client: the same numbers in every run.
      runtime.chance = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
      await runtime.pass(15_000);
      high.script = low.script = fails;
      const killed = runtime.now();
      high.last.link.ended(new Ended('reset'));
      await runtime.pass(away);
      high.script = (connection) => {
        const slot = Math.floor((runtime.now() - killed) / 100);
        slots.set(slot, (slots.get(slot) ?? 0) + 1);
        connection.link.answered();
      };
      await runtime.pass(30_000);
    }

    expect([...slots.values()].reduce((sum, count) => sum + count)).toBe(most);
    expect(Math.max(...slots.values())).toBeLessThanOrEqual(most / 10);
  });
});

test('a peer that is gone without a word is asked, and given up after the silence', async () => {
  const { runtime, high } = await begin({ heartbeatTimeout: 20_000 });
  const first = high.last;
  first.mute = true;
  high.script = hangs;
  await runtime.pass(15_000);
  expect(first.pings).toBeGreaterThan(0);
  expect(first.closed).toBe(false);

  await runtime.pass(5_000);

  expect(first.closed).toBe(true);
});

test('the silence is over at its moment, whenever it began', async () => {
  const { runtime, high } = await begin({ heartbeatTimeout: 20_000 });
  const first = high.last;
  first.mute = true;
  await runtime.pass(3_300);
  first.link.heard();
  await runtime.pass(19_999);
  expect(first.closed).toBe(false);

  await runtime.pass(1);

  expect(first.closed).toBe(true);
});

test('what fell silent has no head start: the next transport is tried beside it at once', async () => {
  const { client, runtime, high, low } = await begin({ heartbeatTimeout: 20_000 });
  high.last.mute = true;
  high.script = hangs;
  await runtime.pass(20_000);

  expect(high.opened).toHaveLength(2);
  expect(low.opened).toHaveLength(1);
  expect(client.transport).toBe('low');
});

test('a connection that is put out while another one is on its way ends nothing', async () => {
  const { client, runtime, high, low } = await begin({}, { high: hangs, low: hangs });
  await runtime.pass(1_300);
  high.last.link.ended(closed(4009, 'a newer one took this place'));
  low.last.link.answered();

  expect(client.transport).toBe('low');
});

test('whatever is heard is a sign of life', async () => {
  const { runtime, high } = await begin({ heartbeatTimeout: 20_000 });
  for (let second = 0; second < 60; second += 1) {
    await runtime.pass(1_000);
    high.last.link.heard();
  }

  expect(high.opened).toHaveLength(1);
  expect(high.last.pings).toBe(0);
});

test('a machine that has slept asks whether the server is still there, and soon gives up one that is not', async () => {
  const { runtime, high, client } = await begin();
  await runtime.pass(1_000);
  const first = high.last;
  first.mute = true;

  await runtime.sleep(3_600_000);
  expect(first.pings).toBe(1);
  expect(first.closed).toBe(false);
  await runtime.pass(3_400);

  expect(first.closed).toBe(true);
  expect(client.transport).toBe('high');
});

test('a late word of a connection that is over is not heard', async () => {
  const { runtime, high, client } = await begin();
  const first = high.last;
  first.link.ended(new Ended('reset'));
  await runtime.pass(500);

  first.link.ended(new Ended('again'));
  first.link.answered();

  expect(client.transport).toBe('high');
  expect(high.live).toHaveLength(1);
});

test('a code that advises to stay away ends it, until somebody asks', async () => {
  const { runtime, high, client } = await begin();
  const errors: string[] = [];
  client.on('error', (error) => errors.push(error.message));
  high.last.link.ended(closed(4003, 'not for you'));
  await runtime.pass(600_000);
  expect(client.status).toBe('offline');
  expect(errors).toEqual(['not for you']);
  expect(high.opened).toHaveLength(1);

  client.reconnect();
  await runtime.pass(0);

  expect(client.status).toBe('live');
});

test('after the attempts that were asked for the client waits for somebody', async () => {
  const { runtime, high, client } = await begin({ maxReconnectAttempts: 5 }, { high: fails, low: fails });
  await runtime.pass(600_000);

  expect(client.status).toBe('offline');
  expect(high.opened).toHaveLength(5);
});

test('a token that is not taken is replaced by a new one', async () => {
  let made = 0;
  const { runtime, high, client } = await begin({ getToken: () => `token-${(made += 1)}` });
  expect(high.last.link.token()).toBe('token-1');

  high.last.link.ended(refused({ code: 'unauthorized', message: 'expired' }));
  await runtime.pass(100);

  expect(client.transport).toBe('high');
  expect(high.last.link.token()).toBe('token-2');
});

test('where every new token is refused as well the client stops asking', async () => {
  let made = 0;
  const { runtime, client } = await begin(
    { getToken: () => `token-${(made += 1)}` },
    { high: (connection) => connection.link.ended(closed(4001, 'bad')) },
  );
  await runtime.pass(600_000);

  expect(client.status).toBe('offline');
  expect(made).toBe(4);
});

test('a token that cannot be replaced ends it', async () => {
  const { runtime, client } = await begin({ token: 'only' }, { high: (one) => one.link.ended(closed(4001, 'bad')) });
  await runtime.pass(600_000);

  expect(client.status).toBe('offline');
});

test('a token is replaced before it expires, and the connection stays', async () => {
  let made = 0;
  const { runtime, high } = await begin({ getToken: () => `token-${(made += 1)}` });
  high.last.link.authenticated(runtime.now() + 600_000);
  for (let step = 0; step < 53; step += 1) {
    await runtime.pass(10_000);
    high.last.link.heard();
  }

  expect(high.opened).toHaveLength(1);
  expect(high.last.tokens).toEqual(['token-2']);
});

test('closing leaves no timer and no connection', async () => {
  const { runtime, high, low, client } = await begin({}, { high: hangs });
  await runtime.pass(2_000);
  const channel = client.channel('c');

  client.close();
  await runtime.pass(0);

  expect(runtime.waiting).toBe(0);
  expect([...high.live, ...low.live]).toEqual([]);
  expect(channel.status).toBe('offline');
});

test('every state may be closed, and a closed one does nothing more', () => {
  for (const [state, triggers] of Object.entries(TRANSITIONS)) {
    expect(triggers.close, state).toBe(state === 'closed' ? undefined : 'closed');
  }
  expect(TRANSITIONS.closed).toEqual({});
});

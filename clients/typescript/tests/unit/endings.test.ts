import { expect, test } from 'vitest';

import { answered, closed, refused } from '../../src/endings.js';

test.each([
  [1000, 'stop', true],
  [1006, 'reconnect', false],
  [1012, 'reconnect', true],
  [4001, 'renew', true],
  [4009, 'stop', true],
  [4999, 'reconnect', true],
])('after close code %i the advice is %s', (code, advice, announced) => {
  expect(closed(code, '')).toMatchObject({ advice, announced });
});

test('a farewell on a stream is read as the close code in it', () => {
  const farewell = { type: 'error', code: 'bad_token', message: 'the token has expired', close: 4001, advice: 'renew' };

  expect(refused(farewell)).toMatchObject({ advice: 'renew', reason: 'the token has expired', announced: true });
});

test.each([
  [503, { code: 'shutting_down', message: 'm' }, 'reconnect', true],
  [403, { code: 'forbidden', message: 'm' }, 'stop', true],
  [401, undefined, 'renew', true],
  [502, undefined, 'reconnect', false],
  [404, undefined, 'reconnect', false],
])('after HTTP %i with %o the advice is %s', async (status, error, advice, announced) => {
  const body = error === undefined ? '<html>' : JSON.stringify({ error });

  expect(await answered(new Response(body, { status }))).toMatchObject({ advice, announced });
});

test('the delay that a server names is kept', async () => {
  const response = new Response('', { status: 503, headers: { 'Retry-After': '3' } });

  expect((await answered(response)).retry).toBe(3_000);
});

import { expect, test } from 'vitest';

import { Backoff } from '../../src/backoff.js';

test('the ceiling doubles from the first to the most', () => {
  const backoff = new Backoff(() => 1, 500, 3_000);

  expect([1, 2, 3, 4, 5].map(() => backoff.next())).toEqual([500, 1_000, 2_000, 3_000, 3_000]);
});

test('the jitter survives the cap: clients that have waited long do not return together', () => {
  const delays = Array.from({ length: 1_000 }, (_, client) => {
    const backoff = new Backoff(() => client / 1_000, 500, 20_000);
    for (let round = 0; round < 9; round += 1) {
      backoff.next();
    }
    return backoff.next();
  });

  const slots = new Map<number, number>();
  delays.forEach((delay) => slots.set(Math.floor(delay / 100), (slots.get(Math.floor(delay / 100)) ?? 0) + 1));
  expect(Math.max(...slots.values())).toBeLessThanOrEqual(10);
});

test('the delay is never shorter than the server asked for', () => {
  const backoff = new Backoff(() => 0, 500, 20_000);

  expect(backoff.next(840)).toBe(840);
});

test('a hint is spread a little more', () => {
  const backoff = new Backoff(() => 1, 500, 20_000);

  expect(backoff.next(800)).toBe(1_000);
});

test('a hint of nothing does not switch the waiting off', () => {
  const backoff = new Backoff(() => 1, 500, 20_000);

  expect([backoff.next(0), backoff.next(0)]).toEqual([500, 1_000]);
});

test('after a connection that stood it begins anew', () => {
  const backoff = new Backoff(() => 1, 500, 20_000);
  backoff.next();
  backoff.next();

  backoff.reset();

  expect(backoff.next()).toBe(500);
});

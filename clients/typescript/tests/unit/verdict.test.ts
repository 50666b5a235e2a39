/** What the trials call lost, repeated and out of order. */
import { expect, test } from 'vitest';

import { histogram } from '../../trials/restart.js';
import { clean, judge, longestSilence, quantile } from '../../trials/verdict.js';

test('who was told everything once and in order is clean', () => {
  expect(clean(judge([1, 2, 3], 3, 0))).toBe(true);
});

test.each([
  ['lost', [1, 3], { lost: 1, repeated: 0, disordered: 0 }],
  ['lost at the end', [1, 2], { lost: 1, repeated: 0, disordered: 0 }],
  ['repeated', [1, 2, 2, 3], { lost: 0, repeated: 1, disordered: 0 }],
  ['out of order', [1, 3, 2], { lost: 0, repeated: 0, disordered: 1 }],
] as const)('what is %s is counted', (_what, told, found) => {
  expect(judge(told, 3, 0)).toMatchObject(found);
});

test('a gap that was told of a log that lost nothing is a loss', () => {
  expect(judge([1, 2, 3], 3, 1).lost).toBe(1);
});

test('a silence counts from the moment that is asked for, and to its end', () => {
  expect(longestSilence([0, 10, 500, 510], 400, 520)).toBe(100);
  expect(longestSilence([0, 10], 100, 150)).toBe(50);
});

test('a quantile is a value that occurred', () => {
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 3, 2], 0.95)).toBe(4);
});

test('who comes back is counted in tenths of a second', () => {
  expect([...histogram([310, -5, 0, 99, 100])]).toEqual([[-100, 1], [0, 2], [100, 1], [300, 1]]);
});

/** Numbers and states as people read them. */
import { expect, test } from 'vitest';

import { describeEvent } from '../../src/activity-feed.js';
import { before, widest } from '../../src/beginning.js';
import { stateOf } from '../../src/task-state.js';
import { amount, duration, percent, rate, sentence, span, standing, toneOf } from '../../src/words.js';
import { tell } from '../../src/connection-status.js';

const event = (fields: Readonly<Record<string, unknown>>) => ({
  type: 'task_progress',
  channel: 'task:t',
  offset: 1,
  position: 'e.1',
  timestamp: '2026-01-31T09:30:00Z',
  task: 't',
  ...fields,
});
const task = (fields: Readonly<Record<string, unknown>>) => stateOf(event(fields))!;

test.each([
  [0.2, '0 s'],
  [46.4, '46 s'],
  [59.7, '1 min 00 s'],
  [80, '1 min 20 s'],
  [7_500, '2 h 05 min'],
  [273_600, '3 d 4 h'],
])('%d seconds are %s', (seconds, words) => {
  expect(duration(seconds)).toBe(words);
});

test.each([
  [340, '340 ms'],
  [2_400, '2.4 s'],
  [61_000, '1 min 01 s'],
])('%d milliseconds are %s', (milliseconds, words) => {
  expect(span(milliseconds)).toBe(words);
});

test.each([
  [12.5, 'rows', '12.5 rows/s'],
  [1_234, undefined, '1,234/s'],
  [0.4, 'pages', '24.0 pages/min'],
  [0.002, undefined, '7.2/h'],
  [0, 'rows', '0.0 rows/s'],
])('%d a second of %s are %s', (perSecond, unit, words) => {
  expect(rate(perSecond, unit)).toBe(words);
});

test('the share never says 100% before the end', () => {
  expect([percent(99.99, 100), percent(99.99, 100_000), percent(100, 100_000), percent(42, undefined)]).toEqual(['99%', '99.9%', '100%', '42%']);
});

test('an amount has its unit and its total, where they are known', () => {
  expect(amount(task({ done: 420, total: 1_000, unit: 'rows' }))).toBe('420 of 1,000 rows');
  expect(amount(task({ done: 420 }))).toBe('420');
});

test('what was asked for and has not happened is said as such, and what has ended has ended', () => {
  expect(standing(task({ status: 'running' }), 'cancel')[0]).toBe('Cancelling…');
  expect(standing(task({ status: 'running', wanted: 'paused' }), undefined)[0]).toBe('Pausing…');
  expect(standing(task({ status: 'paused', wanted: 'running' }), undefined)[0]).toBe('Resuming…');
  expect(standing(task({ status: 'running', stalled: true }), undefined)[0]).toBe('Stalled');
  expect(standing(task({ status: 'completed', wanted: 'cancelled' }), 'cancel')[0]).toBe('Completed');
});

test.each([
  ['created', 'good'],
  ['exported', 'good'],
  ['failed', 'bad'],
  ['unreachable', 'bad'],
  ['skipped', 'warn'],
  ['started', 'busy'],
  ['testRunCancelled', 'warn'],
  ['blue', 'calm'],
])('%s is %s', (word, tone) => {
  expect(toneOf(word)).toBe(tone);
});

test('a type is read as a sentence', () => {
  expect([sentence('testRunStarted'), sentence('screenshot_captured'), sentence('ETL')]).toEqual(['Test run started', 'Screenshot captured', 'Etl']);
});

test('an event that is none of a task tells no state; the same event tells the same', () => {
  const one = event({ done: 3 });
  expect(stateOf(event({ task: 7 }))).toBeUndefined();
  expect(stateOf({ ...event({}), type: 'progress' })).toBeUndefined();
  expect(stateOf(one)).toBe(stateOf(one));
});

test('of several beginnings the one that wants most counts', () => {
  const position = { since: 'e.5' };
  expect(widest([{}, position, { since: 'e.9' }])).toBe(position);
  expect(widest([position, { last: 5 }, { last: 20 }, {}])).toEqual({ last: 20 });
  expect(widest([{ last: 20 }, { since: '' }])).toEqual({ since: '' });
  expect(widest([{ last: 0 }, {}])).toEqual({});
  expect([before('e.30', 5), before('with.dot.3', 5)]).toEqual(['e.25', 'with.dot.0']);
});

test('a notice is a sentence', () => {
  const gap = { id: 1, kind: 'gap', reason: 'trimmed' } as const;
  expect(tell({ id: 1, kind: 'recovered', updates: 1 })).toBe('Reconnected; recovered 1 update');
  expect(tell({ id: 1, kind: 'recovered', updates: 0 })).toBe('Reconnected; nothing was missed');
  expect(tell({ ...gap, lost: 1, channels: ['run:7'] })).toBe('1 update of run:7 is lost: the server no longer holds it');
  expect(tell({ ...gap, lost: 1_200, channels: ['a', 'b'] })).toBe('1,200 updates of 2 channels are lost: the server no longer holds them');
  expect(tell({ ...gap, lost: null, channels: ['a'] })).toBe('Updates of a may be missing: the server began anew');
});

test.each([
  ['error', 'bad'],
  ['warning', 'warn'],
  ['success', 'good'],
  ['info', 'calm'],
  [undefined, 'calm'],
])('a notification of the level %s says its own sentence in %s', (level, tone) => {
  const told = event({ type: 'notification', task: undefined, message: 'Payment API answers slowly', level });
  expect(describeEvent(told)).toEqual({ title: 'Payment API answers slowly', tone, kind: 'Notification' });
});

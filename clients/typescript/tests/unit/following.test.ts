import { expect, test } from 'vitest';

import { Following } from '../../src/following.js';
import type { Message, Told } from '../../src/following.js';
import type { Event, Gap, Subscribed } from '../../src/messages.js';

const event = (offset: number, key?: string, epoch = 'e'): Event => ({
  type: 'step',
  channel: 'c',
  offset,
  position: `${epoch}.${offset}`,
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
const gap = (from: string, to: string, reason: Gap['reason'], snapshot: Event[] = []): Gap => ({
  type: 'gap',
  channel: 'c',
  from,
  to,
  position: to,
  lost: null,
  reason,
  snapshot,
});
const take = (following: Following, ...messages: Message[]): Told[] =>
  messages.flatMap((message) => following.take(message));

test('without a position the state is told first, and the reader stands at the head', () => {
  const following = new Following(undefined);

  expect(take(following, subscribed('e.3', false, [event(3, 'k')]))).toEqual([event(3, 'k')]);
  expect(following.since).toBe('e.3');
  expect(following.state.get('k')).toEqual(event(3, 'k'));
});

test('what two connections tell is told once and in order, however they mix', () => {
  const following = new Following('e.0');
  const one = [1, 2, 3, 4, 5].map((offset) => event(offset));
  const other = [3, 4, 5, 6].map((offset) => event(offset));

  const told = take(following, one[0]!, one[1]!, one[2]!, other[0]!, one[3]!, other[1]!, other[2]!, one[4]!, other[3]!);

  expect(told.map((each) => 'offset' in each && each.offset)).toEqual([1, 2, 3, 4, 5, 6]);
});

test('the answer of a second connection does not move the reader', () => {
  const following = new Following(undefined);
  take(following, subscribed('e.3', false, []), event(4));

  expect(take(following, subscribed('e.3', true))).toEqual([]);
  expect(following.since).toBe('e.4');
});

test('an answer that says that something was lost does not move the reader; the gap does', () => {
  const following = new Following('e.2');
  take(following, subscribed('e.9', false));
  expect(following.since).toBe('e.2');

  const told = take(following, gap('e.2', 'e.9', 'trimmed', [event(7, 'k'), event(12, 'l')]));

  expect(told.map((each) => each.type)).toEqual(['gap', 'step']);
  expect(following.since).toBe('e.9');
  expect([...following.state.keys()]).toEqual(['k', 'l']);
});

test('a gap is told once, though two connections tell of it', () => {
  const following = new Following('e.2');

  expect(take(following, gap('e.2', 'e.9', 'trimmed'), gap('e.2', 'e.9', 'trimmed'))).toHaveLength(1);
});

test('behind a gap of another life the reader is told everything that life holds', () => {
  const following = new Following('old.12');

  const told = take(following, gap('old.12', 'e.0', 'epoch', [event(3, 'k')]), event(1, 'k'), event(2), event(3, 'k'));

  expect(told.map((each) => each.type)).toEqual(['gap', 'step', 'step', 'step']);
  expect(following.state.get('k')?.offset).toBe(3);
});

test('a life that is over is not heard any more', () => {
  const following = new Following('old.12');
  take(following, gap('old.12', 'e.0', 'epoch'), event(1));

  expect(take(following, event(13, undefined, 'old'), gap('e.1', 'old.13', 'epoch'))).toEqual([]);
  expect(following.since).toBe('e.1');
});

test('a log that has lost its end takes the reader back, and what comes then is new', () => {
  const following = new Following('e.50');

  const told = take(following, gap('e.50', 'e.30', 'ahead'), event(31));

  expect(told.map((each) => each.type)).toEqual(['gap', 'step']);
  expect(following.since).toBe('e.31');
});

test('a position of an earlier life reads on under the one that continues it', () => {
  const following = new Following('parent.12');

  const told = take(following, subscribed('child.12', true), event(13, undefined, 'child'));

  expect(told).toHaveLength(1);
  expect(following.since).toBe('child.13');
});

test('who has been told nothing has lost nothing', () => {
  const following = new Following(undefined);

  const told = take(following, subscribed('e.0', false), gap('old.3', 'e.0', 'epoch', []), event(1));

  expect(told.map((each) => each.type)).toEqual(['step']);
});

test('the state holds the newest of each key, and milestones do not stand in it', () => {
  const following = new Following('');
  take(following, event(1, 'k'), event(2), event(3, 'k'), event(4, 'l'));

  expect([...following.state.values()].map((each) => each.offset)).toEqual([3, 4]);
});

test('a message that is no event is passed over', () => {
  const following = new Following('e.1');

  expect(take(following, { type: 'news', channel: 'c' } as unknown as Event)).toEqual([]);
});

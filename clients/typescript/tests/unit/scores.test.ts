import { expect, test } from 'vitest';

import { Scores } from '../../src/scores.js';

const scoresOf = (): Scores => new Scores(['websocket', 'eventsource', 'polling'], () => 1, 30_000, 600_000);

test('without experience the order is the one that was asked for', () => {
  expect(scoresOf().rank(0)).toEqual(['websocket', 'eventsource', 'polling']);
});

test('two strikes in a row demote a transport', () => {
  const scores = scoresOf();
  expect(scores.strike('websocket', 0)).toBe(false);
  expect(scores.rank(0)[0]).toBe('websocket');

  expect(scores.strike('websocket', 0)).toBe(true);

  expect(scores.rank(0)).toEqual(['eventsource', 'polling', 'websocket']);
});

test('only the first demotion is said to be one', () => {
  const scores = scoresOf();
  scores.strike('websocket', 0);
  scores.strike('websocket', 0);

  expect(scores.strike('websocket', 60_000)).toBe(false);
});

test('a useful life clears a transport of everything', () => {
  const scores = scoresOf();
  scores.strike('websocket', 0);
  scores.useful('websocket');
  scores.strike('websocket', 0);

  expect(scores.demoted('websocket', 0)).toBe(false);
});

test('a demotion expires', () => {
  const scores = scoresOf();
  scores.strike('websocket', 0);
  scores.strike('websocket', 0);

  expect(scores.demoted('websocket', 30_000)).toBe(false);
});

test('who fails its probe is demoted at once, for twice as long, up to a bound', () => {
  const scores = scoresOf();
  scores.strike('websocket', 0);
  scores.strike('websocket', 0);
  const lasting = [1, 2, 3, 4, 5, 6, 7].map(() => {
    scores.strike('websocket', 0);
    return scores.promotion('polling', 0)!.name === 'eventsource' ? scores.promotion('eventsource', 0)!.at : -1;
  });

  expect(lasting).toEqual([60_000, 120_000, 240_000, 480_000, 600_000, 600_000, 600_000]);
});

test('the time of a demotion is jittered', () => {
  const times = [0, 0.5, 1].map((chance) => {
    const scores = new Scores(['websocket', 'polling'], () => chance, 30_000, 600_000);
    scores.strike('websocket', 0);
    scores.strike('websocket', 0);
    return scores.promotion('polling', 0)!.at;
  });

  expect(times).toEqual([15_000, 22_500, 30_000]);
});

test('there is nothing above the best', () => {
  expect(scoresOf().promotion('websocket', 0)).toBeUndefined();
});

test('on another network what was learnt does not hold', () => {
  const scores = scoresOf();
  scores.strike('websocket', 0);
  scores.strike('websocket', 0);

  scores.forgive();

  expect(scores.rank(0)[0]).toBe('websocket');
});

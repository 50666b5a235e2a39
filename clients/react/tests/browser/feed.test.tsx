/** <ActivityFeed>: the newest few, and what they say. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { commands } from 'vitest/browser';

import { ActivityFeed, HeadwayProvider } from '../../src/index.js';
import type { ActivityFeedProps } from '../../src/index.js';
import type { Addresses } from '../support/commands.js';
import { progress, publish, says, show, task, unmountAll, until } from '../support/page.js';
import type { Shown } from '../support/page.js';

let at: Addresses;
let names = 0;

beforeAll(async () => {
  at = await commands.open();
});
afterEach(unmountAll);
afterAll(() => commands.close(at.place));

const fresh = (): string => `feed-${(names += 1)}`;
const lines = (shown: Shown): HTMLElement[] => [...shown.container.querySelectorAll<HTMLElement>('.headway-line')];
const titles = (shown: Shown): string[] => lines(shown).map((line) => line.querySelector<HTMLElement>('.headway-line-title')!.innerText);

function page(props: ActivityFeedProps): Shown {
  return show(
    <HeadwayProvider url={at.direct}>
      <ActivityFeed {...props} />
    </HeadwayProvider>,
  );
}

test('where nothing has happened it says so', async () => {
  const shown = page({ channel: fresh(), empty: 'All quiet' });

  await says(shown, 'All quiet');
});

test('it shows the last twenty milestones, the newest first, and none of the progress between them', async () => {
  const channel = fresh();
  for (let number = 1; number <= 25; number += 1) {
    await publish(at.direct, channel, { type: 'step', data: { name: `App ${number}` } }, progress('t', { done: number }));
  }
  const shown = page({ channel });
  await until('twenty are there', () => lines(shown).length === 20);
  expect(titles(shown)[0]).toBe('App 25: step');
  expect(titles(shown)[19]).toBe('App 6: step');

  const first = lines(shown)[0];
  await publish(at.direct, channel, { type: 'step', data: { name: 'App 26' } });
  await says(shown, 'App 26');

  expect(lines(shown).length).toBe(20);
  // The same line, one further down: nothing was drawn anew.
  expect(lines(shown)[1]).toBe(first);
});

test('what is told of tests, applications and tasks is said with its kind, its tone and how long it took', async () => {
  const channel = fresh();
  await publish(
    at.direct,
    channel,
    { type: 'testStarted', data: { applicationName: 'payment-api', testType: 'health_check' } },
    { type: 'testCompleted', data: { applicationName: 'payment-api', testType: 'health_check', status: 'success', duration: 340 } },
    { type: 'testFailed', data: { applicationName: 'billing', testType: 'login_test', status: 'failed', duration: 2400, error: 'no password field' } },
    { type: 'task_failed', data: task('t', { status: 'failed', error: { code: 'boom', message: 'the disk is full' } }) },
    { type: 'task_requested', data: { ...task('t'), action: 'cancel', by: 'ada' } },
  );
  const shown = page({ channel });
  await until('they are there', () => lines(shown).length === 5);

  expect(titles(shown)).toEqual([
    'Nightly ETL: cancel asked for',
    'Nightly ETL failed',
    'billing: test failed',
    'payment-api: test completed',
    'payment-api: test started',
  ]);
  expect(lines(shown).map((line) => line.dataset['tone'])).toEqual(['calm', 'bad', 'bad', 'good', 'busy']);
  expect(lines(shown).map((line) => line.querySelector('.headway-kind')?.textContent)).toEqual([
    'Task',
    'Task',
    'Login test',
    'Health check',
    'Health check',
  ]);
  expect(shown.container.textContent).toContain('2.4 s');
  expect(shown.container.textContent).toContain('340 ms');
  expect(shown.container.textContent).toContain('no password field');
  expect(shown.container.textContent).toContain('by ada');
});

test('a page may say what an event is, and leave some out', async () => {
  const channel = fresh();
  await publish(at.direct, channel, { type: 'a' }, { type: 'b' });
  const shown = page({
    channel,
    describe: (event) => (event.type === 'a' ? undefined : { title: `It is ${event.type}`, tone: 'good' }),
  });
  await says(shown, 'It is b');

  expect(titles(shown)).toEqual(['It is b']);
});

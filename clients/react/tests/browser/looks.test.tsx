/** How it looks: to those who cannot see it, on a phone, in the dark, and to those whom movement disturbs. */
import axe from 'axe-core';
import type { ReactElement } from 'react';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { commands, page as view } from 'vitest/browser';

import '../../src/headway.css';
import { ActivityFeed, ConnectionStatus, HeadwayProvider, TaskProgress } from '../../src/index.js';
import type { Addresses } from '../support/commands.js';
import { button, part, progress, publish, says, show, task, unmountAll, until } from '../support/page.js';
import type { Shown } from '../support/page.js';

let at: Addresses;
const sheet = document.createElement('style');
sheet.textContent = `
  html { color-scheme: light dark; font-family: system-ui, sans-serif; background: light-dark(#f6f7fa, #0e1219); color: light-dark(#1b2330, #e8ecf4); }
  body { margin: 0; }
  main { display: grid; gap: 1rem; padding: 1rem; max-width: 60rem; margin: auto; box-sizing: border-box; }
  h1 { font-size: 1.25rem; margin: 0; }
  .two { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); align-items: start; }`;

beforeAll(async () => {
  document.head.append(sheet);
  document.documentElement.lang = 'en';
  await commands.room();
  at = await commands.open();
  await tell();
});
beforeEach(() => commands.heal(at.place));
afterEach(async () => {
  unmountAll();
  await view.viewport(1000, 800);
  await commands.prefer({ colorScheme: 'light', reducedMotion: 'no-preference' });
});
afterAll(async () => {
  sheet.remove();
  await commands.close(at.place);
});

const TASKS = ['run', 'open', 'stalled', 'wait', 'pause', 'fail', 'done', 'stop'];

async function tell(): Promise<void> {
  const one = (id: string, more: Readonly<Record<string, unknown>>): Promise<void> => publish(at.direct, `task:${id}`, progress(id, more));
  await publish(
    at.direct,
    'task:run',
    progress('run', { name: 'Nightly import of customer records', counts: { created: 310, updated: 60, skipped: 30, failed: 20 }, current: 'customers-2026-01.csv, row 420: ada.lovelace@example.org' }),
    part('run-a', 'run', { name: 'Download', percent: 100, done: 1000, status: 'completed', counts: {} }),
    part('run-b', 'run', { name: 'Match with the directory', percent: 58.2, done: 582, counts: {} }),
    part('run-c', 'run', { name: 'Write', percent: 4, done: 40, counts: { created: 30, failed: 10 } }),
  );
  await one('open', { name: 'Crawl of the archive', total: null, percent: null, eta: null, counts: {}, unit: 'pages', done: 18_204, rate: 0.4 });
  await one('stalled', { name: 'Health sweep', stalled: true, counts: { healthy: 400, degraded: 12, unreachable: 8 }, unit: 'checks', current: 'payment-api' });
  await one('wait', { name: 'Checkout suite', status: 'queued', done: 0, percent: 0, counts: {}, rate: null, eta: null, elapsed: 0, waiting: 'for 1 of 5 browser slots', allowed: ['cancel'], total: 48, unit: 'steps' });
  await one('pause', { name: 'Reindex', status: 'paused', counts: { done: 420 }, allowed: ['resume', 'cancel'] });
  await one('fail', { name: 'Export to the warehouse', status: 'failed', allowed: [], ended_at: '2026-01-31T09:31:00Z', counts: { exported: 400, failed: 20 }, error: { code: 'no_space', message: 'The disk of the warehouse is full: 0 bytes of 512 GB are left. Make room and start it again; it goes on at row 421.' } });
  await one('done', { name: 'Thumbnail rendering', status: 'completed', done: 1_000, percent: 100, allowed: [], ended_at: '2026-01-31T09:31:00Z', counts: { created: 1_000 }, current: null, elapsed: 4_210 });
  await one('stop', { name: 'A name that is so long that it does not fit into its line on any telephone there is', status: 'cancelled', allowed: [], counts: { created: 400, failed: 20 } });
  await publish(
    at.direct,
    'activity',
    { type: 'testRunStarted', data: { message: '12 applications' } },
    { type: 'testStarted', data: { applicationName: 'payment-api', testType: 'health_check' } },
    { type: 'testCompleted', data: { applicationName: 'payment-api', testType: 'health_check', status: 'success', duration: 340 } },
    { type: 'testStarted', data: { applicationName: 'billing', testType: 'login_test' } },
    { type: 'testFailed', data: { applicationName: 'billing', testType: 'login_test', status: 'failed', duration: 2_400, error: 'The password field was not found' } },
    { type: 'applicationStatusUpdate', data: { applicationName: 'search', status: 'degraded', message: 'answers in 1,840 ms' } },
    { type: 'task_started', data: task('run', { name: 'Nightly import' }) },
    { type: 'task_requested', data: { ...task('run', { name: 'Nightly import' }), action: 'pause', by: 'ada' } },
    { type: 'task_paused', data: task('run', { name: 'Nightly import', status: 'paused' }) },
    { type: 'task_completed', data: task('done', { name: 'Thumbnail rendering', status: 'completed', elapsed: 4_210 }) },
    { type: 'task_failed', data: task('fail', { name: 'Export to the warehouse', status: 'failed', error: { code: 'no_space', message: 'The disk of the warehouse is full' } }) },
  );
}

function Gallery({ ids, activity = 'activity' }: { ids: readonly string[]; activity?: string }): ReactElement {
  return (
    <HeadwayProvider url={at.proxied} reconnectDelay={50} maxReconnectDelay={200}>
      <h1>Work</h1>
      <ConnectionStatus />
      <div className="two">
        {ids.map((id) => (
          <TaskProgress key={id} id={id} />
        ))}
      </div>
      <ActivityFeed channel={activity} />
    </HeadwayProvider>
  );
}

async function gallery(ids: readonly string[] = TASKS): Promise<Shown> {
  const shown = show(<Gallery ids={ids} />);
  await says(shown, 'Live');
  await until('everything is there', () => shown.container.querySelectorAll('.headway-bar').length >= ids.length);
  await until('the feed is there', () => shown.container.querySelectorAll('.headway-line').length === 11);
  await stillness(shown);
  return shown;
}

/** Colours are judged when nothing fades any more. */
async function stillness(shown: Shown): Promise<void> {
  const finite = shown.container.getAnimations({ subtree: true }).filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(finite.map((one) => one.finished));
}

/** The whole page, however long it is. */
async function picture(name: string): Promise<void> {
  const { innerWidth, innerHeight } = window;
  await view.viewport(innerWidth, Math.max(innerHeight, document.body.scrollHeight));
  await commands.picture(name);
  await view.viewport(innerWidth, innerHeight);
}

async function assertAccessible(shown: Shown): Promise<void> {
  const { violations } = await axe.run(shown.container, { rules: { region: { enabled: false } } });
  const found = violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('; ')}`);
  expect(found).toEqual([]);
}

function assertFits(shown: Shown): void {
  expect(document.documentElement.scrollWidth).toBeLessThanOrEqual(window.innerWidth);
  const wide = [...shown.container.querySelectorAll<HTMLElement>('.headway, .headway *')].filter(
    (one) => one.getBoundingClientRect().right > window.innerWidth + 1,
  );
  expect(wide.map((one) => one.className)).toEqual([]);
}

test.each(['light', 'dark'] as const)('%s: axe finds nothing, whatever state there is', async (colorScheme) => {
  await commands.prefer({ colorScheme });
  const shown = await gallery();
  await picture(`live-${colorScheme}`);

  await assertAccessible(shown);
});

test.each(['light', 'dark'] as const)('%s: on a phone of 360 px everything fits', async (colorScheme) => {
  await view.viewport(360, 740);
  await commands.prefer({ colorScheme });
  const shown = await gallery();
  await picture(`phone-${colorScheme}`);

  assertFits(shown);
  await assertAccessible(shown);
});

test.each(['light', 'dark'] as const)('%s: failing, it is as clear', async (colorScheme) => {
  await commands.prefer({ colorScheme });
  const shown = await gallery(['run', 'open', 'fail', 'stop']);
  await commands.cut(at.place);
  await says(shown, 'trying again');
  await says(shown, 'Not live');
  await picture(`disconnected-${colorScheme}`);
  await assertAccessible(shown);

  await publish(at.direct, 'activity', ...Array.from({ length: 37 }, () => ({ type: 'note', key: 'k' })));
  await commands.heal(at.place);
  await says(shown, /recovered \d+ update/);
  await stillness(shown);
  await picture(`recovered-${colorScheme}`);
  await assertAccessible(shown);
});

test('what was lost and what was refused is as clear, also on a phone', async () => {
  const shown = show(
    <HeadwayProvider url={at.fronted} reconnectDelay={50} maxReconnectDelay={200}>
      <ConnectionStatus />
      <TaskProgress id="run" parts={false} />
    </HeadwayProvider>,
  );
  await view.viewport(360, 740);
  await says(shown, 'Running');
  const message = 'the task is completed; only what runs can be paused';
  await commands.reply(at.place, { status: 409, body: { error: { code: 'illegal_transition', message, details: {} } } });
  button(shown, 'Pause').click();
  await says(shown, 'Not paused');
  await picture('refused');
  assertFits(shown);
  await assertAccessible(shown);

  button(shown, 'Cancel').click();
  await says(shown, 'Cancelling…');
  await picture('cancelling');
  await assertAccessible(shown);
  await commands.reply(at.place, { status: 202, body: {} });

  await commands.kill(at.place);
  await commands.restart(at.place, true);
  await says(shown, 'the server began anew');
  await picture('gap');
  assertFits(shown);
  await assertAccessible(shown);
  await commands.kill(at.place);
  await commands.restart(at.place);
});

test('empty, it says so', async () => {
  const shown = show(<Gallery ids={['nothing-1', 'nothing-2']} activity="nothing" />);
  await says(shown, 'Nothing has happened yet');
  await until('the tasks say so', () => shown.container.innerText.split('Nothing has been told').length === 3);
  await picture('empty');

  await assertAccessible(shown);
});

test('who wants no movement gets none', async () => {
  await commands.prefer({ reducedMotion: 'reduce' });
  const shown = await gallery();

  expect(shown.container.getAnimations({ subtree: true })).toEqual([]);
});

test('a page that is dark by itself is not asked what the system prefers', async () => {
  await commands.prefer({ colorScheme: 'light' });
  document.documentElement.style.colorScheme = 'dark';
  const shown = await gallery(['run']);
  const dark = getComputedStyle(shown.container.querySelector('.headway-task')!).backgroundColor;
  document.documentElement.style.colorScheme = '';

  expect(dark).toBe('rgb(23, 28, 38)');
});

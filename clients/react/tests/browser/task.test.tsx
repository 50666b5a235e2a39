/** useTask, useTasks and <TaskProgress>: every state there is, and every answer to what is asked. */
import { useEffect } from 'react';
import type { ReactElement } from 'react';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { commands } from 'vitest/browser';

import { HeadwayProvider, TaskProgress, useTask, useTasks } from '../../src/index.js';
import type { TaskView } from '../../src/index.js';
import type { Addresses } from '../support/commands.js';
import { button, find, part, progress, publish, says, show, task, unmountAll, until } from '../support/page.js';
import type { Draft, Shown } from '../support/page.js';

let at: Addresses;
let ids = 0;

beforeAll(async () => {
  at = await commands.open();
});
afterEach(unmountAll);
afterAll(() => commands.close(at.place));

const fresh = (): string => `t${(ids += 1)}`;
const tell = (id: string, ...events: readonly Draft[]): Promise<void> => publish(at.direct, `task:${id}`, ...events);
const bar = (shown: Shown): HTMLElement => find(shown, '[role=progressbar]');

function page(id: string): Shown {
  return show(
    <HeadwayProvider url={at.fronted} token="secret">
      <TaskProgress id={id} />
    </HeadwayProvider>,
  );
}

test('a task that nobody has heard of says so', async () => {
  const shown = page(fresh());

  await says(shown, 'Nothing has been told of this task yet');
});

test('a task that runs shows how far it is, how fast, how long still, and what it does', async () => {
  const id = fresh();
  await tell(id, progress(id));
  const shown = page(id);
  await says(shown, 'Running');

  const text = shown.container.innerText;
  expect(text).toContain('42.0%');
  expect(text).toContain('420 of 1,000 rows');
  expect(text).toContain('400 created');
  expect(text).toContain('20 failed');
  expect(text).toContain('12.5 rows/s');
  expect(text).toMatch(/4\d s left/);
  expect(text).toContain('row 420');
  expect(bar(shown).getAttribute('aria-valuenow')).toBe('42');
  expect(bar(shown).getAttribute('aria-valuemax')).toBe('100');
  expect(bar(shown).getAttribute('aria-valuetext')).toBe('42.0%, 420 of 1,000 rows');
  expect(bar(shown).getAttribute('aria-label')).toBe('Nightly ETL');
});

test('without a total there is a bar that claims nothing', async () => {
  const id = fresh();
  await tell(id, progress(id, { total: null, percent: null, eta: null }));
  const shown = page(id);
  await says(shown, '420 rows');

  expect(bar(shown).hasAttribute('aria-valuenow')).toBe(false);
  expect(bar(shown).getAttribute('aria-valuetext')).toBe('420 rows');
  expect(bar(shown).dataset['open']).toBe('true');
  expect(shown.container.innerText).toMatch(/3\d s so far/);
});

const STATES: readonly (readonly [string, Readonly<Record<string, unknown>>, readonly string[], readonly string[]])[] = [
  ['queued', { status: 'queued', waiting: 'for 1 of 5 browser slots', allowed: ['cancel'] }, ['Queued', 'Waits for 1 of 5 browser slots'], ['Cancel']],
  ['running', {}, ['Running'], ['Pause', 'Cancel']],
  ['stalled', { stalled: true }, ['Stalled', 'so far'], ['Pause', 'Cancel']],
  ['pausing', { wanted: 'paused', allowed: ['cancel'] }, ['Pausing…'], ['Cancel']],
  ['paused', { status: 'paused', allowed: ['resume', 'cancel'] }, ['Paused'], ['Resume', 'Cancel']],
  ['cancelling', { wanted: 'cancelled', allowed: [] }, ['Cancelling…'], []],
  ['interrupted', { status: 'interrupted', allowed: ['cancel'] }, ['Interrupted', 'goes on when it is taken up again'], ['Cancel']],
  ['completed', { status: 'completed', done: 1000, percent: 100, allowed: [], ended_at: '2026-01-31T09:31:00.000Z' }, ['Completed', '100%', 'Done, but 20 failed', 'Ended at'], []],
  ['failed', { status: 'failed', allowed: [], error: { code: 'boom', message: 'the disk is full' } }, ['Failed', 'the disk is full'], []],
  ['cancelled', { status: 'cancelled', allowed: [] }, ['Cancelled', 'Stopped before its end'], []],
];

test.each(STATES)('%s: it is told, and only what would be accepted can be pressed', async (_name, more, words, allowed) => {
  const id = fresh();
  await tell(id, progress(id, more));
  const shown = page(id);
  await says(shown, words[0]!);

  words.forEach((word) => expect(shown.container.innerText).toContain(word));
  const buttons = [...shown.container.querySelectorAll('button')].filter((one) => one.getAttribute('aria-disabled') !== 'true');
  expect(buttons.map((one) => one.innerText)).toEqual(allowed);
});

test('a whole life is followed, from queued over paused, interrupted and tried again to completed', async () => {
  const id = fresh();
  const shown = page(id);
  const steps: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['task_queued', { status: 'queued', done: 0, percent: 0, counts: {}, allowed: ['cancel'] }, 'Queued'],
    ['task_started', { status: 'running', done: 100, percent: 10 }, 'Running'],
    ['task_paused', { status: 'paused', allowed: ['resume', 'cancel'] }, 'Paused'],
    ['task_resumed', { status: 'running' }, 'Running'],
    ['task_interrupted', { status: 'interrupted', allowed: ['cancel'] }, 'Interrupted'],
    ['task_started', { status: 'running', attempt: 2 }, 'Attempt 2'],
    ['task_completed', { status: 'completed', done: 1000, percent: 100, allowed: [] }, 'Completed'],
  ];
  for (const [type, more, word] of steps) {
    await tell(id, progress(id, more), { type, data: task(id, more) });
    await says(shown, word);
  }

  expect(bar(shown).getAttribute('aria-valuenow')).toBe('100');
});

test('the parts of a task are shown under it', async () => {
  const id = fresh();
  await tell(id, progress(id), part(`${id}-a`, id, { name: 'Download', percent: 100, done: 1000, status: 'completed' }), part(`${id}-b`, id, { name: 'Transform', percent: 7 }));
  const shown = page(id);
  await says(shown, 'Transform');

  const bars = [...shown.container.querySelectorAll('[role=progressbar]')];
  expect(bars.map((one) => one.getAttribute('aria-label'))).toEqual(['Nightly ETL', 'Transform', 'Download']);
  expect(bars.map((one) => one.getAttribute('aria-valuenow'))).toEqual(['42', '7', '100']);
});

test('pausing is asked for with the token, and is "pausing" until it is so', async () => {
  const id = fresh();
  await tell(id, progress(id));
  const shown = page(id);
  await says(shown, 'Pause');
  button(shown, 'Pause').click();
  await says(shown, 'Pausing…');
  expect(button(shown, 'Cancel').getAttribute('aria-disabled')).toBe('true');
  button(shown, 'Pausing…').click();
  await commands.reply(at.place, { status: 202, body: task(id, { wanted: 'paused' }) });
  await tell(id, progress(id, { wanted: 'paused', allowed: ['cancel'] }));
  await until('it may be cancelled', () => button(shown, 'Cancel').getAttribute('aria-disabled') === 'false');
  expect(shown.container.innerText).toContain('Pausing…');
  await tell(id, progress(id, { status: 'paused', allowed: ['resume', 'cancel'] }));
  await says(shown, 'Resume');

  const asked = (await commands.asked(at.place)).filter((one) => one.path.includes(`/${id}/`));
  expect(asked).toEqual([{ path: `/api/tasks/${id}/pause`, method: 'POST', token: 'Bearer secret' }]);
  expect(shown.container.innerText).not.toContain('Pausing');
});

test('what the server refuses is said with its reason, and the button comes back', async () => {
  const id = fresh();
  await tell(id, progress(id));
  const shown = page(id);
  await says(shown, 'Cancel');
  const message = 'the task is completed; only what runs can be cancelled';
  const error = { code: 'illegal_transition', message, details: { state: 'completed', action: 'cancel' } };
  await commands.reply(at.place, { status: 409, body: { error } });
  button(shown, 'Cancel').click();
  await says(shown, `Not cancelled: ${message}`);

  expect(button(shown, 'Cancel').getAttribute('aria-disabled')).toBe('false');
  expect((await commands.asked(at.place)).filter((one) => one.path.includes(`/${id}/`)).length).toBe(1);
  button(shown, 'Dismiss').click();
  await until('it is gone', () => !shown.container.innerText.includes('Not cancelled'));
});

test('the keyboard keeps its place on a button that was pressed', async () => {
  const id = fresh();
  await tell(id, progress(id));
  const shown = page(id);
  await says(shown, 'Cancel');
  button(shown, 'Cancel').focus();
  button(shown, 'Cancel').click();
  await says(shown, 'Cancelling…');

  expect(document.activeElement?.textContent).toBe('Cancelling…');
  await commands.reply(at.place, { status: 202, body: task(id) });
  await tell(id, progress(id, { status: 'cancelled', allowed: [] }));
  await says(shown, 'Cancelled');
});

test('where the connection is lost it says as of when, and not that it is live', async () => {
  const id = fresh();
  await tell(id, progress(id));
  const shown = show(
    <HeadwayProvider url={at.proxied} reconnectDelay={50}>
      <TaskProgress id={id} />
    </HeadwayProvider>,
  );
  await import('../../src/headway.css');
  await says(shown, 'Running');
  const height = find(shown, '.headway-task').offsetHeight;
  await commands.cut(at.place);
  await says(shown, /Not live: as of \d\d:\d\d:\d\d/);
  expect(find(shown, '.headway-task').offsetHeight).toBe(height);
  expect(shown.container.innerText).not.toContain('left');
  await commands.heal(at.place);

  await until('it is live again', () => !shown.container.innerText.includes('Not live'));
});

test('numbers that grow move nothing', async () => {
  const id = fresh();
  await tell(id, progress(id, { done: 0, percent: 0, rate: null, eta: null, current: null }));
  const shown = page(id);
  await import('../../src/headway.css');
  await says(shown, '0 of 1,000');
  const place = (): string => {
    const boxes = ['.headway-task', '.headway-badge', '.headway-bar', '.headway-task-foot'].map((one) => {
      const { x, y, width, height } = find(shown, one).getBoundingClientRect();
      return [x, y, width, height].map(Math.round).join();
    });
    return boxes.join(' ');
  };
  const before = place();
  for (const done of [9, 99, 999, 1_000]) {
    await tell(id, progress(id, { done, percent: done / 10, rate: done * 1.1, eta: 10_000 / done, current: `row ${done}` }));
    await says(shown, `row ${done}`);
    expect(place()).toBe(before);
  }
});

test('useTask gives items, lines and milestones apart, and begins where it is told', async () => {
  const id = fresh();
  await tell(
    id,
    { type: 'task_item', data: { task: id, item: 'a', outcome: 'failed', message: 'no' } },
    ...Array.from({ length: 50 }, (_, done) => progress(id, { done })),
    { type: 'task_log', data: { task: id, level: 'info', message: 'half' } },
    { type: 'task_paused', data: task(id) },
  );
  let view: TaskView | undefined;
  const Probe = (): null => {
    const seen = useTask(id, { since: '' });
    useEffect(() => {
      view = seen;
    });
    return null;
  };
  // Beside it one that wants only the state: it is there first, and must not decide.
  show(
    <HeadwayProvider url={at.direct}>
      <TaskProgress id={id} />
      <Probe />
    </HeadwayProvider>,
  );
  await until('all of it is there', () => view?.milestones.length === 1);

  expect(view?.items.map((item) => [item.item, item.outcome])).toEqual([['a', 'failed']]);
  expect(view?.log.map((line) => line.message)).toEqual(['half']);
  expect(view?.task?.done).toBe(49);
  expect(view?.milestones.map((event) => event.type)).toEqual(['task_paused']);
});

test('useTasks lists all tasks, those that go on first', async () => {
  const List = (): ReactElement => {
    const { tasks } = useTasks();
    return (
      <>
        {tasks.map((one) => (
          <TaskProgress key={one.task} task={one} />
        ))}
      </>
    );
  };
  const shown = show(
    <HeadwayProvider url={at.fronted}>
      <List />
    </HeadwayProvider>,
  );
  const keyed = (id: string, more: Readonly<Record<string, unknown>>): Draft => ({ type: 'task_progress', key: id, data: task(id, more) });
  await publish(
    at.direct,
    'tasks',
    keyed('x', { name: 'Ended', status: 'completed', queued_at: '2026-01-31T12:00:00Z', allowed: [] }),
    keyed('y', { name: 'Older', queued_at: '2026-01-31T10:00:00Z' }),
    keyed('z', { name: 'Newer', queued_at: '2026-01-31T11:00:00Z' }),
    { type: 'task_started', data: task('z', { name: 'Newer' }) },
  );
  await says(shown, 'Ended');
  const names = (): string[] => [...shown.container.querySelectorAll<HTMLElement>('.headway-task-name')].map((one) => one.innerText);
  expect(names()).toEqual(['Newer', 'Older', 'Ended']);

  await commands.reply(at.place, { status: 202, body: task('z') });
  button(shown, 'Cancel').click();
  await says(shown, 'Cancelling…');
  await publish(at.direct, 'tasks', keyed('z', { name: 'Newer', status: 'cancelled', queued_at: '2026-01-31T11:00:00Z', allowed: [] }));
  await says(shown, 'Cancelled');

  expect(names()).toEqual(['Older', 'Ended', 'Newer']);
});

test('a real task is paused, resumed and cancelled, and what has ended is refused', async () => {
  const begin = { report: { name: 'Nightly ETL', honours: ['pause', 'resume', 'cancel'], progress: { total: 10 }, silence: 60 } };
  const { id, owner } = (await ask('api/tasks', begin)) as { id: string; owner: string };
  let number = 0;
  const report = (happened?: string, done = 4): Promise<unknown> =>
    ask(`api/tasks/${id}/report`, { owner, number: (number += 1), progress: { done, total: 10 }, ...(happened === undefined ? {} : { happened }) });
  let view: TaskView | undefined;
  const Probe = (): null => {
    const seen = useTask(id, { since: '' });
    useEffect(() => {
      view = seen;
    });
    return null;
  };
  const shown = show(
    <HeadwayProvider url={at.direct}>
      <TaskProgress id={id} />
      <Probe />
    </HeadwayProvider>,
  );
  await says(shown, 'Running');

  button(shown, 'Pause').click();
  await says(shown, 'Pausing…');
  await report('paused');
  await says(shown, 'Paused');
  button(shown, 'Resume').click();
  await until('it is to go on', () => view?.task?.wanted === 'running' || view?.task?.status === 'running');
  await report('resumed');
  await says(shown, 'Running');
  button(shown, 'Cancel').click();
  await says(shown, 'Cancelling…');
  await report('cancelled', 5);
  await says(shown, 'Cancelled');
  expect(await view?.pause()).toBe(false);

  await until('it is told why', () => view?.refusal !== undefined && view.milestones.length === 7);
  expect(view?.refusal?.error.code).toBe('illegal_transition');
  expect(view?.milestones.map((event) => event.type)).toEqual([
    'task_started',
    'task_requested',
    'task_paused',
    'task_requested',
    'task_resumed',
    'task_requested',
    'task_cancelled',
  ]);
});

async function ask(path: string, body: unknown): Promise<unknown> {
  const answer = await fetch(`${at.direct}/${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.ok, await answer.clone().text()).toBe(true);
  return answer.json();
}

test('an event that somebody made up breaks nothing', async () => {
  const id = fresh();
  await tell(id, {
    type: 'task_progress',
    key: 'task',
    data: { task: id, status: 'dancing', total: 'many', done: -1, counts: [1, 'x'], allowed: { pause: 1 }, error: 'no', percent: 900, name: '' },
  });
  const shown = page(id);
  await says(shown, 'Queued');

  expect(find(shown, '.headway-task').getAttribute('aria-label')).toBe(id);
});

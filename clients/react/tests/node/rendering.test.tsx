/** On a server the same components render, ask nothing of anybody, and leave nothing behind. */
import { readFileSync } from 'node:fs';

import { StrictMode } from 'react';
import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';

import { ActivityFeed, ConnectionStatus, Glyph, HeadwayProvider, ProgressBar, TaskProgress, stateOf, useChannel, useTasks } from '../../src/index.js';

function Page(): ReactElement {
  const { events, status } = useChannel('run:7');
  const { tasks } = useTasks();
  return (
    <>
      <p>
        {status}, {events.length} events, {tasks.length} tasks
      </p>
      <ConnectionStatus />
      <TaskProgress id="7" />
      <ActivityFeed channel="run:7" />
    </>
  );
}

test.each([undefined, '/', 'https://example.org/live/'])('a page renders with the address %s, and nothing is asked for', (url) => {
  const asked: unknown[] = [];
  const fetch = ((...request: unknown[]) => {
    asked.push(request);
    return Promise.reject(new Error('there is no network'));
  }) as typeof globalThis.fetch;
  const timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

  const html = renderToString(
    <StrictMode>
      <HeadwayProvider url={url} getToken={() => 'token'} token="a.b.c" fetch={fetch}>
        <Page />
      </HeadwayProvider>
    </StrictMode>,
  );

  expect(html).toContain('connecting<!-- -->, <!-- -->0<!-- --> events, <!-- -->0<!-- --> tasks');
  expect(html).toContain('Connecting…');
  expect(asked).toEqual([]);
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBe(timers);
});

test('a bar and a sign need nothing around them', () => {
  const counts = { created: 30, failed: 10 };
  const told = { task: '7', name: 'Import', status: 'running', done: 42, total: 100, percent: 42, counts, stalled: false };
  const task = stateOf({ type: 'task_progress', channel: 'task:7', offset: 1, position: 'e.1', timestamp: '2026-01-31T09:30:00Z', ...told });

  const bar = renderToString(<ProgressBar task={task!} className="mine" />);
  expect(bar).toContain('class="headway-bar mine"');
  expect(bar).toContain('aria-label="Import"');
  expect(bar).toContain('aria-valuenow="42"');
  const parts = [...bar.matchAll(/data-tone="(\w+)" style="width:([\d.]+)%"/g)].map(([, tone, width]) => [tone, Number(width)]);
  expect(parts).toEqual([['good', 30], ['calm', 0], ['warn', 0], ['bad', 10], ['busy', 2]]);
  expect(renderToString(<Glyph tone="bad" />)).toContain('class="headway-glyph" data-tone="bad"');
});

test('words and signs are in the package as it is published', () => {
  const { exports } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { exports: object };
  expect(Object.keys(exports)).toEqual(['.', './words', './headway.css']);
});

test('every module that has hooks says that it is for the client', () => {
  for (const file of ['activity-feed.tsx', 'channel.ts', 'connection-status.tsx', 'connection.ts', 'provider.tsx', 'task-progress.tsx', 'task.ts']) {
    expect(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')).toMatch(/^'use client';\n/);
  }
});

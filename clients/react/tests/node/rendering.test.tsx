/** On a server the same components render, ask nothing of anybody, and leave nothing behind. */
import { readFileSync } from 'node:fs';

import { StrictMode } from 'react';
import type { ReactElement } from 'react';
import { renderToString } from 'react-dom/server';
import { expect, test } from 'vitest';

import { ActivityFeed, ConnectionStatus, HeadwayProvider, TaskProgress, useChannel, useTasks } from '../../src/index.js';

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

test('every module that has hooks says that it is for the client', () => {
  for (const file of ['activity-feed.tsx', 'channel.ts', 'connection-status.tsx', 'connection.ts', 'provider.tsx', 'task-progress.tsx', 'task.ts']) {
    expect(readFileSync(new URL(`../../src/${file}`, import.meta.url), 'utf8')).toMatch(/^'use client';\n/);
  }
});

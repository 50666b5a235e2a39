/** What the types promise. Only checked by `npm run check`; never run. */
import { connect } from 'headway-client';
import type { Client, Event, Gap, Status } from 'headway-client';
import type { ReactElement } from 'react';

import { ActivityFeed, HeadwayProvider, TaskProgress, useChannel, useConnection, useHeadway, useTask, useTasks } from '../src/index.js';
import type { TaskState } from '../src/index.js';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function is<A, B>(..._same: Equal<A, B> extends true ? [] : ['the types differ']): void {
  // Nothing to do at run time.
}

export function Hooks(): null {
  const { events, state, status, gaps } = useChannel<{ progress: { percent: number }; done: { files: string[] } }>('run:7', { keep: 50 });
  for (const event of events) {
    is<typeof event.type, 'progress' | 'done'>();
    if (event.type === 'progress') {
      is<typeof event.percent, number>();
    } else {
      is<typeof event.files, string[]>();
    }
  }
  is<typeof state, ReadonlyMap<string, Event>>();
  is<typeof status, Status>();
  is<typeof gaps, readonly Gap[]>();
  is<ReturnType<typeof useHeadway>, Client>();
  const { task, pause } = useTask('7');
  is<typeof task, TaskState | undefined>();
  is<ReturnType<typeof pause>, Promise<boolean>>();
  is<ReturnType<typeof useTasks>['tasks'], readonly TaskState[]>();
  is<ReturnType<typeof useConnection>['transport'], string | undefined>();
  // @ts-expect-error: what was told is not to be written to
  events.push(events[0]!);
  // @ts-expect-error: there is no such option
  useChannel('run:7', { kep: 50 });
  return null;
}

export const right: readonly ReactElement[] = [
  <HeadwayProvider />,
  <HeadwayProvider url="http://127.0.0.1:4000" transports={['websocket', 'polling']} getToken={async () => 'token'} />,
  <HeadwayProvider client={connect('http://127.0.0.1:4000')} />,
  <TaskProgress id="7" channel="run:7" actions={false} />,
];

export function Wrong({ task }: { task: TaskState }): ReactElement {
  return (
    <>
      {/* @ts-expect-error: a client has its address already */}
      <HeadwayProvider client={connect('http://127.0.0.1:4000')} url="http://127.0.0.1:4000" />
      {/* @ts-expect-error: one or the other */}
      <TaskProgress id="7" task={task} />
      {/* @ts-expect-error: which channel? */}
      <ActivityFeed />
    </>
  );
}

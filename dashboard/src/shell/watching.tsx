/** What is told by itself, whatever page is open: the connection's interruptions, and how tasks end. */
import { describeEvent, useChannel, useConnection } from 'headway-react';
import { count } from 'headway-react/words';
import { useEffect, useRef } from 'react';

import { pathOf } from '../address.js';
import { tell } from './notices.js';

const ENDINGS = ['task_completed', 'task_failed', 'task_cancelled', 'task_interrupted', 'notification'];

/** Nothing to see: it tells. */
export function Watching(): null {
  useInterruptions();
  useEndings();
  return null;
}

/** What was caught up on, and what was lost. */
export function useInterruptions(): void {
  const { notices, dismiss } = useConnection();
  useEffect(() => {
    for (const notice of notices) {
      if (notice.kind === 'recovered') {
        const updates = `Recovered ${count(notice.updates)} ${notice.updates === 1 ? 'update' : 'updates'}`;
        tell({ tone: 'good', title: 'Connected again', detail: notice.updates === 0 ? 'Nothing was missed' : updates });
      } else {
        const where = notice.channels.length === 1 ? `of ${notice.channels[0]}` : `of ${notice.channels.length} channels`;
        const lost =
          notice.lost === null
            ? `Updates ${where} may be missing: the server's log began anew`
            : `${count(notice.lost)} updates ${where} are lost: the server no longer holds them`;
        tell({ tone: 'warn', title: 'Gap', detail: lost });
      }
      dismiss(notice.id);
    }
  }, [notices, dismiss]);
}

/** Only what happens from now on: nobody wants to be told of last night in ten notices. */
function useEndings(): void {
  const { events, status } = useChannel('tasks', { keep: 20, types: ENDINGS });
  const told = useRef<string>(undefined);
  useEffect(() => {
    const newest = events.at(-1);
    if (newest === undefined || newest.position === told.current) {
      return;
    }
    const after = events.findIndex((event) => event.position === told.current) + 1;
    for (const event of events.slice(after)) {
      const activity = describeEvent(event);
      const task = event['task'];
      if (activity !== undefined) {
        const to = typeof task === 'string' ? pathOf('tasks', task) : undefined;
        tell({ tone: activity.tone, title: activity.title, detail: activity.detail, to });
      }
    }
    told.current = newest.position;
  }, [events, status]);
}

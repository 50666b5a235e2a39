/** What is told by itself, whatever page is open: the connection's interruptions, how tasks end, and notifications. */
import { describeEvent, useChannel, useConnection } from 'headway-react';
import { count } from 'headway-react/words';
import { useEffect, useRef } from 'react';

import { pathOf } from '../address.js';
import { useApplications } from '../applications.js';
import { useSession } from '../session.js';
import { tell } from './notices.js';

const NOTIFICATIONS = ['notification'];
const ENDINGS = ['task_completed', 'task_failed', 'task_cancelled', 'task_interrupted', ...NOTIFICATIONS];

/** Nothing to see: it tells. */
export function Watching(): null {
  const { reads } = useSession();
  const { channel } = useApplications();
  useInterruptions();
  useHappenings(reads('tasks') ? 'tasks' : undefined, ENDINGS);
  useHappenings(channel, NOTIFICATIONS);
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
function useHappenings(channel: string | undefined, types: readonly string[]): void {
  const { events } = useChannel(channel, { keep: 20, types });
  const monitored = useSession().me.apps?.includes('monitor') === true;
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
        const about = event['applicationId'];
        const otherwise = typeof about === 'string' && monitored ? `/monitor/applications/${encodeURIComponent(about)}` : pathOf('channels', event.channel);
        const to = typeof task === 'string' ? pathOf('tasks', task) : otherwise;
        tell({ tone: activity.tone, title: activity.title, detail: activity.detail, to });
      }
    }
    told.current = newest.position;
  }, [events, monitored]);
}

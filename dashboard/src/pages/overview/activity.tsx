/**
 * The last twenty things that happened, to tasks and to applications under watch. What happened before the page was opened
 * is read from the records of the tasks and from the log; the rest is heard live.
 */
import { Glyph, describeEvent, useChannel } from 'headway-react';
import type { Tone } from 'headway-react';
import { span, timeOf, toneOf } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { pathOf } from '../../address.js';
import { useApplications } from '../../applications.js';
import { useRecord } from '../../records.js';
import { useSession } from '../../session.js';
import { Link } from '../../shell/link.js';
import type { TaskRecord } from '../../tasks/records.js';
import { earlier } from '../channels/position.js';
import styles from './activity.module.css';

const KEPT = 20;

interface Line {
  readonly id: string;
  readonly time: string;
  readonly tone: Tone;
  readonly title: string;
  readonly kind: string | undefined;
  readonly detail: string | undefined;
  /** Milliseconds. */
  readonly took: number | undefined;
  readonly task: string | undefined;
  /** The page that says more. */
  readonly to: string | undefined;
}

/** Lines of the log in which twenty milestones are found, among the progress. */
const BACK = 100;

export function Activity(): ReactElement {
  const { reads } = useSession();
  const { channel, position } = useApplications();
  const tasks = useChannel(reads('tasks') ? 'tasks' : undefined, { keep: KEPT, milestones: true });
  const applications = useChannel(channel, { keep: KEPT, milestones: true });
  const { data } = useRecord<{ readonly tasks: readonly TaskRecord[] }>(`api/tasks?limit=${KEPT}`);
  const told = useRecord<{ readonly events: readonly Heard[] }>(
    `api/channels/${channel}/events?limit=${BACK}&since=${encodeURIComponent(earlier(position ?? '', BACK))}`,
    { when: channel !== undefined },
  );
  const error = tasks.error ?? applications.error;
  const heard = useMemo(() => {
    const before = (told.data?.events ?? []).filter(({ key, type }) => key === undefined && type !== 'gap');
    const lines = [...before, ...applications.events, ...tasks.events].flatMap(lineOf);
    // The newest first, also of those of one moment.
    return [...new Map(lines.map((line) => [line.id, line])).values()].reverse();
  }, [told.data, applications.events, tasks.events]);
  const lines = useMemo(() => {
    const known = new Set(heard.map(({ id }) => id));
    const before = (data?.tasks ?? []).flatMap(linesOf).filter(({ id }) => !known.has(id));
    const all = [...heard, ...before];
    const begun = new Set(all.map(({ id }) => id));
    // Of what has begun nobody wants to know that it once waited.
    const worth = all.filter(({ task, id }) => id !== `${task} queued` || !begun.has(`${task} started`));
    return worth.sort((one, other) => other.time.localeCompare(one.time)).slice(0, KEPT);
  }, [heard, data]);
  return (
    <section className="card" aria-labelledby="activity">
      <h2 id="activity">Activity</h2>
      {error !== undefined && <p className="soft">Cannot be watched: {error.message}</p>}
      {!reads('tasks') && <p className="soft small">Of tasks only those that you may see, as they were when this page was opened.</p>}
      {error === undefined && lines.length === 0 && <p className="soft">Nothing has happened yet.</p>}
      <ol className={styles['feed']} aria-label="The last things that happened, the newest first">
        {lines.map((line) => (
          <li key={line.id} data-tone={line.tone}>
            <Glyph tone={line.tone} />
            <span className={styles['text']}>
              {line.to === undefined ? line.title : <Link to={line.to}>{line.title}</Link>}
              {line.detail !== undefined && <span className={styles['detail']}>{line.detail}</span>}
            </span>
            <span className={styles['when']}>
              <time dateTime={line.time}>{timeOf(line.time)}</time>
              <span className={styles['kind']}>
                {[line.kind, line.took === undefined ? undefined : span(line.took)].filter(Boolean).join(' · ')}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}

type Heard = ReturnType<typeof useChannel>['events'][number];

function lineOf(event: Heard): readonly Line[] {
  const activity = describeEvent(event);
  const task = event['task'];
  return activity === undefined
    ? []
    : [
        {
          id: typeof task === 'string' ? `${task} ${event.type.replace('task_', '')}` : event.position,
          time: event.timestamp,
          tone: activity.tone,
          title: activity.title,
          kind: activity.kind,
          detail: activity.detail,
          took: activity.took,
          task: typeof task === 'string' ? task : undefined,
          to: typeof task === 'string' ? pathOf('tasks', task) : undefined,
        },
      ];
}

function linesOf({ task, name, status, queued_at, started_at, ended_at, elapsed, error }: TaskRecord): readonly Line[] {
  const happened = [
    [status, ended_at],
    ['started', started_at],
    ['queued', queued_at],
  ] as const;
  return happened.flatMap(([what, time]) =>
    time === null
      ? []
      : [
          {
            id: `${task} ${what}`,
            time,
            tone: toneOf(what),
            title: `${name} ${what}`,
            kind: 'Task',
            detail: what === 'failed' ? error?.message : undefined,
            took: time === ended_at && elapsed > 0 ? elapsed * 1_000 : undefined,
            task,
            to: pathOf('tasks', task),
          },
        ],
  );
}

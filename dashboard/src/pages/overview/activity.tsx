/**
 * The last twenty things that happened. What happened before the page was opened is read from the records of the tasks;
 * the rest is heard live.
 */
import { describeEvent, useChannel } from 'headway-react';
import type { TaskStatus, Tone } from 'headway-react';
import { span, timeOf, toneOf } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { pathOf } from '../../address.js';
import { useRecord } from '../../records.js';
import { Glyph } from '../../shell/glyph.js';
import { Link } from '../../shell/link.js';
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
}

interface TaskRecord {
  readonly task: string;
  readonly name: string;
  readonly status: TaskStatus;
  readonly queued_at: string | null;
  readonly started_at: string | null;
  readonly ended_at: string | null;
  readonly elapsed: number;
  readonly error: { readonly message: string } | null;
}

export function Activity(): ReactElement {
  const { events, error } = useChannel('tasks', { keep: KEPT, milestones: true });
  const { data } = useRecord<{ readonly tasks: readonly TaskRecord[] }>(`api/tasks?limit=${KEPT}`);
  const heard = useMemo(() => events.flatMap(lineOf), [events]);
  const lines = useMemo(() => {
    const known = new Set(heard.map(({ id }) => id));
    const before = (data?.tasks ?? []).flatMap(linesOf).filter(({ id }) => !known.has(id));
    const all = [...heard, ...before];
    const begun = new Set(all.map(({ id }) => id));
    // Of what has begun nobody wants to know that it once waited.
    const told = all.filter(({ task, id }) => id !== `${task} queued` || !begun.has(`${task} started`));
    return told.sort((one, other) => other.time.localeCompare(one.time)).slice(0, KEPT);
  }, [heard, data]);
  return (
    <section className="card" aria-labelledby="activity">
      <h2 id="activity">Activity</h2>
      {error !== undefined && <p className="soft">Cannot be watched: {error.message}</p>}
      {error === undefined && lines.length === 0 && <p className="soft">Nothing has happened yet.</p>}
      <ol className={styles['feed']} aria-label="The last things that happened, the newest first">
        {lines.map((line) => (
          <li key={line.id} data-tone={line.tone}>
            <Glyph tone={line.tone} />
            <span className={styles['text']}>
              {line.task === undefined ? line.title : <Link to={pathOf('tasks', line.task)}>{line.title}</Link>}
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
        },
      ];
}

function linesOf({ task, name, status, queued_at, started_at, ended_at, elapsed, error }: TaskRecord): readonly Line[] {
  const happened = [
    ['queued', queued_at],
    ['started', started_at],
    [status, ended_at],
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
          },
        ],
  );
}

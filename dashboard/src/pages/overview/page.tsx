/** What runs, what has just finished, what happened lately, and how the server is. */
import { useTasks } from 'headway-react';
import type { TaskState } from 'headway-react';
import { amount, count, duration } from 'headway-react/words';
import { memo, useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { pathOf } from '../../address.js';
import { useCalm } from '../../calm.js';
import { Glyph } from '../../shell/glyph.js';
import { Link } from '../../shell/link.js';
import { Badge } from '../../tasks/badge.js';
import { Bar } from '../../tasks/bar.js';
import { TaskCard } from '../../tasks/card.js';
import { nowOf, whenOf } from '../../tasks/say.js';
import { Activity } from './activity.js';
import { FirstSteps } from './first-steps.js';
import styles from './page.module.css';
import { ServerStatus } from './server-status.js';

/** Cards beyond these would be a list nobody reads; the rest is named. */
const MOST_CARDS = 24;
const MOST_ENDED = 10;

export default function Overview(): ReactElement {
  const heard = useTasks();
  return <Page {...useCalm(heard)} />;
}

/** Apart from what hears, so that what comes faster than it is shown renders nothing. */
const Page = memo(function Page({ tasks, status, error }: ReturnType<typeof useTasks>): ReactElement {
  // What waits comes last; among the others nothing moves when one is paused.
  const active = tasks.filter((task) => !task.ended).sort((one, other) => waits(one) - waits(other));
  const ended = tasks.filter((task) => task.ended).sort(latestFirst);
  const known = useOnce(status === 'live');
  return (
    <div className={styles['overview']}>
      <header className={styles['head']}>
        <h1>Overview</h1>
        <Summary tasks={tasks} known={known} />
      </header>
      <div className={styles['columns']}>
        <div className={styles['column']}>
          {error !== undefined && (
            <p className={`card ${styles['refused']}`} role="alert" data-tone="bad">
              <Glyph tone="bad" /> The tasks cannot be watched: {error.message}
            </p>
          )}
          {known && tasks.length === 0 && error === undefined && <FirstSteps />}
          {error === undefined && (tasks.length > 0 || !known) && <Running tasks={active} live={status === 'live'} known={known} />}
          {ended.length > 0 && <Ended tasks={ended} />}
        </div>
        <aside className={styles['column']} aria-label="Server and activity">
          <ServerStatus />
          <Activity />
        </aside>
      </div>
    </div>
  );
});

/** Whether it was so at least once. */
function useOnce(now: boolean): boolean {
  const [ever, setEver] = useState(false);
  useEffect(() => {
    if (now) {
      setEver(true);
    }
  }, [now]);
  return ever || now;
}

function waits({ status }: TaskState): number {
  return Number(status === 'queued');
}

function latestFirst(one: TaskState, other: TaskState): number {
  return (other.endedAt ?? '').localeCompare(one.endedAt ?? '');
}

function Summary({ tasks, known }: { readonly tasks: readonly TaskState[]; readonly known: boolean }): ReactElement {
  const of = (...statuses: readonly string[]): number => tasks.filter(({ status }) => statuses.includes(status)).length;
  const figures = [
    ['busy', 'Running', of('running')],
    ['calm', 'Waiting', of('queued')],
    ['warn', 'On hold', of('paused', 'interrupted')],
    ['bad', 'Failed', of('failed')],
    ['good', 'Completed', of('completed')],
  ] as const;
  return (
    <dl className={styles['summary']}>
      {figures.map(([tone, label, many]) => (
        <div key={label} data-tone={tone} data-none={many === 0}>
          <dt>
            <Glyph tone={tone} /> {label}
          </dt>
          <dd>{known ? count(many) : '–'}</dd>
        </div>
      ))}
    </dl>
  );
}

interface RunningProps {
  readonly tasks: readonly TaskState[];
  readonly live: boolean;
  readonly known: boolean;
}

function Running({ tasks, live, known }: RunningProps): ReactElement {
  const shown = tasks.slice(0, MOST_CARDS);
  return (
    <section aria-labelledby="running">
      <h2 id="running">Running now</h2>
      {known && tasks.length === 0 && (
        <p className={`card soft ${styles['quiet']}`}>Nothing runs at the moment. What begins appears here at once.</p>
      )}
      <ul className={styles['cards']}>
        {shown.map((task) => (
          <TaskCard key={task.task} task={task} live={live} />
        ))}
      </ul>
      {tasks.length > shown.length && <p className="soft small">and {count(tasks.length - shown.length)} more</p>}
    </section>
  );
}

function Ended({ tasks }: { readonly tasks: readonly TaskState[] }): ReactElement {
  const shown = tasks.slice(0, MOST_ENDED);
  return (
    <section aria-labelledby="ended">
      <h2 id="ended">Just finished</h2>
      <ol className={`card ${styles['ended']}`}>
        {shown.map((task) => (
          <li key={task.task}>
            <Badge task={task} />
            <span className={styles['what']}>
              <Link to={pathOf('tasks', task.task)}>{task.name}</Link>
              <span className="soft small">{nowOf(task)}</span>
            </span>
            <span className={styles['far']}>
              <Bar task={task} />
              <span className="soft small numbers">
                {amount(task)}
                {task.elapsed > 0 && ` in ${duration(task.elapsed)}`}
              </span>
            </span>
            <time className="soft small numbers" dateTime={task.endedAt}>
              {whenOf(task.endedAt ?? task.timestamp)}
            </time>
          </li>
        ))}
      </ol>
    </section>
  );
}

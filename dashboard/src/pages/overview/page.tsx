/** What runs, what has just finished, what happened lately, and how the server is. */
import { Glyph, useTasks } from 'headway-react';
import type { TaskState } from 'headway-react';
import { count } from 'headway-react/words';
import { memo, useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';

import { useCalm } from '../../calm.js';
import { useRecord } from '../../records.js';
import { useSession } from '../../session.js';
import { Link } from '../../shell/link.js';
import { TaskCard } from '../../tasks/card.js';
import { stateOfRecord } from '../../tasks/records.js';
import type { TaskPage } from '../../tasks/records.js';
import { TaskRows } from '../../tasks/rows.js';
import { Activity } from './activity.js';
import { Applications } from './applications.js';
import { FirstSteps } from './first-steps.js';
import styles from './page.module.css';
import { ServerStatus } from './server-status.js';

/** Cards beyond these would be a list nobody reads; the rest is named. */
const MOST_CARDS = 24;
const MOST_ENDED = 10;
const ASKED_MS = 5_000;

export default function Overview(): ReactElement {
  const { reads } = useSession();
  return reads('tasks') ? <Followed /> : <Frame tasks={undefined} known={false} main={<Apart />} />;
}

function Followed(): ReactElement {
  const heard = useTasks();
  return <Page {...useCalm(heard)} />;
}

/** Beside what hears, so that what comes faster than it is shown renders nothing. */
const Page = memo(function Page({ tasks, status, error }: ReturnType<typeof useTasks>): ReactElement {
  // What waits comes last; among the others nothing moves when one is paused.
  const active = tasks.filter((task) => !task.ended).sort((one, other) => waits(one) - waits(other));
  const ended = tasks.filter((task) => task.ended).sort(latestFirst);
  const known = useOnce(status === 'live');
  const main = (
    <>
      {error !== undefined && (
        <p className={`card ${styles['refused']}`} role="alert" data-tone="bad">
          <Glyph tone="bad" /> The tasks cannot be watched: {error.message}
        </p>
      )}
      {known && tasks.length === 0 && error === undefined && <FirstSteps />}
      {error === undefined && (tasks.length > 0 || !known) && <Running tasks={active} live={status === 'live'} known={known} />}
      {ended.length > 0 && <Ended tasks={ended} />}
    </>
  );
  return <Frame tasks={tasks} known={known} main={main} />;
});

interface FrameProps {
  /** Undefined where they are not all known. */
  readonly tasks: readonly TaskState[] | undefined;
  readonly known: boolean;
  readonly main: ReactElement;
}

function Frame({ tasks, known, main }: FrameProps): ReactElement {
  return (
    <div className={styles['overview']}>
      <header className={styles['head']}>
        <h1>Overview</h1>
        {tasks !== undefined && <Summary tasks={tasks} known={known} />}
      </header>
      <div className={styles['columns']}>
        <div className={styles['column']}>{main}</div>
        <aside className={styles['column']} aria-label="Server and activity">
          <ServerStatus />
          <Applications />
          <Activity />
        </aside>
      </div>
    </div>
  );
}

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
  return (
    <section aria-labelledby="ended">
      <div className={styles['title']}>
        <h2 id="ended">Just finished</h2>
        <AllTasks />
      </div>
      <TaskRows tasks={tasks.slice(0, MOST_ENDED)} label="Just finished" />
    </section>
  );
}

function AllTasks(): ReactElement {
  return (
    <Link to="/tasks" className="small">
      All tasks
    </Link>
  );
}

/** For who may see some tasks and not all of them: nothing comes by itself, so it is asked for. */
function Apart(): ReactElement {
  const { me } = useSession();
  const { data, error } = useRecord<TaskPage>(`api/tasks?limit=${MOST_ENDED}`, { every: ASKED_MS });
  const tasks = useMemo(() => (data?.tasks ?? []).flatMap(stateOfRecord), [data]);
  return (
    <>
      <p className={`card ${styles['apart']}`} data-tone="calm">
        <Glyph tone="calm" />
        <span>
          You may not read the channel <code>tasks</code>, so not every task is shown here, and none by itself. {readable(me.channels)}
        </span>
      </p>
      {error !== null && (
        <p className={`card ${styles['refused']}`} role="alert" data-tone="bad">
          <Glyph tone="bad" /> The tasks cannot be read: {error.message}
        </p>
      )}
      <section aria-labelledby="apart">
        <div className={styles['title']}>
          <h2 id="apart">Tasks that you may see</h2>
          <AllTasks />
        </div>
        {tasks.length > 0 && <TaskRows tasks={tasks} label="Tasks that you may see" />}
        {data !== undefined && tasks.length === 0 && <p className={`card soft ${styles['quiet']}`}>There is none yet.</p>}
      </section>
    </>
  );
}

function readable(channels: readonly string[]): string {
  return channels.length === 0 ? 'No channel is open to you.' : `Open to you: ${channels.join(', ')}.`;
}

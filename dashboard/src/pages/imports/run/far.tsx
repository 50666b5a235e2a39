import type { TaskState } from 'headway-react';
import { amount, duration, percent, timeOf } from 'headway-react/words';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { Glyph } from 'headway-react';
import { Bar } from '../../../tasks/bar.js';
import { usePace } from '../../../tasks/pace.js';
import { nowOf, whenOf } from '../../../tasks/say.js';
import { Outcomes } from '../parts.js';
import type { Run } from '../wire.js';
import type { Watched } from '../watching.js';
import { dateOf } from '../words.js';
import own from './run.module.css';

export interface FarProps {
  readonly watched: Watched;
  readonly run: Run;
}

/** How far it is: the bar, the rate, what is left, and how many of each outcome. */
export function Far({ watched, run }: FarProps): ReactElement {
  const { view, counts, user, throttledUntil, ended } = watched;
  const { task, status } = view;
  const live = status === 'live';
  return (
    <section className={`card ${own['far']}`} aria-label="Progress" data-stale={!live && !ended}>
      {task === undefined ? (
        // A run of long ago: its task is no longer in the log, its record still knows.
        <p className="soft">{ended ? `Ended ${dateOf(run.ended_at)}` : 'Waits to be taken up…'}</p>
      ) : (
        <Bars task={task} live={live} />
      )}
      <Outcomes counts={counts} kind={run.kind} dry={run.dry_run} big />
      {!ended && (
        <div className={own['now']}>
          <p className={own['user']} data-running={task?.status === 'running'}>{task === undefined ? '' : task.status !== 'running' ? (task.status === 'paused' ? 'It is held: nothing is sent until it is resumed.' : nowOf(task)) : user === undefined ? '' : `Now: ${user}`}</p>
          <Throttled until={task?.status === 'running' ? throttledUntil : undefined} />
          {!live && task !== undefined && <p className="soft">Not live: as of {timeOf(task.timestamp)}. It is tried again.</p>}
        </div>
      )}
    </section>
  );
}

function Bars({ task, live }: { readonly task: TaskState; readonly live: boolean }): ReactElement {
  const pace = usePace(task, live);
  const figures = [
    ['Done', task.status === 'queued' && task.done === 0 ? '–' : amount(task)],
    ['Rate', pace.rate ?? '–'],
    [task.ended ? 'Took' : 'Running for', pace.elapsed || '–'],
    task.ended ? ['Ended', whenOf(task.endedAt ?? '') || '–'] : ['Left', pace.left?.replace(/ left$/, '') ?? '–'],
  ] as const;
  return (
    <>
      <div className={own['bar']}>
        <Bar task={task} thick />
        <span className={own['percent']}>{task.percent === undefined ? '–' : percent(task.percent, task.total)}</span>
      </div>
      <dl className={own['figures']}>
        {figures.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** "Throttled, retry in 12 s", counted down. */
function Throttled({ until }: { readonly until: number | undefined }): ReactElement | null {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (until === undefined) {
      return undefined;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [until]);
  const seconds = until === undefined ? 0 : Math.ceil((until - now) / 1_000);
  // Read out once, not each second.
  return seconds <= 0 ? null : (
    <p className={own['throttled']} data-tone="warn">
      <Glyph tone="warn" /> <span>Throttled by PingOne, retry in {duration(seconds)}</span>
    </p>
  );
}

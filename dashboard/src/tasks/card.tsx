import { useTaskActions } from 'headway-react';
import type { TaskState } from 'headway-react';
import { amount, count, percent, timeOf, toneOf } from 'headway-react/words';
import { memo } from 'react';
import type { ReactElement } from 'react';

import { pathOf } from '../address.js';
import { Link } from '../shell/link.js';
import { Actions, Refused } from './actions.js';
import { Badge } from './badge.js';
import { Bar } from './bar.js';
import styles from './card.module.css';
import { usePace } from './pace.js';
import { nowOf } from './say.js';

export interface TaskCardProps {
  readonly task: TaskState;
  readonly live: boolean;
}

/** A task that goes on, in a card: every line has its place, so that nothing moves. */
export const TaskCard = memo(function TaskCard({ task, live }: TaskCardProps): ReactElement {
  const ask = useTaskActions(task.task, task);
  const pace = usePace(task, live);
  return (
    <li className={`card ${styles['card']}`} data-live={live}>
      <div className={styles['head']}>
        <h3 className={styles['name']}>
          <Link to={pathOf('tasks', task.task)} title={task.name}>
            {task.name}
          </Link>
        </h3>
        <Badge task={task} asking={ask.asking} />
      </div>
      <div className={styles['far']}>
        <Bar task={task} />
        <span className={styles['percent']}>{task.percent === undefined ? '' : percent(task.percent, task.total)}</span>
      </div>
      <p className={styles['numbers']}>
        <span>{task.status === 'queued' ? ' ' : amount(task)}</span>
        <span className="soft">
          {live ? [pace.rate, pace.left ?? pace.elapsed].filter(Boolean).join(' · ') : `as of ${timeOf(task.timestamp)}`}
        </span>
      </p>
      <p className={styles['now']} title={nowOf(task)}>
        {nowOf(task)}
      </p>
      <div className={styles['foot']}>
        <Counts task={task} />
        <Actions task={task} ask={ask} small />
      </div>
      <Refused ask={ask} />
    </li>
  );
});

/** By outcome: what went wrong first, where there may not be room for all. */
export function Counts({ task }: { readonly task: TaskState }): ReactElement {
  const good = ([outcome]: readonly [string, number]): number => Number(toneOf(outcome) !== 'bad');
  const counts = Object.entries(task.counts).sort((one, other) => good(one) - good(other));
  return (
    <ul className={styles['counts']} aria-label="By outcome">
      {counts.map(([outcome, many]) => (
        <li key={outcome} data-tone={toneOf(outcome)}>
          <b>{count(many)}</b> {outcome}
        </li>
      ))}
    </ul>
  );
}

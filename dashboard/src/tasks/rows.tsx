import type { TaskState } from 'headway-react';
import { amount, duration } from 'headway-react/words';
import type { ReactElement } from 'react';

import { pathOf } from '../address.js';
import { Link } from '../shell/link.js';
import { Badge } from './badge.js';
import { Bar } from './bar.js';
import styles from './rows.module.css';
import { nowOf, whenOf } from './say.js';

export interface TaskRowsProps {
  readonly tasks: readonly TaskState[];
  readonly label: string;
}

/** Tasks, a line each: how it stands, what it is, how far it came, when. */
export function TaskRows({ tasks, label }: TaskRowsProps): ReactElement {
  return (
    <ol className={`card ${styles['rows']}`} aria-label={label}>
      {tasks.map((task) => (
        <Row key={task.task} task={task} />
      ))}
    </ol>
  );
}

function Row({ task }: { readonly task: TaskState }): ReactElement {
  const when = task.endedAt ?? task.startedAt ?? task.queuedAt ?? task.timestamp;
  return (
    <li>
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
      <time className="soft small numbers" dateTime={when}>
        {whenOf(when)}
      </time>
    </li>
  );
}

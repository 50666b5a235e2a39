import { ProgressBar } from 'headway-react';
import type { TaskState } from 'headway-react';
import type { ReactElement } from 'react';

import styles from './bar.module.css';

export interface BarProps {
  readonly task: TaskState;
  readonly thick?: boolean | undefined;
}

/** How far a task is, as these pages have it. */
export function Bar({ task, thick = false }: BarProps): ReactElement {
  return <ProgressBar task={task} className={`${styles['bar']} ${thick ? styles['thick'] : ''}`} />;
}

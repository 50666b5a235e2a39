import { Glyph } from 'headway-react';
import type { TaskAction, TaskState } from 'headway-react';
import { standing } from 'headway-react/words';
import type { ReactElement } from 'react';

import styles from './badge.module.css';

/** How a task stands, in a word. */
export function Badge({ task, asking }: { readonly task: TaskState; readonly asking?: TaskAction | undefined }): ReactElement {
  const [word, tone] = standing(task, asking);
  return (
    <span className={styles['badge']} data-tone={tone}>
      <Glyph tone={tone} />
      {word}
    </span>
  );
}

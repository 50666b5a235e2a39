/** All tasks that there are records of, the newest first: by state, by name, and page by page into the past. */
import { Button } from '@mantine/core';
import { Glyph } from 'headway-react';
import { count } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { go, usePlace } from '../../address.js';
import { useCalm } from '../../calm.js';
import { useSession } from '../../session.js';
import { Link } from '../../shell/link.js';
import { TaskRows } from '../../tasks/rows.js';
import { addressOf, filterOf } from './filter.js';
import type { Filter } from './filter.js';
import { Filters } from './filters.js';
import { useFound } from './found.js';
import styles from './page.module.css';

/** Who types a name is asked for when there is a pause. */
const TYPING_MS = 250;

export default function Tasks(): ReactElement {
  const { search } = usePlace();
  const { reads } = useSession();
  const filter = useMemo(() => filterOf(search), [search]);
  const { tasks, counts, known, error, more, busy, older } = useFound(useCalm(filter, TYPING_MS));
  const change = (next: Filter): void => go(addressOf(next), { replace: true });
  const all = filter.statuses.length === 0 && filter.name === '';
  return (
    <div className={styles['page']}>
      <header>
        <p className="small">
          <Link to="/">Overview</Link>
        </p>
        <h1>Tasks</h1>
        {!reads('tasks') && <p className="soft small">Those on channels that you may read; nothing here comes by itself.</p>}
      </header>
      <Filters filter={filter} counts={counts} change={change} />
      {error !== null && (
        <p className={`card ${styles['refused']}`} role="alert" data-tone="bad">
          <Glyph tone="bad" /> The tasks cannot be read: {error.message}
        </p>
      )}
      {tasks.length > 0 && <TaskRows tasks={tasks} label="Tasks, the newest first" />}
      {known && tasks.length === 0 && (
        <p className={`card soft ${styles['none']}`}>{all ? 'No task has been begun yet.' : 'No task is like that.'}</p>
      )}
      <div className={styles['foot']}>
        {more && (
          <Button variant="default" loading={busy} onClick={older}>
            Older
          </Button>
        )}
        <p className="soft small numbers" role="status">
          {known && `${count(tasks.length)} shown${more ? '' : ', that is all'}`}
        </p>
      </div>
    </div>
  );
}

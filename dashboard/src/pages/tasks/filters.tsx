import { Glyph } from 'headway-react';
import type { TaskStatus } from 'headway-react';
import { count, sentence } from 'headway-react/words';
import type { ReactElement } from 'react';

import { STATUSES, TONES } from './filter.js';
import type { Filter } from './filter.js';
import styles from './page.module.css';

export interface FiltersProps {
  readonly filter: Filter;
  readonly counts: Readonly<Partial<Record<TaskStatus, number>>> | undefined;
  readonly change: (filter: Filter) => void;
}

/** One button a state: none pressed is all of them. */
export function Filters({ filter, counts, change }: FiltersProps): ReactElement {
  const toggle = (status: TaskStatus): void => {
    const chosen = filter.statuses.includes(status);
    change({ ...filter, statuses: STATUSES.filter((one) => (one === status ? !chosen : filter.statuses.includes(one))) });
  };
  return (
    <div className={styles['filters']}>
      <input
        type="search"
        aria-label="Filter by name"
        placeholder="Filter by name"
        autoComplete="off"
        spellCheck={false}
        value={filter.name}
        onChange={({ currentTarget: { value } }) => change({ ...filter, name: value })}
      />
      <div className={styles['statuses']} role="group" aria-label="Only these states">
        {STATUSES.map((status) => (
          <button
            key={status}
            type="button"
            className={styles['status']}
            data-tone={TONES[status]}
            aria-pressed={filter.statuses.includes(status)}
            onClick={() => toggle(status)}
          >
            <Glyph tone={TONES[status]} />
            {sentence(status)}
            {counts !== undefined && <span className={styles['many']}>{count(counts[status] ?? 0)}</span>}
          </button>
        ))}
      </div>
    </div>
  );
}

import type { ReactElement } from 'react';

import styles from './opened.module.css';
import type { Filter } from './row.js';

export interface FiltersProps {
  /** Those that were seen. */
  readonly types: readonly string[];
  readonly filter: Filter;
  readonly change: (filter: Filter) => void;
}

/** Which events are shown. */
export function Filters({ types, filter, change }: FiltersProps): ReactElement {
  return (
    <>
      <div className={styles['field']}>
        <select
          aria-label="Type of events"
          value={filter.type ?? ''}
          onChange={({ currentTarget: { value } }) => change({ ...filter, type: value === '' ? undefined : value })}
        >
          <option value="">All types</option>
          {types.map((type) => (
            <option key={type} value={type}>
              {type}
            </option>
          ))}
        </select>
      </div>
      <div className={`${styles['field']} ${styles['text']}`}>
        <input
          aria-label="Text in events"
          type="search"
          placeholder="Text in events"
          autoComplete="off"
          spellCheck={false}
          value={filter.text}
          onChange={({ currentTarget: { value } }) => change({ ...filter, text: value })}
        />
      </div>
    </>
  );
}

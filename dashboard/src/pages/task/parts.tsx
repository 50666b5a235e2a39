import type { TaskState } from 'headway-react';
import { amount, count, percent } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { Badge } from '../../tasks/badge.js';
import { Bar } from '../../tasks/bar.js';
import styles from './parts.module.css';

const FIRST = 12;

/** The parts of a task, in the order in which they began. */
export function Parts({ parts }: { readonly parts: readonly TaskState[] }): ReactElement {
  const [all, setAll] = useState(false);
  // A snapshot is in the order of the last word of each; the ids are in that of their first.
  const inOrder = [...parts].sort((one, other) => one.task.localeCompare(other.task, 'en', { numeric: true }));
  // Of many, what goes on.
  const sorted = parts.length <= FIRST ? inOrder : inOrder.sort((one, other) => Number(one.ended) - Number(other.ended));
  const shown = all ? sorted : sorted.slice(0, FIRST);
  return (
    <section className="card" aria-labelledby="parts">
      <div className="card-head">
        <h2 id="parts">Parts</h2>
        <span className="soft small numbers">
          {count(parts.filter(({ ended }) => ended).length)} of {count(parts.length)} done
        </span>
      </div>
      <ul className={styles['parts']}>
        {shown.map((part) => (
          <li key={part.task}>
            <div className={styles['head']}>
              <span className={styles['name']} title={part.name}>
                {part.name}
              </span>
              <Badge task={part} />
            </div>
            <div className={styles['far']}>
              <Bar task={part} />
              <span className="numbers">{part.percent === undefined ? '' : percent(part.percent, part.total)}</span>
            </div>
            <p className={styles['now']}>
              <span className="numbers">{amount(part)}</span>
              <span>{part.error?.message ?? (part.ended ? '' : part.current)}</span>
            </p>
          </li>
        ))}
      </ul>
      {parts.length > FIRST && (
        <button type="button" className="quiet-button" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer' : `Show all ${count(parts.length)}`}
        </button>
      )}
    </section>
  );
}

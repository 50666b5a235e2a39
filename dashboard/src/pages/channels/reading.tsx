/** A channel as its log holds it, page by page: what is too long to be followed from there is read like a book. */
import { count } from 'headway-react/words';
import { useMemo } from 'react';
import type { ReactElement } from 'react';

import { Icon } from '../../icons.js';
import { Filters } from './filters.js';
import { List } from './list.js';
import styles from './opened.module.css';
import { earlier } from './position.js';
import { PAGE } from './read.js';
import type { Read } from './read.js';
import { rowsOf } from './row.js';
import { useTypes } from './tail.js';
import type { EventsProps } from './tail.js';

export interface ReadingProps extends EventsProps {
  readonly read: Read;
  readonly go: (since: string) => void;
  readonly live: () => void;
}

export function Reading({ name, read, filter, changeFilter, selected, select, go, live }: ReadingProps): ReactElement {
  const { since, events, gaps, position, more } = read;
  const rows = useMemo(() => rowsOf(events, gaps, filter), [events, gaps, filter]);
  const [first, last] = [events[0], events.at(-1)];
  return (
    <section className="card" aria-labelledby="events">
      <div className="card-head">
        <h2 id="events">Events</h2>
        <div className={styles['tools']}>
          <Filters types={useTypes(events)} filter={filter} change={changeFilter} />
          <button type="button" className={styles['follow']} onClick={live}>
            <Icon name="follow" size={18} />
            Newest
          </button>
        </div>
      </div>
      <List
        rows={rows}
        label={`Events of ${name}, read from its log`}
        following={false}
        selected={selected}
        select={select}
        hold={() => undefined}
        empty={events.length > 0 ? 'None of these events is what the filter asks for.' : 'The log holds nothing after this position.'}
      />
      <div className={styles['foot']}>
        <span className="numbers" role="status">
          {first === undefined || last === undefined ? 'No events' : `Events ${count(first.offset)} to ${count(last.offset)}`}
        </span>
        <nav className={styles['pages']} aria-label="Pages of the log">
          <button type="button" className="quiet-button" disabled={since === ''} onClick={() => go(earlier(since, PAGE))}>
            Earlier
          </button>
          <button type="button" className="quiet-button" disabled={!more} onClick={() => go(position)}>
            Later
          </button>
        </nav>
      </div>
    </section>
  );
}

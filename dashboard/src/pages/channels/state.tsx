/** The latest event of each key. */
import type { Event } from 'headway-client';
import { count, percent, timeOf } from 'headway-react/words';
import { useDeferredValue, useEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { briefOf, rowOf } from './row.js';
import type { Row } from './row.js';
import styles from './state.module.css';

/** Nobody reads faster; the list beside it shows every one. */
const EVERY_MS = 250;
const SHOWN = 100;

export interface StateProps {
  readonly state: ReadonlyMap<string, Event>;
  readonly selected: string | undefined;
  readonly select: (row: Row) => void;
}

export function State({ state, selected, select }: StateProps): ReactElement {
  const latest = useCalm(state);
  const [text, setText] = useState('');
  const wanted = useDeferredValue(text.trim().toLowerCase());
  const keys = useMemo(() => [...latest.keys()].filter((key) => key.toLowerCase().includes(wanted)).sort(compare), [latest, wanted]);
  const shown = keys.slice(0, SHOWN);
  return (
    <section className="card" aria-labelledby="state">
      <div className="card-head">
        <h2 id="state">State</h2>
        <span className="soft small numbers">
          {count(latest.size)} {latest.size === 1 ? 'key' : 'keys'}
        </span>
      </div>
      {latest.size > SHOWN / 10 && (
        <label className={styles['search']}>
          <span className="unseen">Filter by key</span>
          <input type="search" placeholder="Filter by key" autoComplete="off" spellCheck={false} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        </label>
      )}
      {latest.size === 0 && <p className="soft">No event here has a key. Of those that have one, the latest is the state.</p>}
      {latest.size > 0 && keys.length === 0 && <p className="soft">No key contains that.</p>}
      <ul className={styles['keys']}>
        {shown.map((key) => {
          const event = latest.get(key);
          return (
            event !== undefined && (
              <li key={key}>
                <button type="button" aria-pressed={selected === event.position} onClick={() => select(rowOf(event))}>
                  <span className={styles['key']}>{key}</span>
                  <time dateTime={event.timestamp}>{timeOf(event.timestamp)}</time>
                  <span className={styles['brief']}>{briefOf(event) || event.type}</span>
                  <Share event={event} />
                </button>
              </li>
            )
          );
        })}
      </ul>
      {keys.length > shown.length && <p className="soft small">and {count(keys.length - shown.length)} more</p>}
    </section>
  );
}

/** Where data say how far something is, a bar says it too. */
function Share({ event: { percent: given } }: { readonly event: Event }): ReactElement | null {
  if (typeof given !== 'number' || !(given >= 0 && given <= 100)) {
    return null;
  }
  return (
    <span className={styles['share']}>
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect width={given} height="4" />
      </svg>
      <span>{percent(given, undefined)}</span>
    </span>
  );
}

const compare = new Intl.Collator('en', { numeric: true }).compare;

/** The same, but new only so often. */
function useCalm<T>(value: T): T {
  const [shown, setShown] = useState(value);
  const latest = useRef(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => {
    latest.current = value;
    timer.current ??= setTimeout(() => {
      timer.current = undefined;
      setShown(latest.current);
    }, EVERY_MS);
  }, [value]);
  useEffect(
    () => () => {
      clearTimeout(timer.current);
      timer.current = undefined;
    },
    [],
  );
  return shown;
}

/**
 * A long list of events, of which only the lines that can be seen are in the document. One stop for the keyboard: arrows,
 * Page Up and Down, Home and End choose a line, and what is chosen is inspected beside the list.
 */
import { useMediaQuery } from '@mantine/hooks';
import { timeOf, toneOf } from 'headway-react/words';
import { useEffect, useId, useLayoutEffect, useRef, useState } from 'react';
import type { KeyboardEvent, ReactElement } from 'react';

import styles from './list.module.css';
import { briefOf, reasonOf } from './row.js';
import type { EventRow, GapRow, Row } from './row.js';

const NARROW = '(max-width: 640px)';
/** As the stylesheet has them. */
const LINE = 30;
const TWO_LINES = 50;
/** Lines beyond the edge, so that nothing is blank while somebody scrolls. */
const BEYOND = 8;
/** So near to the end it is the end. */
const NEAR = 4;

export interface ListProps {
  readonly rows: readonly Row[];
  readonly label: string;
  /** Stay at the end, whatever comes. */
  readonly following: boolean;
  readonly selected: string | undefined;
  readonly select: (row: Row) => void;
  /** Somebody looks at something that is not the end. */
  readonly hold: () => void;
  readonly empty: string;
}

export function List({ rows, label, following, selected, select, hold, empty }: ListProps): ReactElement {
  const height = useMediaQuery(NARROW, false, { getInitialValueInEffect: false }) ? TWO_LINES : LINE;
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [seen, setSeen] = useState(600);
  const id = useId();
  useEffect(() => {
    const node = frame.current;
    if (node === null) {
      return undefined;
    }
    const observer = new ResizeObserver(() => setSeen(node.clientHeight));
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  const last = rows.at(-1)?.id;
  useLayoutEffect(() => {
    if (following && frame.current !== null) {
      frame.current.scrollTop = frame.current.scrollHeight;
    }
  }, [following, last, rows.length, height, seen]);
  const before = useRef({ height, top });
  useLayoutEffect(() => {
    // A phone that is turned has lines of another height: the same ones stay in sight.
    if (before.current.height !== height && frame.current !== null) {
      frame.current.scrollTop = (before.current.top / before.current.height) * height;
    }
    before.current = { height, top };
  }, [height, top]);
  // At the end it is not where the last scroll said, but where it will be when this is shown.
  const end = Math.max(0, rows.length * height - seen);
  const from = following ? end : Math.min(top, end);
  const first = Math.max(0, Math.floor(from / height) - BEYOND);
  const shown = rows.slice(first, Math.ceil((from + seen) / height) + BEYOND);
  const chosen = rows.findIndex((row) => row.id === selected);
  const choose = (index: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
    const node = frame.current;
    if (row === undefined || node === null) {
      return;
    }
    hold();
    select(row);
    const at = rows.indexOf(row) * height;
    node.scrollTop = Math.min(at, Math.max(node.scrollTop, at + height - node.clientHeight));
  };
  const press = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(seen / height) - 1);
    const now = chosen === -1 ? rows.length : chosen;
    const moves: Readonly<Record<string, number>> = {
      ArrowUp: now - 1,
      ArrowDown: chosen === -1 ? rows.length - 1 : now + 1,
      PageUp: now - page,
      PageDown: now + page,
      Home: 0,
      End: rows.length - 1,
    };
    const to = moves[event.key];
    if (to !== undefined && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      choose(to);
    }
  };
  const scrolled = (): void => {
    const node = frame.current;
    if (node !== null) {
      setTop(node.scrollTop);
      if (following && node.scrollHeight - node.scrollTop - node.clientHeight > height * NEAR) {
        hold();
      }
    }
  };
  return (
    <div
      ref={frame}
      className={styles['frame']}
      role="listbox"
      aria-label={label}
      aria-activedescendant={shown.some((row) => row.id === selected) ? `${id}${selected}` : undefined}
      tabIndex={0}
      onScroll={scrolled}
      onWheel={(event) => event.deltaY < 0 && rows.length * height > seen && hold()}
      onTouchMove={() => rows.length * height > seen && hold()}
      onKeyDown={press}
    >
      {rows.length === 0 && (
        <p className={styles['empty']} role="option" aria-selected={false} aria-disabled="true">
          {empty}
        </p>
      )}
      <div className={styles['whole']} role="presentation" style={{ height: rows.length * height }}>
        <div role="presentation" style={{ transform: `translateY(${first * height}px)` }}>
          {shown.map((row, index) => (
            <div
              key={row.id}
              id={`${id}${row.id}`}
              className={styles['row']}
              role="option"
              aria-selected={row.id === selected}
              aria-posinset={first + index + 1}
              aria-setsize={rows.length}
              data-kind={row.kind}
              onClick={() => choose(first + index)}
            >
              {row.kind === 'event' ? <EventLine row={row} /> : <GapLine row={row} />}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}

function EventLine({ row: { event } }: { readonly row: EventRow }): ReactElement {
  return (
    <>
      <span className={styles['offset']}>{event.offset}</span>
      <time dateTime={event.timestamp}>{timeOf(event.timestamp)}</time>
      <span className={styles['type']} data-tone={toneOf(event.type)} title={event.type}>
        {event.type}
      </span>
      <span className={styles['brief']}>
        {event.key !== undefined && <b>{event.key} </b>}
        {briefOf(event)}
      </span>
    </>
  );
}

function GapLine({ row: { gap } }: { readonly row: GapRow }): ReactElement {
  return (
    <span className={styles['gap']} data-tone="warn">
      <b>Gap</b> {reasonOf(gap)}
    </span>
  );
}

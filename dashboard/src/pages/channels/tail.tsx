/**
 * A channel as it goes on. The newest events are kept, so memory is bounded however fast they come; the page renders at
 * most once a frame. Paused, the list stands still, and what comes is counted.
 */
import type { ChannelView } from 'headway-react';
import { count, rate } from 'headway-react/words';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { ReactElement } from 'react';

import { Icon } from '../../icons.js';
import { Filters } from './filters.js';
import { List } from './list.js';
import styles from './opened.module.css';
import { joined } from './read.js';
import type { Read } from './read.js';
import { rowsOf } from './row.js';
import type { Filter, Row } from './row.js';

/** Twice as many are in memory for moments. A thousand in a second pass by in two. */
export const KEPT = 2_000;
const PACE_MS = 1_000;

export interface EventsProps {
  readonly name: string;
  readonly filter: Filter;
  readonly changeFilter: (filter: Filter) => void;
  readonly selected: string | undefined;
  readonly select: (row: Row | undefined) => void;
}

export interface TailProps extends EventsProps {
  readonly view: ChannelView;
  readonly read: Read;
}

export function Tail({ name, view, read, filter, changeFilter, selected, select }: TailProps): ReactElement {
  const [held, setHeld] = useState<ChannelView>();
  const shown = held ?? view;
  const events = useMemo(() => joined(read, shown.events, KEPT), [read, shown.events]);
  const gaps = useMemo(() => [...read.gaps, ...shown.gaps], [read.gaps, shown.gaps]);
  const types = useTypes(events);
  const rows = useMemo(
    // A gap before all that is kept is not beside anything any more.
    () => rowsOf(events, gaps, filter).filter((row, place) => row.kind === 'event' || place > 0 || events.length < KEPT),
    [events, gaps, filter],
  );
  const newer = held === undefined ? 0 : Math.max(0, offsetOf(view) - offsetOf(held));
  const pace = usePace(view);
  const hold = (): void => setHeld((now) => now ?? view);
  const follow = (): void => {
    setHeld(undefined);
    select(undefined);
  };
  const filtered = filter.text.trim() !== '' || filter.type !== undefined;
  return (
    <section className="card" aria-labelledby="events">
      <div className="card-head">
        <h2 id="events">Events</h2>
        <div className={styles['tools']}>
          <Filters types={types} filter={filter} change={changeFilter} />
          <button type="button" className={styles['follow']} data-held={held !== undefined} onClick={held === undefined ? hold : follow}>
            <Icon name={held === undefined ? 'pause' : 'follow'} size={18} />
            {held === undefined ? 'Pause' : 'Follow'}
          </button>
        </div>
      </div>
      <List
        rows={rows}
        label={`Events of ${name}, the newest last`}
        following={held === undefined}
        selected={selected}
        select={select}
        hold={hold}
        empty={events.length > 0 && filtered ? 'None of the events is what the filter asks for.' : 'Nothing has been published here yet. It appears at once.'}
      />
      <p className={styles['foot']}>
        <span className="numbers">
          {filtered ? `${count(rows.length)} of ` : ''}
          {events.length >= KEPT ? `the newest ${count(events.length)}` : count(events.length)} {events.length === 1 ? 'event' : 'events'}
        </span>
        <span className="numbers">{held === undefined ? (pace === 0 ? 'quiet' : rate(pace, 'events')) : `paused · ${count(newer)} newer`}</span>
      </p>
    </section>
  );
}

function offsetOf({ position }: ChannelView): number {
  return Number(position?.split('.')[1] ?? 0);
}

/** Names in order; the same array as long as they are the same. */
export function useTypes(events: ChannelView['events']): readonly string[] {
  const key = JSON.stringify([...new Set(events.map(({ type }) => type))].sort());
  return useMemo(() => JSON.parse(key) as string[], [key]);
}

/** Events in a second, as of the last second. */
function usePace(view: ChannelView): number {
  const latest = useRef(view);
  useEffect(() => {
    latest.current = view;
  }, [view]);
  const [pace, setPace] = useState(0);
  useEffect(() => {
    let before: { readonly epoch: string | undefined; readonly offset: number; readonly at: number } | undefined;
    const timer = setInterval(() => {
      const { position } = latest.current;
      const now = { epoch: position?.split('.')[0], offset: offsetOf(latest.current), at: performance.now() };
      const same = before !== undefined && before.epoch === now.epoch;
      setPace(same && before !== undefined ? Math.max(0, ((now.offset - before.offset) * 1_000) / (now.at - before.at)) : 0);
      before = now;
    }, PACE_MS);
    return () => clearInterval(timer);
  }, []);
  return pace;
}

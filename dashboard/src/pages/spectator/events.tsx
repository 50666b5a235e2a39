import type { Event } from 'headway-client';
import type { ChannelView } from 'headway-react';
import { count, timeOf } from 'headway-react/words';
import type { ReactElement } from 'react';

import styles from './events.module.css';

/** What is part of every event, or said beside it. */
const OWN = new Set(['type', 'channel', 'offset', 'position', 'timestamp', 'key']);
const LONGEST = 600;

/** A channel that is no task's: the latest event of each key, and the newest events. */
export function Events({ channel, view }: { readonly channel: string; readonly view: ChannelView }): ReactElement {
  const { events, state, error, status } = view;
  return (
    <div className={styles['channel']}>
      <h1>{channel}</h1>
      {error !== undefined && (
        <p className="card" role="alert">
          This channel cannot be watched: {error.message}
        </p>
      )}
      {state.size > 0 && (
        <section className="card" aria-labelledby="state">
          <h2 id="state">State</h2>
          <ul className={styles['events']} aria-label="The latest event of each key">
            {[...state.values()].map((event) => (
              <Row key={event.key} event={event} name={event.key ?? ''} />
            ))}
          </ul>
        </section>
      )}
      <section className="card" aria-labelledby="events">
        <div className="card-head">
          <h2 id="events">Events</h2>
          <span className="soft small numbers">{count(events.length)} since you are here</span>
        </div>
        {events.length === 0 && error === undefined && (
          <p className="soft">{status === 'live' ? 'Nothing has been published since you are here.' : 'Connecting…'}</p>
        )}
        <ol className={styles['events']} aria-label="The newest events">
          {[...events].reverse().map((event) => (
            <Row key={event.position} event={event} name={event.type} />
          ))}
        </ol>
      </section>
    </div>
  );
}

function Row({ event, name }: { readonly event: Event; readonly name: string }): ReactElement {
  const fields = Object.fromEntries(Object.entries(event).filter(([field]) => !OWN.has(field)));
  const text = JSON.stringify(fields);
  return (
    <li>
      <time dateTime={event.timestamp}>{timeOf(event.timestamp)}</time>
      <b>{name}</b>
      <code>{text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text}</code>
    </li>
  );
}

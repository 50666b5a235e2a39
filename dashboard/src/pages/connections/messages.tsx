/** The last messages that passed, without what they held. Shown when it is opened: a busy server passes many. */
import { count, timeOf } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { useRecord } from '../../records.js';
import { bytes, transportName } from './records.js';
import styles from './table.module.css';

const EVERY_MS = 2_000;
const SHOWN = 50;

interface Message {
  readonly time: string;
  readonly direction: 'in' | 'out';
  readonly transport: string;
  readonly session: string | null;
  readonly type: string;
  readonly channel: string | null;
  readonly size: number;
  readonly events?: number;
  readonly readers?: number;
}

interface Messages {
  readonly messages: readonly Message[];
  readonly kept: number;
  readonly passed: number;
}

export function Messages(): ReactElement {
  const [held, setHeld] = useState(false);
  const [channel, setChannel] = useState('');
  const [type, setType] = useState('');
  const query = new URLSearchParams({ limit: String(SHOWN) });
  for (const [name, value] of [['channel', channel.trim()], ['type', type.trim()]] as const) {
    if (value !== '') {
      query.set(name, value);
    }
  }
  const { data, error } = useRecord<Messages>(`api/debug/messages?${query}`, { every: held ? undefined : EVERY_MS });
  return (
    <section className="card" aria-labelledby="messages">
      <div className="card-head">
        <div>
          <h2 id="messages">Last messages</h2>
          <p className="soft small">
            {data === undefined ? 'Asking…' : `${count(data.passed)} since the start, ${count(data.kept)} kept; never what they said`}
          </p>
        </div>
        <div className={styles['filters']}>
          <label className={styles['field']}>
            <span className="unseen">Only of this channel</span>
            <input type="search" placeholder="Channel" value={channel} autoComplete="off" spellCheck={false} onChange={(event) => setChannel(event.currentTarget.value)} />
          </label>
          <label className={styles['field']}>
            <span className="unseen">Only of this type</span>
            <input type="search" placeholder="Type" value={type} autoComplete="off" spellCheck={false} onChange={(event) => setType(event.currentTarget.value)} />
          </label>
          <button type="button" className="quiet-button" aria-pressed={held} onClick={() => setHeld(!held)}>
            Hold
          </button>
        </div>
      </div>
      {error !== null && <p role="alert">{error.message}</p>}
      <div className={`${styles['scroll']} ${styles['low']}`} role="region" aria-label="Last messages, as a table" tabIndex={0}>
        <table className={styles['table']} data-dense>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Way</th>
              <th scope="col">Type</th>
              <th scope="col">Channel</th>
              <th scope="col">Transport</th>
              <th scope="col" className={styles['number']}>Size</th>
              <th scope="col" className={styles['number']}>Events</th>
              <th scope="col" className={styles['number']}>Readers</th>
            </tr>
          </thead>
          <tbody>
            {(data?.messages ?? []).map((one, index) => (
              // They have no names of their own, and only the newest is new.
              <tr key={(data?.passed ?? 0) - index}>
                <td data-label="Time"><time dateTime={one.time}>{timeOf(one.time)}</time></td>
                <td data-label="Way">{one.direction === 'in' ? '← in' : '→ out'}</td>
                <td data-label="Type" className="mono">{one.type}</td>
                <td data-label="Channel" className="mono">{one.channel ?? '–'}</td>
                <td data-label="Transport">{transportName(one.transport)}</td>
                <td data-label="Size" className={styles['number']}>{bytes(one.size)}</td>
                <td data-label="Events" className={styles['number']}>{one.events ?? '–'}</td>
                <td data-label="Readers" className={styles['number']}>{one.readers ?? '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {data?.messages.length === 0 && <p className="soft">No message is like that.</p>}
    </section>
  );
}

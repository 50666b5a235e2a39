import type { ReactElement } from 'react';

import { useRecord } from '../../../records.js';
import { pathOf } from '../asking.js';
import styles from '../monitor.module.css';
import { Note, Word } from '../parts.js';
import { dateOf, ended, saidBy } from '../words.js';
import own from './settings.module.css';

interface Alert {
  readonly number: number;
  readonly channel: string | null;
  readonly title: string;
  readonly status: 'sent' | 'waiting' | 'given_up';
  readonly madeAt: number;
  readonly dueAt: number;
  readonly sentAt: number | null;
  readonly tries: number;
  readonly error: string | null;
}

const LIMIT = 20;

/** What was sent, waits, or was given up. */
export function Sent(): ReactElement {
  const { data, error } = useRecord<{ readonly alerts: readonly Alert[] }>(`${pathOf('monitor', 'alerts', 'history')}?limit=${LIMIT}`, { every: 15_000 });
  const alerts = data?.alerts ?? [];
  return (
    <section className="card" aria-labelledby="sent">
      <div className="card-head">
        <h2 id="sent">Last alerts</h2>
      </div>
      {error !== null && <Note tone="bad">{saidBy(error)}</Note>}
      {data !== undefined && alerts.length === 0 && <p className="soft">None was made yet.</p>}
      <ul className={own['list']}>
        {alerts.map((alert) => (
          <li key={alert.number} className={own['line']}>
            <Word tone={alert.status === 'sent' ? 'good' : alert.status === 'waiting' ? 'busy' : 'bad'}>{alert.status === 'sent' ? 'Sent' : alert.status === 'waiting' ? 'Waits' : 'Given up'}</Word>
            <b>{alert.title}</b>
            <span className={`soft small numbers ${styles['named']}`}>{[alert.channel ?? '', dateOf(alert.sentAt ?? alert.madeAt), alert.status === 'waiting' && alert.dueAt > alert.madeAt ? `due ${dateOf(alert.dueAt)}` : ''].filter(Boolean).join(' · ')}</span>
            {alert.error && alert.status !== 'sent' && <span className="small">{ended(alert.error)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

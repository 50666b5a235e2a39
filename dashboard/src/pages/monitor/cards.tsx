/** The cards of all applications. Every line has its place, so that nothing moves. */
import { memo } from 'react';
import type { ReactElement } from 'react';

import { Link } from '../../shell/link.js';
import styles from './cards.module.css';
import type { Card } from './fleet.js';
import { SlaWord, StatusWord } from './parts.js';
import { Sparkline } from './sparkline.js';
import { ago, applicationPath, kindWords, percentWords, resultWords, statusWords, took } from './words.js';

export interface CardsProps {
  readonly cards: readonly Card[];
  readonly left: ReadonlySet<string>;
  readonly now: number;
}

export function Cards({ cards, left, now }: CardsProps): ReactElement {
  return (
    <ul className={styles['cards']} aria-label="Applications">
      {cards.map((card) => (
        <One key={card.application.id} card={card} left={left.has(card.application.id)} now={now} />
      ))}
    </ul>
  );
}

const One = memo(function One({ card: { application, trail }, left, now }: { readonly card: Card; readonly left: boolean; readonly now: number }): ReactElement {
  const { id, displayName, name, environment, category, status, responseTime, uptime, slaStatus, sla, lastTest, lastTested, lastChecked, message } = application;
  const [, tone] = statusWords(status);
  const test = lastTest == null ? undefined : resultWords(lastTest.status);
  return (
    <li className={styles['card']} data-tone={tone} data-status={status} data-left={left} data-application={name}>
      <h3>
        <Link to={applicationPath(id)} title={displayName}>
          {displayName || name}
        </Link>
      </h3>
      <p className={styles['head']}>
        <StatusWord status={status} />
        <span className={styles['about']}>{[environment, category].filter(Boolean).join(' · ')}</span>
      </p>
      <div className={styles['time']}>
        <span className={styles['took']} title="Response time">
          <span className="unseen">Response time </span>
          {took(responseTime)}
        </span>
        <Sparkline values={trail} className={styles['spark']} />
      </div>
      <dl className={styles['figures']}>
        <div>
          <dt>Uptime 24 h</dt>
          <dd>{percentWords(uptime?.['24h'])}</dd>
        </div>
        <div>
          <dt>SLA {application.slaTarget} %</dt>
          <dd>
            <SlaWord status={slaStatus ?? sla?.status} />
          </dd>
        </div>
      </dl>
      <p className={styles['foot']} title={message ?? undefined}>
        {status === 'unconfigured'
          ? 'Nothing to check: it has no health check and no login test'
          : test === undefined
            ? `Not tested yet · checked ${ago(lastChecked, now)}`
            : `${kindWords(lastTest?.kind ?? '')} ${test[0].toLowerCase()} ${ago(lastTested, now)}`}
      </p>
    </li>
  );
});

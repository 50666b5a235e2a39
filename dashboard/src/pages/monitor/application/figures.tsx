/** Uptime over each window, and what is left of what was promised. */
import { duration } from 'headway-react/words';
import type { ReactElement } from 'react';

import { SlaWord } from '../parts.js';
import { WINDOWS } from '../wire.js';
import type { Application } from '../wire.js';
import { percentWords, slaWords } from '../words.js';
import styles from './figures.module.css';

export function Figures({ application }: { readonly application: Application }): ReactElement {
  const { uptime, sla, slaTarget } = application;
  return (
    <section className={`card ${styles['card']}`} aria-labelledby="uptime">
      <h2 id="uptime">Uptime and service level</h2>
      <dl className={styles['uptimes']}>
        {WINDOWS.map((window) => (
          <div key={window}>
            <dt>{window}</dt>
            <dd>{percentWords(uptime?.[window])}</dd>
          </div>
        ))}
      </dl>
      <div className={styles['sla']}>
        <p>
          <b>
            <span>Service level </span>
            <SlaWord status={sla?.status ?? application.slaStatus} />
          </b>{' '}
          <span className="soft numbers">
            {sla?.value == null ? `The target is ${slaTarget} %.` : `${percentWords(sla.value)} of a target of ${sla.target} %.`}
          </span>
        </p>
        {sla != null && sla.value !== null && sla.status !== 'unknown' && <Budget sla={sla} />}
        <p className="soft small">Maintenance and times in which nothing is known count for neither.</p>
      </div>
    </section>
  );
}

function Budget({ sla }: { readonly sla: NonNullable<Application['sla']> }): ReactElement {
  const left = Math.max(0, Math.min(1, sla.budgetLeft));
  const [, tone] = slaWords(sla.status);
  const words = left === 0 ? 'The error budget is used up' : `${Math.floor(left * 100)} % of the error budget is left`;
  return (
    <div className={styles['budget']} data-tone={tone}>
      <div className={styles['bar']} role="img" aria-label={words}>
        <i style={{ inlineSize: `${left * 100}%` }} />
      </div>
      <p className="small numbers">
        {words}: {duration(sla.budgetSeconds * left)} of {duration(sla.budgetSeconds)}
        {sla.burn == null || sla.burn === 0 ? '' : `. By the last day it goes ${sla.burn.toFixed(1)} times as fast as it may`}
      </p>
    </div>
  );
}

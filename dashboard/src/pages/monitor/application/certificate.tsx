import type { ReactElement } from 'react';

import styles from '../monitor.module.css';
import { Word } from '../parts.js';
import type { Application, Check } from '../wire.js';
import { dateOf, ended, many } from '../words.js';

const SOON = 14;

/** The certificate that the application showed at the last look. */
export function Certificate({ certificate, check }: { readonly certificate: Application['certificate']; readonly check: Check | null }): ReactElement {
  return (
    <section className="card" aria-labelledby="certificate">
      <div className="card-head">
        <h2 id="certificate">Certificate</h2>
      </div>
      {certificate == null ? (
        <p className="soft">{secure(check) ? 'None was seen yet.' : 'Its check uses no TLS, so there is none.'}</p>
      ) : (
        <dl className={styles['facts']}>
          <div>
            <dt>Ends</dt>
            <dd>
              <Word tone={certificate.daysLeft < 0 ? 'bad' : certificate.daysLeft < SOON ? 'warn' : 'good'}>
                {certificate.daysLeft < 0 ? `Expired ${many(Math.ceil(-certificate.daysLeft), 'day')} ago` : `${many(Math.floor(certificate.daysLeft), 'day')} left`}
              </Word>
              <span className={styles['below']}>{dateOf(certificate.notAfter)}</span>
            </dd>
          </div>
          <div>
            <dt>Issued by</dt>
            <dd>{certificate.issuer ?? '–'}</dd>
          </div>
          <div>
            <dt>Chain</dt>
            <dd>{certificate.problem ? <Word tone="bad">{ended(certificate.problem.replaceAll('_', ' '))}</Word> : 'Nothing is wrong with it'}</dd>
          </div>
        </dl>
      )}
    </section>
  );
}

function secure(check: Check | null): boolean {
  return check?.kind === 'tls' || (check?.kind === 'http' && String(check['url']).startsWith('https:'));
}

/** What the application is, as it is written. */
import type { ReactElement } from 'react';

import styles from '../monitor.module.css';
import type { Application, Check, Definition, Login } from '../wire.js';
import { dateOf, everyWords, many } from '../words.js';
import own from './definition.module.css';

const FIELDS = ['name', 'displayName', 'environment', 'category', 'tags', 'priority', 'isActive', 'public', 'owner', 'slaTarget', 'healthCheck', 'loginTest', 'alertThresholds', 'maintenance'] as const;

/** Of an application what people write of it. */
export function definitionOf(application: Application): Definition {
  return Object.fromEntries(FIELDS.filter((name) => application[name] !== undefined).map((name) => [name, application[name]])) as unknown as Definition;
}

export function Defined({ application }: { readonly application: Application }): ReactElement {
  const { name, owner, priority, healthCheck, loginTest, alertThresholds, managedBy, updatedAt, isActive } = application;
  const facts: readonly (readonly [string, string])[] = [
    ['Name', name],
    ['Owner', [owner.team, owner.email].filter(Boolean).join(', ') || 'nobody is named'],
    ['Priority', priority],
    ['Health check', healthCheck === null ? 'none' : checkWords(healthCheck)],
    ['Login test', loginTest === null ? 'none' : loginWords(loginTest)],
    ['Error', `after ${many(alertThresholds.consecutiveFailures ?? 2, 'failed look')}, healthy again after ${many(alertThresholds.recoveries ?? 2, 'good one')}`],
    ['Status page', application.public === true ? 'shown to everybody' : 'not shown'],
    ['Watched', isActive ? 'yes' : 'no: it is paused'],
    ['Changed', `${dateOf(updatedAt)}, kept ${managedBy === 'file' ? 'in a file' : 'by this server'}`],
  ];
  return (
    <section className="card" aria-labelledby="definition">
      <div className="card-head">
        <h2 id="definition">Definition</h2>
      </div>
      <dl className={styles['facts']}>
        {facts.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <details className={styles['more']}>
        <summary>All of it</summary>
        <pre className={own['whole']} tabIndex={0}>
          {JSON.stringify(definitionOf(application), null, 2)}
        </pre>
      </details>
    </section>
  );
}

function checkWords(check: Check): string {
  const text = (name: string): string => String(check[name] ?? '');
  const every = typeof check['interval'] === 'number' ? `, every ${everyWords(check['interval'])}` : '';
  switch (check.kind) {
    case 'http':
      return `${text('method') || 'GET'} ${text('url')}${every}`;
    case 'tcp':
      return `a connection to ${text('host')}:${text('port')}${every}`;
    case 'tls':
      return `the certificate of ${text('host')}:${text('port') || '443'}${every}`;
    case 'dns':
      return `${text('type') || 'A'} of ${text('name')}${every}`;
    case 'push':
      return `it tells of itself${every}`;
  }
}

function loginWords(login: Login): string {
  const steps = login.steps?.length ?? 0;
  return `${login.url}, ${steps === 0 ? 'its form, without a browser' : `${many(steps, 'step')} in a browser`}`;
}

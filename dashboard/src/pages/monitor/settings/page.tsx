/** What the monitor does by itself, and with what it is filled. */
import type { ReactElement } from 'react';

import { go, usePlace } from '../../../address.js';
import { useSession } from '../../../session.js';
import styles from '../monitor.module.css';
import { Places } from '../parts.js';
import { Alerts } from './alerts.js';
import { Exchange } from './exchange.js';
import { PublicPage } from './public-page.js';
import { Schedules } from './schedules.js';
import { Webhook } from './webhook.js';

const PARTS = [
  ['alerts', 'Alerts', 'admin'],
  ['schedules', 'Schedules', 'viewer'],
  ['webhook', 'Webhook', 'admin'],
  ['exchange', 'Import and export', 'viewer'],
  ['public', 'Status page', 'viewer'],
] as const;

export default function Settings(): ReactElement {
  const { may } = useSession();
  const wanted = new URLSearchParams(usePlace().search).get('part');
  const parts = PARTS.filter(([, , needs]) => may(needs));
  const at = parts.find(([name]) => name === wanted)?.[0] ?? parts[0]?.[0];
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <h1>Monitor</h1>
          <Places at="settings" />
        </div>
      </header>
      <div className={styles['statuses']} role="group" aria-label="Part">
        {parts.map(([name, title]) => (
          <button key={name} type="button" aria-pressed={at === name} onClick={() => go(`/monitor/settings?part=${name}`, { replace: true })}>
            {title}
          </button>
        ))}
      </div>
      {at === 'alerts' && <Alerts />}
      {at === 'schedules' && <Schedules />}
      {at === 'webhook' && <Webhook />}
      {at === 'exchange' && <Exchange />}
      {at === 'public' && <PublicPage />}
    </div>
  );
}

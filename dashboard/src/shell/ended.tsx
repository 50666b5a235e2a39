import { Glyph, useConnection } from 'headway-react';
import type { ReactElement } from 'react';

import { signInHref } from '../session.js';
import styles from './ended.module.css';

/** The server has ended the connection for good: signed out elsewhere, or the time is over. What is shown is old now. */
export function Ended(): ReactElement | null {
  const { status, error } = useConnection();
  if (status !== 'offline' || error === undefined) {
    return null;
  }
  return (
    <div className={styles['ended']} role="alert" data-tone="warn">
      <Glyph tone="warn" />
      <p>
        <b>You are signed out.</b> Nothing on this page is live any more: {error.message}.
      </p>
      <a href={signInHref()}>Sign in</a>
    </div>
  );
}

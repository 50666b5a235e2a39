import type { ReactElement } from 'react';

import styles from './waiting.module.css';

/** Shown while a page is loaded. Not at once, so that nothing flashes where it is quick. */
export function Waiting(): ReactElement {
  return (
    <p className={styles['waiting']} role="status">
      Loading…
    </p>
  );
}

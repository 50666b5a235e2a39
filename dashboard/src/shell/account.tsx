import type { ReactElement } from 'react';

import { Icon } from '../icons.js';
import { useSession } from '../session.js';
import styles from './account.module.css';
import { tell } from './notices.js';

/** Who looks, and the way out. Where nobody signs in there is neither. */
export function Account(): ReactElement | null {
  const { me, open, signOut } = useSession();
  if (open) {
    return null;
  }
  const leave = (): void => {
    signOut().catch((error: unknown) =>
      tell({ tone: 'bad', title: 'Not signed out', detail: error instanceof Error ? error.message : String(error) }),
    );
  };
  return (
    <div className={styles['account']}>
      <span className={styles['who']} title={me.user ?? undefined}>
        <span className={styles['name']}>{me.user ?? 'by a token'}</span>
        <span className={styles['role']}>{me.role}</span>
      </span>
      <button type="button" className="icon-button" aria-label="Sign out" title="Sign out" onClick={leave}>
        <Icon name="out" />
      </button>
    </div>
  );
}

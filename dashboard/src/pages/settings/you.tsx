import type { ReactElement } from 'react';

import { useSession } from '../../session.js';
import type { Role } from '../../session.js';
import styles from './page.module.css';
import { Patterns, dateOf } from './words.js';

const MAY: Readonly<Record<Role, string>> = {
  viewer: 'watch',
  operator: 'watch, and pause, resume and cancel work',
  admin: 'watch, control work, and administer the server',
};

/** Who looks at the page, and what that covers. */
export function You(): ReactElement {
  const { me, open } = useSession();
  return (
    <section className="card" aria-labelledby="you">
      <div className="card-head">
        <h2 id="you">You</h2>
      </div>
      <dl className={styles['facts']}>
        <dt>Known as</dt>
        <dd>{open ? 'nobody in particular: this server is open, and everybody who reaches it is an administrator' : (me.user ?? 'the holder of a token')}</dd>
        <dt>Role</dt>
        <dd>
          {me.role}: may {MAY[me.role]}
        </dd>
        <dt>Reads</dt>
        <dd>
          <Patterns of={me.channels} />
        </dd>
        <dt>Publishes to</dt>
        <dd>
          <Patterns of={me.publish} />
        </dd>
        {!open && (
          <>
            <dt>Until</dt>
            <dd>{me.expires === null ? 'no end' : `${dateOf(me.expires * 1_000)}; then sign in again`}</dd>
          </>
        )}
      </dl>
    </section>
  );
}

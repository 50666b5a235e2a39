/** Who one is here, what the server runs with, who signs in, what is shared, and who did what. */
import { useEffect, useRef } from 'react';
import type { ReactElement } from 'react';

import { usePlace } from '../../address.js';
import { useSession } from '../../session.js';
import type { Role } from '../../session.js';
import { Link } from '../../shell/link.js';
import { Audit } from './audit.js';
import styles from './page.module.css';
import { Server } from './server.js';
import { Shares } from './shares.js';
import { Simulator } from './simulator.js';
import { Users } from './users.js';
import { You } from './you.js';

interface Section {
  readonly name: string;
  readonly title: string;
  readonly needs: Role;
  readonly Part: () => ReactElement | null;
}

const SECTIONS: readonly Section[] = [
  { name: 'you', title: 'You', needs: 'viewer', Part: You },
  { name: 'server', title: 'Server', needs: 'admin', Part: Server },
  { name: 'users', title: 'Users', needs: 'admin', Part: Users },
  { name: 'shares', title: 'Share links', needs: 'admin', Part: Shares },
  { name: 'audit', title: 'Audit trail', needs: 'admin', Part: Audit },
];

export default function Settings(): ReactElement {
  const { may } = useSession();
  const { search } = usePlace();
  const wanted = new URLSearchParams(search).get('section');
  const allowed = SECTIONS.filter(({ needs }) => may(needs));
  const shown = allowed.find(({ name }) => name === wanted) ?? allowed[0];
  const nav = useRef<HTMLElement>(null);
  useEffect(() => {
    nav.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [shown?.name]);
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <h1>Settings</h1>
      </header>
      <Simulator />
      {allowed.length > 1 && (
        <nav className={styles['sections']} aria-label="Settings" ref={nav}>
          <ul>
            {allowed.map(({ name, title }) => (
              <li key={name}>
                <Link to={`/settings?section=${name}`} aria-current={name === shown?.name ? 'true' : undefined}>
                  {title}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
      )}
      {shown !== undefined && <shown.Part />}
    </div>
  );
}

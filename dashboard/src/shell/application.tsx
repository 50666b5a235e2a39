/** The frame around every page: where one can go, how the connection is, what was told, and who looks. */
import { ConnectionStatus } from 'headway-react';
import { Suspense, useEffect, useRef } from 'react';
import type { ReactElement } from 'react';

import { match, usePlace } from '../address.js';
import { PAGES } from '../pages/table.js';
import type { PageEntry } from '../pages/table.js';
import { useSession } from '../session.js';
import { Account } from './account.js';
import styles from './application.module.css';
import { Brand } from './brand.js';
import { Bell, Corner } from './corner.js';
import { Ended } from './ended.js';
import { Fallible } from './fallible.js';
import { Link } from './link.js';
import { Navigation } from './navigation.js';
import { Scheme } from './scheme.js';
import { Skip, focusContent } from './skip.js';
import { Waiting } from './waiting.js';
import { Watching } from './watching.js';

export function Application(): ReactElement {
  const { path } = usePlace();
  const entry = entryOf(path);
  return (
    <div className={styles['application']}>
      <Skip />
      <header className={styles['top']}>
        <Brand />
        <div className={styles['tools']}>
          <ConnectionStatus className={styles['connection']} notices={false} />
          <Bell />
          <Scheme />
          <Account />
        </div>
      </header>
      <Navigation under={entry?.page.under} />
      <main id="content" className={styles['main']} tabIndex={-1}>
        <Ended />
        <Shown path={path} entry={entry} />
      </main>
      <Corner />
      <Watching />
    </div>
  );
}

interface Entry {
  readonly page: PageEntry;
  readonly params: Readonly<Record<string, string>>;
}

function entryOf(path: string): Entry | undefined {
  for (const page of PAGES) {
    const params = match(page.pattern, path);
    if (params !== undefined) {
      return { page, params };
    }
  }
  return undefined;
}

function Shown({ path, entry }: { readonly path: string; readonly entry: Entry | undefined }): ReactElement {
  const { may, me } = useSession();
  const allowed = entry !== undefined && may(entry.page.needs);
  const title = entry?.page.title ?? 'Not found';
  useTitle(title, path);
  if (entry === undefined) {
    return <Nowhere title="There is no such page" text="The address may be misspelled, or of another version." />;
  }
  if (!allowed) {
    return <Nowhere title="Not for you to see" text={`This page takes the role ${entry.page.needs}.`} />;
  }
  const { Page, app } = entry.page;
  if (app !== undefined && me.apps?.includes(app) !== true) {
    return <Nowhere title="Not on this server" text={`It runs without the application ${app}.`} />;
  }
  return (
    // Keyed by its pattern: another task is the same page, another page is a fresh start.
    <Fallible key={entry.page.pattern}>
      <Suspense fallback={<Waiting />}>
        <Page params={entry.params} />
      </Suspense>
    </Fallible>
  );
}

/** A new page has a new title, and who uses a keyboard begins at its top. */
function useTitle(title: string, path: string): void {
  const before = useRef(path);
  useEffect(() => {
    document.title = title === 'Overview' ? 'Headway' : `${title} · Headway`;
    if (before.current !== path) {
      before.current = path;
      focusContent({ preventScroll: true });
    }
  }, [title, path]);
}

function Nowhere({ title, text }: { readonly title: string; readonly text: string }): ReactElement {
  return (
    <div className="card">
      <h1>{title}</h1>
      <p className="soft">{text}</p>
      <p>
        <Link to="/">To the overview</Link>
      </p>
    </div>
  );
}

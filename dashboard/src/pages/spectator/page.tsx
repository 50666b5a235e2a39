/** What a share link opens: one channel, and nothing of the rest. */
import { useQuery } from '@tanstack/react-query';
import type { HeadwayError } from 'headway-client';
import { ConnectionStatus, useChannel, useHeadway } from 'headway-react';
import { useEffect, useMemo } from 'react';
import type { ReactElement } from 'react';

import { SessionContext, covers, signInHref } from '../../session.js';
import type { Me, Session } from '../../session.js';
import { Brand } from '../../shell/brand.js';
import { Bell, Corner } from '../../shell/corner.js';
import { Scheme } from '../../shell/scheme.js';
import { Skip } from '../../shell/skip.js';
import { Waiting } from '../../shell/waiting.js';
import { useInterruptions } from '../../shell/watching.js';
import { Watched } from '../task/watched.js';
import { Events } from './events.js';
import styles from './page.module.css';

export default function Spectator({ channel }: { readonly channel: string }): ReactElement {
  const client = useHeadway();
  const me = useQuery<Me, HeadwayError>({
    queryKey: ['api/me', 'spectator'],
    queryFn: async () => (await client.command('api/me', { method: 'GET', patience: 3_000 })) as Me,
  });
  const session = useMemo<Session | undefined>(
    () =>
      me.data && {
        me: me.data,
        open: true,
        // A link is for watching, whoever has it.
        may: (role) => covers('viewer', role),
        reads: (name) => name === channel,
        signOut: () => Promise.resolve(),
      },
    [me.data, channel],
  );
  useInterruptions();
  useEffect(() => {
    document.title = `${channel} · Headway`;
  }, [channel]);
  return (
    <div className={styles['spectator']}>
      <Skip />
      <header className={styles['top']}>
        <Brand plain />
        <div className={styles['tools']}>
          <ConnectionStatus notices={false} />
          <Bell />
          <Scheme />
        </div>
      </header>
      <main id="content" className={styles['main']} tabIndex={-1}>
        {session !== undefined ? (
          <SessionContext value={session}>
            <Shown channel={channel} />
          </SessionContext>
        ) : me.error === null ? (
          <Waiting />
        ) : (
          <Refused error={me.error} />
        )}
      </main>
      <footer className={styles['foot']}>{me.data !== undefined && untilOf(me.data)}</footer>
      <Corner />
    </div>
  );
}

function Shown({ channel }: { readonly channel: string }): ReactElement {
  const view = useChannel(channel, { keep: 100 });
  // A task may write to a channel of any name; its state says which task it is.
  const told = view.state.get('task')?.['task'];
  const task = channel.startsWith('task:') ? channel.slice('task:'.length) : typeof told === 'string' ? told : undefined;
  return task === undefined ? <Events channel={channel} view={view} /> : <Watched id={task} alone />;
}

function Refused({ error }: { readonly error: HeadwayError }): ReactElement {
  return (
    <div className="card" role="alert">
      <h1>This link opens nothing</h1>
      <p className="soft">
        It has expired, was revoked, or is not whole. Ask whoever gave it to you for another one. ({error.message})
      </p>
      <p>
        <a href={signInHref()}>Sign in</a>
      </p>
    </div>
  );
}

function untilOf({ user, expires }: Me): string {
  if (user !== null) {
    return `Signed in as ${user}`;
  }
  if (expires === null) {
    return 'Watching';
  }
  const until = new Date(expires * 1_000).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
  return `Watching by a link, until ${until}`;
}

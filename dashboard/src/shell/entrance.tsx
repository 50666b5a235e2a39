/** The way in: who is known goes on, who is not is led to the page to sign in, or asked for a token. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { HeadwayError } from 'headway-client';
import { useHeadway } from 'headway-react';
import { useEffect, useMemo } from 'react';
import type { ReactElement, ReactNode, SubmitEvent } from 'react';

import { covered } from '../patterns.js';
import { queries, useRecord } from '../records.js';
import { SessionContext, covers, signInHref } from '../session.js';
import type { Me, Session } from '../session.js';
import { Brand } from './brand.js';
import styles from './entrance.module.css';
import { Waiting } from './waiting.js';

interface Ways {
  readonly open: boolean;
  readonly sign_in: boolean;
}

export interface EntranceProps {
  readonly onToken: (token: string) => void;
  readonly children: ReactNode;
}

export function Entrance({ onToken, children }: EntranceProps): ReactElement {
  const client = useHeadway();
  const ways = useRecord<Ways>('api/sign-in');
  const me = useQuery<Me, HeadwayError>({
    // With another client it is asked anew: that one has another token.
    queryKey: ['api/me', useIdOf(client)],
    queryFn: async () => (await client.command('api/me', { method: 'GET', patience: 3_000 })) as Me,
  });
  const unknown = me.error?.code === 'unauthorized';
  const elsewhere = unknown && ways.data?.sign_in === true;
  useEffect(() => {
    if (elsewhere) {
      location.replace(signInHref());
    }
  }, [elsewhere]);
  const session = useMemo(
    () => (me.data === undefined || ways.data === undefined ? undefined : sessionOf(me.data, ways.data.open, client)),
    [me.data, ways.data, client],
  );
  if (session !== undefined) {
    return <SessionContext value={session}>{children}</SessionContext>;
  }
  if (unknown && ways.data?.sign_in === false) {
    return <TokenForm onToken={onToken} refused={me.error?.message ?? ''} />;
  }
  const error = unknown ? null : (me.error ?? ways.error);
  return error === null ? <Waiting /> : <NotReached error={error} again={() => void queries.invalidateQueries()} />;
}

const ids = new WeakMap<object, number>();
let lastId = 0;

function useIdOf(thing: object): number {
  return useMemo(() => {
    const id = ids.get(thing) ?? (lastId += 1);
    ids.set(thing, id);
    return id;
  }, [thing]);
}

function sessionOf(me: Me, open: boolean, client: ReturnType<typeof useHeadway>): Session {
  return {
    me,
    open,
    may: (role) => covers(me.role, role),
    reads: (channel) => covered(channel, me.channels),
    signOut: async () => {
      await client.command('api/sign-out', { patience: 5_000 });
      // So that nothing that was shown to one is left for the next.
      location.reload();
    },
  };
}

function TokenForm({ onToken, refused }: { onToken: (token: string) => void; refused: string }): ReactElement {
  const submit = (event: SubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    onToken(String(new FormData(event.currentTarget).get('token') ?? '').trim());
  };
  return (
    <main className={styles['entrance']}>
      <Brand />
      <form className="card" onSubmit={submit} aria-labelledby="entrance-title">
        <h1 id="entrance-title">A token is needed</h1>
        <p className="soft">
          Nobody signs in here with a password. Whoever runs the server can make you a token with{' '}
          <code>headway token</code>, or let you sign in with <code>headway user add</code>.
        </p>
        <p role="alert" data-tone="bad" className={styles['refused']}>
          {refused}
        </p>
        <label htmlFor="token">Token</label>
        <input id="token" name="token" type="password" required autoComplete="off" spellCheck={false} autoFocus />
        <Button type="submit">Open</Button>
      </form>
    </main>
  );
}

function NotReached({ error, again }: { error: HeadwayError; again: () => void }): ReactElement {
  return (
    <main className={styles['entrance']}>
      <Brand />
      <div className="card" role="alert">
        <h1>The server does not answer</h1>
        <p className="soft">{error.message}</p>
        <Button onClick={again}>Try again</Button>
      </div>
    </main>
  );
}

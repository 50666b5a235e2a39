/** Those who sign in with a password. Whoever is changed or removed is signed out everywhere; it says so before. */
import { Button } from '@mantine/core';
import { useHeadway } from 'headway-react';
import { count } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { queries, useRecord } from '../../records.js';
import { ROLES, useSession } from '../../session.js';
import type { Role } from '../../session.js';
import { tell } from '../../shell/notices.js';
import styles from './page.module.css';
import { Sure } from './sure.js';
import { Explained, PATIENCE_MS, Patterns, Said, Trouble, dateOf, patternsOf, saidBy } from './words.js';
import type { Outcome } from './words.js';

const PATH = 'api/users';
const LEAST = 8;

interface User {
  readonly user: string;
  readonly role: Role;
  readonly channels: readonly string[];
  readonly publish: readonly string[];
  readonly created: string;
}

const again = (): void => void queries.invalidateQueries({ queryKey: [PATH] });

export function Users(): ReactElement {
  const { data, error } = useRecord<{ readonly users: readonly User[] }>(PATH, { every: 15_000 });
  const [adding, setAdding] = useState(false);
  const [changing, setChanging] = useState<string>();
  if (error?.code === 'not_set_up') {
    return <NoUsers why={error.message} />;
  }
  if (error !== null && data === undefined) {
    return <Trouble error={error} />;
  }
  const users = data?.users ?? [];
  return (
    <div className={styles['stack']}>
      <section className="card" aria-labelledby="users">
        <div className="card-head">
          <div>
            <h2 id="users">Users</h2>
            <p className="soft small">Those who sign in with a password. A change or a removal signs them out everywhere.</p>
          </div>
          <Button variant={adding ? 'default' : 'filled'} aria-expanded={adding} onClick={() => setAdding(!adding)}>
            {adding ? 'Close' : 'Add a user'}
          </Button>
        </div>
        {adding && <Form done={() => setAdding(false)} />}
        {data !== undefined && users.length === 0 && <p className="soft">Nobody signs in with a password yet.</p>}
        {users.length > 0 && (
          <div className={styles['scroll']} role="region" aria-label="Users, as a table" tabIndex={0}>
            <table className={styles['table']}>
              <thead>
                <tr>
                  <th scope="col">User</th>
                  <th scope="col">Role</th>
                  <th scope="col">Reads</th>
                  <th scope="col">Publishes to</th>
                  <th scope="col">
                    <span className="unseen">Actions</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {users.map((user) => (
                  <Row key={user.user} user={user} changing={changing === user.user} change={setChanging} />
                ))}
              </tbody>
            </table>
          </div>
        )}
        <p className="unseen" role="status">
          {data === undefined ? '' : `${count(users.length)} users`}
        </p>
      </section>
    </div>
  );
}

interface RowProps {
  readonly user: User;
  readonly changing: boolean;
  readonly change: (name: string | undefined) => void;
}

function Row({ user, changing, change }: RowProps): ReactElement {
  const client = useHeadway();
  const { me } = useSession();
  const self = me.user === user.user;
  const remove = async (): Promise<void> => {
    try {
      await client.command(pathOf(user.user), { method: 'DELETE', patience: PATIENCE_MS });
      tell({ tone: 'good', title: `${user.user} was removed`, detail: 'and is signed out everywhere.' });
    } catch (error) {
      tell({ tone: 'bad', title: `${user.user} was not removed`, detail: saidBy(error) });
    }
    again();
  };
  return (
    <>
      <tr>
        <th scope="row">
          {user.user}
          {self && <span className="soft"> (you)</span>}
          <span className={styles['below']}>{user.created === '' ? '' : `since ${dateOf(Date.parse(user.created))}`}</span>
        </th>
        <td data-label="Role">{user.role}</td>
        <td data-label="Reads">
          <Patterns of={user.channels} />
        </td>
        <td data-label="Publishes to">
          <Patterns of={user.publish} />
        </td>
        <td className={styles['end']}>
          <button type="button" className="quiet-button" aria-expanded={changing} aria-label={`${changing ? 'Close' : 'Change'} ${user.user}`} onClick={() => change(changing ? undefined : user.user)}>
            {changing ? 'Close' : 'Change'}
          </button>
          {!self && <Sure label="Remove" of={user.user} act={remove} />}
        </td>
      </tr>
      {changing && (
        <tr>
          <td colSpan={5} data-wide>
            <Form user={user} done={() => change(undefined)} />
          </td>
        </tr>
      )}
    </>
  );
}

interface FormProps {
  /** Undefined: somebody new. */
  readonly user?: User;
  readonly done: () => void;
}

function Form({ user, done }: FormProps): ReactElement {
  const client = useHeadway();
  const { me } = useSession();
  const self = user !== undefined && me.user === user.user;
  const [outcome, setOutcome] = useState<Outcome>();
  const [busy, setBusy] = useState(false);
  const save = async (form: FormData): Promise<void> => {
    const name = user?.user ?? String(form.get('user') ?? '');
    const wanted = wantedBy(form, user);
    const mistake = mistakeIn(name, wanted, user);
    if (mistake !== undefined) {
      setOutcome({ tone: 'bad', text: mistake });
      return;
    }
    setBusy(true);
    try {
      if (user === undefined) {
        await client.command(PATH, { body: { user: name, ...wanted }, patience: PATIENCE_MS });
        tell({ tone: 'good', title: `${name} was added` });
      } else {
        await client.command(pathOf(name), { method: 'PATCH', body: wanted, patience: PATIENCE_MS });
        tell({ tone: 'good', title: `${name} was changed`, detail: 'and is signed out everywhere.' });
        if (self) {
          location.reload();
        }
      }
      again();
      done();
    } catch (error) {
      setOutcome({ tone: 'bad', text: saidBy(error) });
      setBusy(false);
    }
  };
  return (
    <form
      className={styles['form']}
      noValidate
      aria-label={user === undefined ? 'Add a user' : `Change ${user.user}`}
      onSubmit={(event) => {
        event.preventDefault();
        if (!busy) {
          void save(new FormData(event.currentTarget));
        }
      }}
    >
      {user === undefined && (
        <label className={styles['field']}>
          <span>Name</span>
          <input name="user" maxLength={64} autoComplete="off" spellCheck={false} autoFocus />
        </label>
      )}
      <label className={styles['field']}>
        <span>{user === undefined ? 'Password' : 'New password'}</span>
        <input name="password" type="password" maxLength={1_024} autoComplete="new-password" autoFocus={user !== undefined} />
        <span className="soft">{user === undefined ? `${LEAST} characters or more` : 'empty: it stays as it is'}</span>
      </label>
      {!self && (
        <label className={styles['field']}>
          <span>Role</span>
          <select name="role" defaultValue={user?.role ?? 'viewer'}>
            {ROLES.map((role) => (
              <option key={role}>{role}</option>
            ))}
          </select>
          <span className="soft">Operators control work; administrators see and change everything</span>
        </label>
      )}
      <label className={styles['field']}>
        <span>Reads channels</span>
        <textarea name="channels" rows={2} spellCheck={false} defaultValue={(user?.channels ?? ['*']).join('\n')} />
        <span className="soft">One pattern a line, such as run:*</span>
      </label>
      <label className={styles['field']}>
        <span>Publishes to channels</span>
        <textarea name="publish" rows={2} spellCheck={false} defaultValue={(user?.publish ?? []).join('\n')} />
        <span className="soft">Empty: to none</span>
      </label>
      <div className={styles['buttons']}>
        <Button type="submit" loading={busy}>
          {user === undefined ? 'Add' : self ? 'Save, and sign in again' : 'Save'}
        </Button>
        <Button variant="default" onClick={done}>
          Cancel
        </Button>
        <Said outcome={outcome} />
      </div>
    </form>
  );
}

interface Wanted {
  password?: string;
  role?: string;
  channels?: string[];
  publish?: string[];
}

/** What the form says; of somebody known only what is different. */
function wantedBy(form: FormData, user: User | undefined): Wanted {
  const text = (name: string): string => String(form.get(name) ?? '');
  const [channels, publish] = [patternsOf(text('channels')), patternsOf(text('publish'))];
  const same = (one: readonly string[], other: readonly string[]): boolean => one.join('\n') === other.join('\n');
  return {
    ...(text('password') === '' ? {} : { password: text('password') }),
    ...(form.has('role') && text('role') !== user?.role ? { role: text('role') } : {}),
    ...(user !== undefined && same(channels, user.channels) ? {} : { channels }),
    ...(user !== undefined && same(publish, user.publish) ? {} : { publish }),
  };
}

function mistakeIn(name: string, { password, ...rest }: Wanted, user: User | undefined): string | undefined {
  if (name.trim() === '') {
    return 'A user has a name.';
  }
  if (user === undefined ? (password ?? '').length < LEAST : password !== undefined && password.length < LEAST) {
    return `A password has ${LEAST} characters or more.`;
  }
  return user !== undefined && password === undefined && Object.keys(rest).length === 0 ? 'Nothing was changed.' : undefined;
}

function NoUsers({ why }: { readonly why: string }): ReactElement {
  return (
    <Explained title="Nobody signs in with a password here">
      <p>{saidBy(new Error(why))}</p>
      {why.includes('SECRET') ? (
        <>
          <p>
            This server is open: whoever reaches it is an administrator. With a secret everybody needs a token or a password. Make one,
            start the server with it, and add the first user on its machine:
          </p>
          <pre tabIndex={0}>{'(umask 077; openssl rand -base64 32 > secret)\nheadway user add ann --role admin\nheadway serve --secret-file secret'}</pre>
        </>
      ) : (
        <pre tabIndex={0}>{'headway user add ann --role admin --users users.json\nheadway serve --users users.json …'}</pre>
      )}
    </Explained>
  );
}

function pathOf(name: string): string {
  return `${PATH}/${encodeURIComponent(name)}`;
}

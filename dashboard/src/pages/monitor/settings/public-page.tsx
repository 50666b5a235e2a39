/** The page that everybody may see: whether there is one, what it is called, and which applications are on it. */
import { Button } from '@mantine/core';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { BASE, href } from '../../../address.js';
import { useRecord } from '../../../records.js';
import { useSession } from '../../../session.js';
import { Copy } from '../../../shell/copy.js';
import { tell } from '../../../shell/notices.js';
import { pathOf, refresh, useApplicationList, useAsk } from '../asking.js';
import styles from '../monitor.module.css';
import { Field, Note, Refusal } from '../parts.js';
import type { Application } from '../wire.js';
import { saidBy } from '../words.js';
import own from './settings.module.css';

interface Page {
  readonly on: boolean;
  readonly title: string;
}

interface MonitorSettings {
  readonly public?: Page;
}

export function PublicPage(): ReactElement {
  const { may } = useSession();
  const { data, error } = useRecord<MonitorSettings>(pathOf('monitor', 'settings'));
  const page = data?.public;
  return (
    <>
      <section className="card" aria-labelledby="public">
        <div className="card-head">
          <h2 id="public">Public status page</h2>
          {page?.on === true && <a href={href('/status')}>Open it</a>}
        </div>
        {error !== null && <Note tone="warn">{saidBy(error)}</Note>}
        {page !== undefined && may('admin') && <Form key={JSON.stringify(page)} page={page} />}
        {page !== undefined && !may('admin') && <p className="soft">{page.on ? 'Everybody who has its address may see it.' : 'There is none.'}</p>}
      </section>
      <Shown />
    </>
  );
}

function Form({ page }: { readonly page: Page }): ReactElement {
  const ask = useAsk();
  const [on, setOn] = useState(page.on);
  const [title, setTitle] = useState(page.title);
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const save = async (): Promise<void> => {
    setBusy(true);
    setRefusal(undefined);
    try {
      await ask('PUT', ['monitor', 'settings'], { public: { on, title: title.trim() } });
      tell({ tone: 'good', title: on ? 'The status page is there' : 'There is no status page' });
      await refresh('monitor', 'settings');
    } catch (error) {
      setRefusal(saidBy(error));
    }
    setBusy(false);
  };
  return (
    <form
      className={styles['form']}
      onSubmit={(event) => {
        event.preventDefault();
        void save();
      }}
    >
      <label className={styles['tick']}>
        <input type="checkbox" checked={on} onChange={({ currentTarget }) => setOn(currentTarget.checked)} /> Everybody may see it, without signing in
      </label>
      <Field label="Its title">
        <input value={title} maxLength={120} onChange={({ currentTarget }) => setTitle(currentTarget.value)} />
      </Field>
      <div className={styles['buttons']}>
        <Button type="submit" size="compact-sm" loading={busy}>
          Save
        </Button>
        <Refusal text={refusal} />
      </div>
    </form>
  );
}

function Shown(): ReactElement {
  const { data, error } = useApplicationList();
  return (
    <section className="card" aria-labelledby="shown">
      <div className="card-head">
        <h2 id="shown">What is on it</h2>
      </div>
      <p className="soft small">Of an application its name, its status and its uptime are told: no address, no message of an error.</p>
      {error !== null && <Note tone="bad">{saidBy(error)}</Note>}
      <ul className={own['list']}>
        {(data?.applications ?? []).map((application) => (
          <One key={application.id} application={application} />
        ))}
      </ul>
    </section>
  );
}

function One({ application }: { readonly application: Application }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const { id, name, displayName, managedBy } = application;
  const [asked, setAsked] = useState<boolean>();
  const on = asked ?? application.public === true;
  const set = async (wanted: boolean): Promise<void> => {
    setAsked(wanted);
    try {
      await ask('PATCH', ['applications', id], { public: wanted });
      await refresh('applications');
    } catch (error) {
      tell({ tone: 'bad', title: `${displayName || name} was not changed`, detail: saidBy(error) });
    }
    setAsked(undefined);
  };
  const badge = new URL(`api/status/badge/${encodeURIComponent(name)}.svg`, BASE).href;
  return (
    <li className={own['line']}>
      <label className={styles['tick']}>
        <input type="checkbox" checked={on} disabled={!may('admin') || managedBy === 'file'} onChange={({ currentTarget }) => void set(currentTarget.checked)} /> {displayName || name}
      </label>
      {managedBy === 'file' && <span className="soft small">changed in its file only</span>}
      {on && (
        <span className={own['actions']}>
          <Copy text={badge} label={`Copy the address of the badge of ${displayName || name}`} />
        </span>
      )}
    </li>
  );
}

/** One application: how it is, how it was, and what it is. */
import { Button } from '@mantine/core';
import { useChannel } from 'headway-react';
import { useEffect, useMemo, useState } from 'react';
import type { ReactElement } from 'react';

import { go } from '../../../address.js';
import { useCalm } from '../../../calm.js';
import { useSession } from '../../../session.js';
import { tell } from '../../../shell/notices.js';
import { Waiting } from '../../../shell/waiting.js';
import { refresh, useApplicationRecord, useAsk } from '../asking.js';
import { CHANNEL, merged } from '../fleet.js';
import styles from '../monitor.module.css';
import { Dialog, Note, Refusal, StatusWord, Trail, useNow } from '../parts.js';
import type { PageProps } from '../../table.js';
import type { Application, Begun } from '../wire.js';
import { ago, ended, runPath, saidBy, took } from '../words.js';
import { Certificate } from './certificate.js';
import { Defined } from './definition.js';
import { Editor } from './editor.js';
import { Figures } from './figures.js';
import { Heartbeat } from './heartbeat.js';
import { Incidents } from './incidents.js';
import { Looking } from './looking.js';
import { ResponseTimes } from './response.js';
import { Tested } from './tested.js';
import { Upkeep } from './upkeep.js';

const EVERY_MS = 15_000;
const CALM_MS = 500;

export default function ApplicationPage({ params }: PageProps): ReactElement {
  const id = params['id'] ?? '';
  // Keyed: another application shares nothing with this one.
  return <Shown key={id} id={id} />;
}

function Shown({ id }: { readonly id: string }): ReactElement {
  const { reads, may } = useSession();
  const record = useApplicationRecord(id, { every: EVERY_MS });
  const { state } = useCalm(useChannel(reads(CHANNEL) ? CHANNEL : undefined, { keep: 0 }), CALM_MS);
  const [editing, setEditing] = useState(false);
  const data = record.data;
  const application = useMemo(() => (data === undefined ? undefined : merged(data, state.get(`application/${data.id}`), state.get(`health/${data.id}`))), [data, state]);
  useTitleOf(application);
  if (application === undefined) {
    return record.error === null ? <Waiting /> : <Missing text={saidBy(record.error)} />;
  }
  // What was looked at last is what the lists below begin with.
  const look = String(application.lastChecked ?? '');
  return (
    <div className={styles['page']}>
      <Head application={application} editing={editing} edit={setEditing} />
      {record.error !== null && (
        <Note tone="warn" alert>
          What is shown may be old. {saidBy(record.error)}
        </Note>
      )}
      {application.status === 'unconfigured' && <Note tone="calm">Nothing is looked at: it has neither a health check nor a login test{may('admin') ? '. Edit it to add one.' : '.'}</Note>}
      {editing && <Editor application={application} done={() => setEditing(false)} />}
      <Heartbeat id={application.id} look={look} />
      <ResponseTimes id={application.id} />
      <Figures application={application} />
      <div className={styles['two']}>
        <Looking application={application} />
        <Certificate certificate={application.certificate ?? null} check={application.healthCheck} />
      </div>
      <Incidents id={application.id} open={application.incident?.id} />
      <Tested application={application} />
      <div className={styles['two']}>
        <Upkeep application={application} />
        <Defined application={application} />
      </div>
    </div>
  );
}

interface HeadProps {
  readonly application: Application;
  readonly editing: boolean;
  readonly edit: (on: boolean) => void;
}

function Head({ application, editing, edit }: HeadProps): ReactElement {
  const { may } = useSession();
  const now = useNow();
  const [removing, setRemoving] = useState(false);
  const { displayName, name, environment, category, status, message, since, responseTime, lastChecked, tags, managedBy } = application;
  const fixed = managedBy === 'file';
  return (
    <header className={styles['head']}>
      <div className={styles['title']}>
        <Trail>{environment}</Trail>
        <div className={styles['named']}>
          <h1>{displayName || name}</h1>
          <span role="status">
            <StatusWord status={status} />
          </span>
        </div>
        <p className="soft small numbers">{[category, `${took(responseTime)} at the last look, ${ago(lastChecked, now)}`, since == null ? '' : `so since ${ago(since, now)}`].filter(Boolean).join(' · ')}</p>
        <p className="small">{ended(message ?? '') || ' '}</p>
        {tags.length > 0 && (
          <ul className={styles['tags']} aria-label="Tags">
            {tags.map((tag) => (
              <li key={tag} className={styles['tag']}>
                {tag}
              </li>
            ))}
          </ul>
        )}
      </div>
      <div className={styles['begin']}>
        {may('operator') && <RunTests application={application} />}
        {may('admin') && !fixed && (
          <>
            <Button variant="default" aria-expanded={editing} onClick={() => edit(!editing)}>
              {editing ? 'Close the form' : 'Edit'}
            </Button>
            <Button variant="default" onClick={() => setRemoving(true)}>
              Delete…
            </Button>
          </>
        )}
        {may('admin') && fixed && <p className="soft small">Changed in its file only</p>}
      </div>
      {removing && <Remove application={application} close={() => setRemoving(false)} />}
    </header>
  );
}

function RunTests({ application }: { readonly application: Application }): ReactElement {
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    try {
      const { testRunId } = await ask<Begun>('POST', ['tests', 'run-apps'], { applications: [application.id] });
      void refresh('tests');
      go(runPath(testRunId));
    } catch (error) {
      tell({ tone: 'bad', title: 'No run was started', detail: saidBy(error) });
      setBusy(false);
    }
  };
  return (
    <Button loading={busy} disabled={application.healthCheck === null && application.loginTest === null} onClick={() => void run()}>
      Run its tests
    </Button>
  );
}

function Remove({ application, close }: { readonly application: Application; readonly close: () => void }): ReactElement {
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<string>();
  const name = application.displayName || application.name;
  const remove = async (): Promise<void> => {
    setBusy(true);
    try {
      await ask('DELETE', ['applications', application.id]);
      tell({ tone: 'good', title: `${name} was deleted` });
      go('/monitor');
      void refresh('applications');
    } catch (error) {
      setRefusal(saidBy(error));
      setBusy(false);
    }
  };
  return (
    <Dialog title={`Delete ${name}?`} close={close}>
      <p>It is not looked at any more, and its figures, incidents and screenshots go with it. That cannot be taken back.</p>
      <Refusal text={refusal} />
      <div className={styles['buttons']}>
        <Button variant="default" data-sure loading={busy} onClick={() => void remove()}>
          Delete
        </Button>
        <Button variant="default" onClick={close}>
          Keep it
        </Button>
      </div>
    </Dialog>
  );
}

function Missing({ text }: { readonly text: string }): ReactElement {
  return (
    <div className="card">
      <h1>This application cannot be shown</h1>
      <p className="soft">{text}</p>
      <Button variant="default" onClick={() => go('/monitor')}>
        To all applications
      </Button>
    </div>
  );
}

/** A tab in the background tells how it is. */
function useTitleOf(application: Application | undefined): void {
  const title = application === undefined ? undefined : `${application.status} · ${application.displayName || application.name}`;
  useEffect(() => {
    if (title !== undefined) {
      document.title = title;
    }
  }, [title]);
}


/** One run: live, then its result. */
import { Button } from '@mantine/core';
import { percent } from 'headway-react/words';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { go, pathOf as pagePath } from '../../../address.js';
import { useSession } from '../../../session.js';
import { Link } from '../../../shell/link.js';
import { tell } from '../../../shell/notices.js';
import { Waiting } from '../../../shell/waiting.js';
import { Actions, Refused } from '../../../tasks/actions.js';
import { Badge } from '../../../tasks/badge.js';
import { pathOf, refresh, useAsk, useDownload } from '../asking.js';
import styles from '../imports.module.css';
import { Banner, Note } from '../parts.js';
import type { PageProps } from '../../table.js';
import type { Begun, Run } from '../wire.js';
import { useWatched } from '../watching.js';
import type { Watched } from '../watching.js';
import { KIND_WORDS, dateOf, saidBy } from '../words.js';
import { Failures } from './failures.js';
import { Far } from './far.js';
import { Asked } from './asked.js';
import { Result } from './result.js';
import own from './run.module.css';
import { Stopped } from './stopped.js';

export default function RunPage({ params }: PageProps): ReactElement {
  const id = params['id'] ?? '';
  // Keyed: another run shares nothing with this one.
  return <Shown key={id} id={id} />;
}

function Shown({ id }: { readonly id: string }): ReactElement {
  const watched = useWatched(id);
  const { run, view, missing, ended } = watched;
  useTitleOf(watched);
  if (run === undefined) {
    return missing === null ? <Waiting /> : <Missing text={saidBy(missing)} />;
  }
  const { task } = view;
  return (
    <div className={styles['page']}>
      <header className={own['head']}>
        <div className={styles['title']}>
          <p className="small">
            <Link to="/imports">Imports</Link> <span className="soft">/ {run.dry_run ? 'Dry run' : 'Run'}</span>
          </p>
          <div className={own['name']}>
            <h1>{run.name}</h1>
            <span role="status">{task === undefined ? <span className="soft">{run.status}</span> : <Badge task={task} asking={view.asking} />}</span>
          </div>
          <p className="soft small">{aboutOf(run)}</p>
        </div>
        {task !== undefined && !task.ended && <Actions task={task} ask={view} />}
      </header>
      <Refused ask={view} />
      {!run.dry_run && run.kind !== 'export' && run.target.environment_type === 'PRODUCTION' && <Banner target={{ ...run.target, name: nameOf(run), environment_type: 'PRODUCTION' }} />}
      {run.dry_run && <Note tone="calm">A dry run: rows are looked at and looked up, and nothing is written.</Note>}
      {view.error !== undefined && (
        <Note tone="bad" alert>
          This run cannot be watched live: {saidBy(view.error)}
        </Note>
      )}
      {!ended && run.stopped !== null && <Stopped run={run} />}
      {!ended && run.question !== null && <Asked run={run} question={run.question} />}
      <Far watched={watched} run={run} />
      {ended && <Result run={run} error={task?.error?.message} />}
      <Failures run={run} failed={watched.counts['failed'] ?? 0} ended={ended} />
      <Files run={run} ended={ended} />
    </div>
  );
}

/** Of a target that is gone its id is left. */
function nameOf({ target }: Run): string {
  return target.name ?? target.id;
}

function aboutOf(run: Run): string {
  const parts = [
    KIND_WORDS[run.kind].title,
    run.file_name,
    `at ${nameOf(run)}`,
    run.by === null ? '' : `by ${run.by}`,
    run.started_at === null ? '' : `started ${dateOf(run.started_at)}`,
  ];
  return parts.filter(Boolean).join(' · ');
}

/** What can be kept of a run, and done with it. */
function Files({ run, ended }: { readonly run: Run; readonly ended: boolean }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const download = useDownload();
  const [busy, setBusy] = useState(false);
  const keep = async (file: string, name = file): Promise<void> => {
    try {
      await download(pathOf('runs', run.id, file), `${run.id.slice(0, 8)}-${name}`);
    } catch (error) {
      tell({ tone: 'bad', title: `${file} could not be got`, detail: saidBy(error) });
    }
  };
  const again = async (): Promise<void> => {
    setBusy(true);
    try {
      const begun = await ask<Begun>('POST', ['runs', run.id, 'again'], {});
      void refresh('runs');
      go(`/imports/runs/${encodeURIComponent(begun.run)}`);
    } catch (error) {
      tell({ tone: 'bad', title: 'It was not run again', detail: saidBy(error) });
    } finally {
      setBusy(false);
    }
  };
  // Deletion and modification are confirmed by a number that was counted just before.
  const straight = run.dry_run || run.kind === 'import' || run.kind === 'export';
  const fixed = new URLSearchParams({ ...(run.kind === 'import' ? {} : { kind: run.kind }), target: run.target.id });
  return (
    <section className={own['files']} aria-label="Files and what next">
      {may('operator') && run.rejects && (
        <Button variant="default" onClick={() => void keep('rejects.csv')}>
          Download rejects.csv
        </Button>
      )}
      {may('operator') && run.result && run.status === 'completed' && <Button onClick={() => void keep('result', `users.${run.options.format}`)}>Download the users</Button>}
      {run.report !== null && (
        <Button variant="default" onClick={() => void keep('report.json')}>
          Report
        </Button>
      )}
      {may('operator') && ended && run.dry_run && run.status === 'completed' && <Button onClick={() => go(`/imports/new?from=${encodeURIComponent(run.id)}`)}>Run it for real…</Button>}
      {may('operator') && ended && run.rejects && !run.dry_run && run.kind !== 'export' && (
        <Button variant="default" onClick={() => go(`/imports/new?${fixed}`)}>
          Import the fixed rejects…
        </Button>
      )}
      {may('operator') && ended && straight && (
        <Button variant="default" loading={busy} onClick={() => void again()}>
          Run again
        </Button>
      )}
      {may('operator') && ended && (
        <Button variant="default" onClick={() => go(`/imports/new?from=${encodeURIComponent(run.id)}`)}>
          {straight ? 'Change and run again…' : 'Run again…'}
        </Button>
      )}
      <Link to={pagePath('tasks', run.id)}>Log and replay</Link>
    </section>
  );
}

function Missing({ text }: { readonly text: string }): ReactElement {
  return (
    <div className="card">
      <h1>This run cannot be shown</h1>
      <p className="soft">{text}</p>
      <Link to="/imports">To the runs</Link>
    </div>
  );
}

/** A tab in the background tells how far it is. */
function useTitleOf({ run, view: { task }, ended }: Watched): void {
  const title = run === undefined ? undefined : `${task?.percent === undefined || ended ? run.status : percent(task.percent, task.total)} · ${run.name}`;
  useEffect(() => {
    if (title !== undefined) {
      document.title = title;
    }
  }, [title]);
}

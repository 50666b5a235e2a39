/** One test run: live, then its report. */
import { Button } from '@mantine/core';
import { useConnection } from 'headway-react';
import { count, duration, percent } from 'headway-react/words';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { go, pathOf as pagePath } from '../../../address.js';
import { useSession } from '../../../session.js';
import { Link } from '../../../shell/link.js';
import { tell } from '../../../shell/notices.js';
import { Waiting } from '../../../shell/waiting.js';
import { Actions, Refused } from '../../../tasks/actions.js';
import { Bar } from '../../../tasks/bar.js';
import { usePace } from '../../../tasks/pace.js';
import { pathOf, refresh, useAsk, useDownload } from '../asking.js';
import styles from '../monitor.module.css';
import panel from '../panel.module.css';
import { Note, Trail, Word } from '../parts.js';
import type { PageProps } from '../../table.js';
import { useRunning } from '../running.js';
import type { Running } from '../running.js';
import type { Begun, Run } from '../wire.js';
import { dateOf, ended as sentenceOf, kindWords, many, runPath, runWords, saidBy, summaryWords, triggerWords } from '../words.js';
import { Results } from './results.js';

export default function RunPage({ params }: PageProps): ReactElement {
  const id = (params['id'] ?? '').replace(/^task:/, '');
  // Keyed: another run shares nothing with this one.
  return <Shown key={id} id={id} />;
}

function Shown({ id }: { readonly id: string }): ReactElement {
  const running = useRunning(id, { results: true });
  const { run, view, ended, missing, status } = running;
  useTitleOf(running);
  if (run === undefined) {
    return missing === null ? <Waiting /> : <Missing text={saidBy(missing)} />;
  }
  const [word, tone] = runWords(status ?? run.status);
  const failed = running.summary?.failed ?? 0;
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <Trail>
            <Link to="/monitor/runs">Test runs</Link>
          </Trail>
          <div className={styles['named']}>
            <h1>{run.name || 'Test run'}</h1>
            <span role="status">
              <Word tone={status === 'completed' && failed > 0 ? 'bad' : tone}>{view.asking === undefined ? word : { pause: 'Pausing…', resume: 'Resuming…', cancel: 'Cancelling…' }[view.asking]}</Word>
            </span>
          </div>
          <p className="soft small">{aboutOf(run)}</p>
        </div>
        {view.task !== undefined && !view.task.ended && <Actions task={view.task} ask={view} />}
      </header>
      <Refused ask={view} />
      {view.error !== undefined && !ended && (
        <Note tone="bad" alert>
          This run cannot be watched live: {saidBy(view.error)}
        </Note>
      )}
      {missing !== null && <Note tone="warn">What is shown may be old. {saidBy(missing)}</Note>}
      <Far running={running} run={run} />
      <Results run={run} ended={ended} />
      <Next run={run} ended={ended} failed={failed} />
    </div>
  );
}

function aboutOf(run: Run): string {
  const kinds = (run.kinds ?? []).map((kind) => `${kindWords(kind)}s`).join(' and ').toLowerCase();
  return [kinds.charAt(0).toUpperCase() + kinds.slice(1), many(run.total ?? 0, 'test'), run.by ?? '', triggerWords(run.trigger), run.startedAt == null ? '' : `began ${dateOf(run.startedAt)}`].filter(Boolean).join(' · ');
}

function Far({ running, run }: { readonly running: Running; readonly run: Run }): ReactElement {
  const { status: line } = useConnection();
  const { view, ended, status, completed, total, current, summary, error } = running;
  const { task } = view;
  if (ended) {
    return (
      <Note tone={status === 'completed' ? ((summary?.failed ?? 0) > 0 ? 'bad' : 'good') : 'warn'}>
        <strong>{status === 'completed' ? 'Complete' : status === 'cancelled' ? 'It was cancelled' : 'It could not go on'}.</strong> {summary === undefined ? '' : `${summaryWords(summary)}, of ${many(summary.total, 'test')} in ${duration(summary.duration / 1_000)}.`}{' '}
        {error !== undefined && status !== 'completed' && sentenceOf(error)}
      </Note>
    );
  }
  return (
    <section className={`card ${panel['panel']}`} aria-label="Progress">
      {task === undefined ? (
        <p className="soft">{run.waiting ? `It waits ${run.waiting}.` : 'It is about to be heard of.'}</p>
      ) : (
        <>
          <div className={panel['far']}>
            <Bar task={task} thick />
            <span className={panel['percent']}>{task.percent === undefined ? '' : percent(task.percent, total)}</span>
          </div>
          <dl className={panel['figures']}>
            <Figure label="Tests">{total === undefined ? count(completed) : `${count(completed)} of ${count(total)}`}</Figure>
            <Left running={running} live={line === 'live'} />
            <Figure label="Running">{count(running.running)}</Figure>
            <Figure label="Queued">{count(running.queued)}</Figure>
            <Figure label="Failed">{count(task.counts['failed'] ?? 0)}</Figure>
          </dl>
          <p className={panel['now']}>{status === 'paused' ? 'Paused: nothing new is begun, and what was under way has ended.' : current === undefined ? (run.waiting ?? ' ') : `Now: ${current}`}</p>
        </>
      )}
    </section>
  );
}

function Left({ running: { view }, live }: { readonly running: Running; readonly live: boolean }): ReactElement | null {
  return view.task === undefined ? null : <Pace task={view.task} live={live} />;
}

function Pace({ task, live }: { readonly task: NonNullable<Running['view']['task']>; readonly live: boolean }): ReactElement {
  const pace = usePace(task, live);
  return <Figure label="Time left">{!live ? 'not live' : task.status === 'running' ? (pace.left?.replace(' left', '') ?? '…') : '–'}</Figure>;
}

function Figure({ label, children }: { readonly label: string; readonly children: string }): ReactElement {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What can be kept of a run, and done with it. */
function Next({ run, ended, failed }: { readonly run: Run; readonly ended: boolean; readonly failed: number }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const download = useDownload();
  const [busy, setBusy] = useState(false);
  const id = run.testRunId.replace(/^task:/, '');
  const keep = async (file: string): Promise<void> => {
    try {
      await download(pathOf('tests', id, file), `tests-${id.slice(0, 8)}-${file}`);
    } catch (error) {
      tell({ tone: 'bad', title: `${file} could not be got`, detail: saidBy(error) });
    }
  };
  const retry = async (): Promise<void> => {
    setBusy(true);
    try {
      const begun = await ask<Begun>('POST', ['tests', id, 'retry']);
      void refresh('tests');
      go(runPath(begun.testRunId));
    } catch (error) {
      tell({ tone: 'bad', title: 'The failed ones were not run again', detail: saidBy(error) });
    }
    setBusy(false);
  };
  return (
    <section className={styles['buttons']} aria-label="Files and what next">
      {may('operator') && ended && failed > 0 && (
        <Button loading={busy} onClick={() => void retry()}>
          Run the {failed} failed again
        </Button>
      )}
      <Button variant="default" onClick={() => void keep('report.xml')}>
        JUnit XML
      </Button>
      <Button variant="default" onClick={() => void keep('report.json')}>
        JSON
      </Button>
      <Link to={pagePath('tasks', id)}>Log and replay</Link>
    </section>
  );
}

function Missing({ text }: { readonly text: string }): ReactElement {
  return (
    <div className="card">
      <h1>This run cannot be shown</h1>
      <p className="soft">{text}</p>
      <Link to="/monitor/runs">To the runs</Link>
    </div>
  );
}

/** A tab in the background tells how far it is. */
function useTitleOf({ run, view: { task }, ended, total, status }: Running): void {
  const title = run === undefined ? undefined : `${task?.percent === undefined || ended ? (status ?? run.status) : percent(task.percent, total)} · ${run.name || 'Test run'}`;
  useEffect(() => {
    if (title !== undefined) {
      document.title = title;
    }
  }, [title]);
}

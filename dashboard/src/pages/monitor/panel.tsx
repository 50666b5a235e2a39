/** How the test run goes: Ready, Running, Complete. Every line has its place from the start. */
import { Button } from '@mantine/core';
import { Glyph, useConnection } from 'headway-react';
import type { TaskState } from 'headway-react';
import { count, duration, percent } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { useSession } from '../../session.js';
import { Link } from '../../shell/link.js';
import { tell } from '../../shell/notices.js';
import { Actions, Refused } from '../../tasks/actions.js';
import { Bar } from '../../tasks/bar.js';
import { usePace } from '../../tasks/pace.js';
import { refresh, useAsk } from './asking.js';
import { Note, Word } from './parts.js';
import styles from './panel.module.css';
import type { Running } from './running.js';
import type { Begun } from './wire.js';
import { dateOf, ended as sentenceOf, many, runPath, runWords, saidBy, summaryWords } from './words.js';

export interface PanelProps {
  readonly running: Running;
  readonly begun: (run: Begun) => void;
}

export function Panel({ running, begun }: PanelProps): ReactElement {
  const { run, view, ended, status } = running;
  const state = status === undefined ? 'Ready' : ended ? 'Complete' : 'Running';
  return (
    <section className={`card ${styles['panel']}`} aria-labelledby="run-panel" data-state={state}>
      <div className={styles['head']}>
        <h2 id="run-panel">Test run</h2>
        <span role="status" className={styles['state']}>
          {status === undefined ? <Word tone="calm">Ready</Word> : <Stands running={running} />}
        </span>
        <Line />
      </div>
      {status === undefined ? (
        <Ready />
      ) : ended ? (
        <Complete running={running} begun={begun} />
      ) : view.task === undefined ? (
        <p className="soft">{run === undefined ? 'Asking…' : `${many(run.total ?? 0, 'test')}. It is about to be heard of.`}</p>
      ) : (
        <Goes running={running} task={view.task} />
      )}
      <Refused ask={view} />
    </section>
  );
}

function Stands({ running: { status, ended, summary, view } }: { readonly running: Running }): ReactElement {
  const asked = view.asking ?? (ended ? undefined : view.task?.wanted);
  if (asked !== undefined) {
    const words: Readonly<Record<string, string>> = { pause: 'Pausing…', paused: 'Pausing…', cancel: 'Cancelling…', cancelled: 'Cancelling…' };
    return <Word tone="warn">{words[asked] ?? 'Resuming…'}</Word>;
  }
  const [word, tone] = runWords(status ?? '');
  return status === 'completed' ? <Word tone={(summary?.failed ?? 0) > 0 ? 'bad' : 'good'}>Complete</Word> : <Word tone={tone}>{word}</Word>;
}

/** How the updates come. */
function Line(): ReactElement {
  const { status, reconnect } = useConnection();
  const live = status === 'live';
  const [word, tone] = live ? (['Live', 'good'] as const) : status === 'offline' ? (['Disconnected', 'bad'] as const) : (['Connecting', 'warn'] as const);
  return (
    <span className={styles['line']} data-tone={tone} data-line={status}>
      <Glyph tone={tone} />
      {word}
      {!live && (
        <button type="button" className="quiet-button" onClick={() => reconnect()}>
          Reconnect
        </button>
      )}
    </span>
  );
}

function Ready(): ReactElement {
  return (
    <div className={styles['ready']}>
      <p>Nothing has been run yet. A run does every health check and every login test once, and says what passed.</p>
    </div>
  );
}

function Goes({ running, task }: { readonly running: Running; readonly task: TaskState }): ReactElement {
  const { status: line } = useConnection();
  const pace = usePace(task, line === 'live');
  const { completed, total, current, id } = running;
  const failed = task.counts['failed'] ?? 0;
  return (
    <>
      <div className={styles['far']}>
        <Bar task={task} thick />
        <span className={styles['percent']}>{task.percent === undefined ? '' : percent(task.percent, total)}</span>
      </div>
      <dl className={styles['figures']}>
        <Figure label="Tests">{total === undefined ? count(completed) : `${count(completed)} of ${count(total)}`}</Figure>
        <Figure label="Time left">{line !== 'live' ? 'not live' : task.status === 'running' ? (pace.left?.replace(' left', '') ?? '…') : '–'}</Figure>
        <Figure label="Running">{count(running.running)}</Figure>
        <Figure label="Queued">{count(running.queued)}</Figure>
        <Figure label="Failed" tone={failed > 0 ? 'bad' : undefined}>
          {count(failed)}
        </Figure>
      </dl>
      <div className={styles['foot']}>
        <p className={styles['now']} title={current}>
          {nowOf(task, current)}
        </p>
        <Actions task={task} ask={running.view} small />
        <Link to={runPath(id ?? '')}>Details</Link>
      </div>
    </>
  );
}

function nowOf(task: TaskState, current: string | undefined): string {
  switch (task.status) {
    case 'queued':
      return 'Waits for its turn';
    case 'paused':
      return 'Paused: nothing new is begun';
    case 'interrupted':
      return 'Interrupted: it goes on when the server takes it up again';
    default:
      return current === undefined ? ' ' : `Now: ${current}`;
  }
}

function Figure({ label, tone, children }: { readonly label: string; readonly tone?: 'bad' | undefined; readonly children: string }): ReactElement {
  return (
    <div data-tone={tone}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Complete({ running, begun }: PanelProps): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const [busy, setBusy] = useState(false);
  const { run, summary, status, error, id } = running;
  const again = async (): Promise<void> => {
    setBusy(true);
    try {
      const names = [...new Set((run?.results ?? []).map(({ applicationId }) => applicationId))];
      const body = { ...(run?.kinds ? { kinds: run.kinds } : {}), ...(run?.parallel ? { parallel: run.parallel } : {}) };
      begun(await (names.length === 0 ? ask<Begun>('POST', ['tests', 'run-all'], body) : ask<Begun>('POST', ['tests', 'run-apps'], { ...body, applications: names })));
      void refresh('tests');
    } catch (refusal) {
      tell({ tone: 'bad', title: 'It was not run again', detail: saidBy(refusal) });
    }
    setBusy(false);
  };
  return (
    <>
      <p className={styles['summary']}>
        {summary === undefined ? 'Asking…' : `${status === 'cancelled' ? 'Cancelled: ' : ''}${summaryWords(summary)}`}
        <span className="soft small">
          {[summary === undefined ? '' : `of ${many(summary.total, 'test')} in ${duration(summary.duration / 1_000)}`, run?.endedAt == null ? '' : `ended ${dateOf(run.endedAt)}`].filter(Boolean).join(' · ')}
        </span>
      </p>
      {error !== undefined && status !== 'cancelled' && <Note tone="bad">{sentenceOf(error)}</Note>}
      <div className={styles['foot']}>
        {may('operator') && (
          <Button size="compact-sm" variant="default" loading={busy} onClick={() => void again()}>
            Run again
          </Button>
        )}
        <Link to={runPath(id ?? '')}>View report</Link>
      </div>
    </>
  );
}

/** The runs: what goes on, what was, and where something new begins. */
import { Button } from '@mantine/core';
import { useTasks } from 'headway-react';
import type { TaskState } from 'headway-react';
import { count, percent, standing } from 'headway-react/words';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { go, usePlace } from '../../address.js';
import { useCalm } from '../../calm.js';
import { useRecord } from '../../records.js';
import { useSession } from '../../session.js';
import { Glyph } from 'headway-react';
import { Link } from '../../shell/link.js';
import { tell } from '../../shell/notices.js';
import { pathOf, refresh, useAsk, useTargets } from './asking.js';
import styles from './imports.module.css';
import { Note, Outcomes } from './parts.js';
import { KINDS } from './wire.js';
import type { Begun, Run, Target } from './wire.js';
import { KIND_WORDS, dateOf, many, saidBy } from './words.js';

const LIMIT = 25;
const EVERY_MS = 10_000;
const STATUSES = ['queued', 'running', 'paused', 'interrupted', 'completed', 'failed', 'cancelled'] as const;

interface Runs {
  readonly runs: readonly Run[];
  readonly before: number | null;
}

export default function Imports(): ReactElement {
  const { may } = useSession();
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <h1>Imports</h1>
        {may('operator') && (
          <div className={styles['begin']}>
            <Button onClick={() => go('/imports/new')}>New import</Button>
            {KINDS.filter((kind) => kind !== 'import').map((kind) => (
              <Button key={kind} variant="default" onClick={() => go(`/imports/new?kind=${kind}`)}>
                {KIND_WORDS[kind].verb}
              </Button>
            ))}
          </div>
        )}
      </header>
      <History />
      {may('operator') && <Targets />}
    </div>
  );
}

function History(): ReactElement {
  const place = new URLSearchParams(usePlace().search);
  const [kind, status] = [place.get('kind') ?? '', place.get('status') ?? ''];
  // Where each page that was seen begins; the last one is shown.
  const [starts, setStarts] = useState<readonly string[]>(['']);
  const before = starts.at(-1) ?? '';
  const query = new URLSearchParams({ limit: String(LIMIT), ...(kind && { kind }), ...(status && { status }), ...(before && { before }) });
  const { data, error } = useRecord<Runs>(`${pathOf('runs')}?${query}`, { every: EVERY_MS });
  const tasks = useCalm(useTasks().tasks, 500);
  useTurns(tasks);
  const choose = (name: string, value: string): void => {
    const next = new URLSearchParams({ ...(kind && { kind }), ...(status && { status }), [name]: value });
    if (value === '') {
      next.delete(name);
    }
    setStarts(['']);
    go(`/imports${next.size === 0 ? '' : `?${next}`}`, { replace: true });
  };
  const runs = data?.runs ?? [];
  const more = data?.before ?? null;
  const filtered = kind !== '' || status !== '';
  return (
    <section className="card" aria-labelledby="runs">
      <div className="card-head">
        <h2 id="runs">Runs</h2>
        <div className={styles['filters']}>
          <label>
            <span className="unseen">Kind</span>
            <select className={styles['select']} value={kind} onChange={({ currentTarget }) => choose('kind', currentTarget.value)}>
              <option value="">All kinds</option>
              {KINDS.map((one) => (
                <option key={one} value={one}>
                  {KIND_WORDS[one].verb}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span className="unseen">Status</span>
            <select className={styles['select']} value={status} onChange={({ currentTarget }) => choose('status', currentTarget.value)}>
              <option value="">Every status</option>
              {STATUSES.map((one) => (
                <option key={one}>{one}</option>
              ))}
            </select>
          </label>
        </div>
      </div>
      {error !== null && (
        <Note tone="bad" alert>
          {saidBy(error)}
        </Note>
      )}
      {data === undefined && error === null && <p className="soft">Asking…</p>}
      {data !== undefined && runs.length === 0 && (
        <p className={styles['empty']}>{filtered ? 'No run is like that.' : 'Nothing has run yet. The target Sandbox is built in: an import there can be tried without an account.'}</p>
      )}
      {runs.length > 0 && (
        <div className={styles['scroll']} role="region" aria-label="Runs, as a table" tabIndex={0}>
          <table className={styles['table']}>
            <thead>
              <tr>
                <th scope="col">Run</th>
                <th scope="col">Status</th>
                <th scope="col">Outcome</th>
                <th scope="col">Who and when</th>
                <th scope="col">
                  <span className="unseen">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {runs.map((run) => (
                <Row key={run.id} run={run} task={tasks.find(({ task }) => task === run.id)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {(starts.length > 1 || more !== null) && (
        <div className={styles['pager']}>
          <button type="button" className="quiet-button" aria-disabled={starts.length === 1} onClick={() => starts.length > 1 && setStarts(starts.slice(0, -1))}>
            Newer
          </button>
          <button type="button" className="quiet-button" aria-disabled={more === null} onClick={() => more !== null && setStarts([...starts, String(more)])}>
            Older
          </button>
        </div>
      )}
    </section>
  );
}

/** A run that begins or ends has another record. */
function useTurns(tasks: readonly TaskState[]): void {
  const mark = tasks.map(({ task, status }) => `${task} ${status}`).join(',');
  useEffect(() => {
    void refresh('runs');
  }, [mark]);
}

function Row({ run, task }: { readonly run: Run; readonly task: TaskState | undefined }): ReactElement {
  const { may } = useSession();
  const ask = useAsk();
  const live = task !== undefined && !task.ended ? task : undefined;
  const [word, tone] = task !== undefined ? standing(task, undefined) : wordOf(run.status);
  const path = `/imports/runs/${encodeURIComponent(run.id)}`;
  const straight = run.dry_run || run.kind === 'import' || run.kind === 'export';
  const again = async (): Promise<void> => {
    if (!straight) {
      go(`/imports/new?from=${encodeURIComponent(run.id)}`);
      return;
    }
    try {
      const begun = await ask<Begun>('POST', ['runs', run.id, 'again'], {});
      void refresh('runs');
      go(`/imports/runs/${encodeURIComponent(begun.run)}`);
    } catch (error) {
      tell({ tone: 'bad', title: `${run.name} was not run again`, detail: saidBy(error) });
    }
  };
  return (
    <tr>
      <th scope="row">
        <Link to={path}>{run.name}</Link>
        <span className={styles['below']}>
          {[run.dry_run ? `${KIND_WORDS[run.kind].verb}, dry run` : KIND_WORDS[run.kind].verb, run.target.name ?? run.target.id, run.total === null ? '' : many(run.total, 'row')].filter(Boolean).join(' · ')}
        </span>
      </th>
      <td data-label="Status">
        <span className={styles['outcome']} data-tone={tone}>
          <Glyph tone={tone} /> {word}
          {live?.percent !== undefined && <span className="numbers"> {percent(live.percent, live.total)}</span>}
        </span>
        {run.question !== null && <span className={styles['below']}>waits for an answer</span>}
        {run.stopped !== null && <span className={styles['below']}>{run.stopped.code}</span>}
      </td>
      <td data-label={run.dry_run ? 'Would be' : 'Outcome'}>
        <Outcomes counts={live === undefined ? run.counts : { ...run.counts, ...live.counts, not_attempted: 0 }} kind={run.kind} dry={run.dry_run} />
      </td>
      <td data-label="Who and when">
        {run.by ?? <span className="soft">not signed in</span>}
        <span className={styles['below']}>{dateOf(run.ended_at ?? run.started_at ?? run.created_at)}</span>
      </td>
      <td className={styles['end']}>
        {may('operator') && live === undefined && (
          <button type="button" className="quiet-button" aria-label={`${straight ? 'Run again' : 'Run again…'}: ${run.name}`} onClick={() => void again()}>
            {straight ? 'Run again' : 'Run again…'}
          </button>
        )}
      </td>
    </tr>
  );
}

function wordOf(status: string): readonly [string, 'good' | 'bad' | 'warn' | 'busy' | 'calm'] {
  const tone = status === 'completed' ? 'good' : status === 'failed' ? 'bad' : status === 'running' ? 'busy' : status === 'queued' ? 'calm' : 'warn';
  return [`${status.charAt(0).toUpperCase()}${status.slice(1)}`, tone];
}

function Targets(): ReactElement | null {
  const { data } = useTargets();
  if (data === undefined) {
    return null;
  }
  return (
    <section className="card" aria-labelledby="targets">
      <div className="card-head">
        <h2 id="targets">Targets</h2>
        <Link to="/imports/targets">Settings and populations</Link>
      </div>
      <ul className={styles['targets']}>
        {data.targets.map((target) => (
          <li key={target.id}>
            <Link to={`/imports/targets?target=${encodeURIComponent(target.id)}`}>{target.name}</Link>
            <span className="soft small">{aboutOf(target)}</span>
            {target.environment_type === 'PRODUCTION' && <span className={styles['production-tag']}>production</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function aboutOf(target: Target): string {
  if (target.kind === 'sandbox') {
    return 'built in';
  }
  const checked = target.checked_at === null ? 'not tested yet' : `tested ${dateOf(target.checked_at)}`;
  return [target.region === null ? '' : `region ${target.region}`, checked, target.rate === null ? '' : `${count(target.rate)} requests/s`].filter(Boolean).join(' · ');
}

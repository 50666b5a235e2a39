/** The test runs: what goes on, and what was. */
import { useTasks } from 'headway-react';
import { duration } from 'headway-react/words';
import { useEffect, useState } from 'react';
import type { ReactElement } from 'react';

import { useCalm } from '../../../calm.js';
import { useRecord } from '../../../records.js';
import { Link } from '../../../shell/link.js';
import { pathOf, refresh } from '../asking.js';
import styles from '../monitor.module.css';
import { Note, Places, Word } from '../parts.js';
import type { Run } from '../wire.js';
import { dateOf, kindWords, many, runOf, runPath, runWords, saidBy, summaryWords, triggerWords } from '../words.js';

const LIMIT = 25;
const EVERY_MS = 10_000;
const CALM_MS = 1_000;

interface History {
  readonly runs: readonly Run[];
  readonly before: number | null;
}

export default function Runs(): ReactElement {
  // Where each page that was seen begins; the last one is shown.
  const [starts, setStarts] = useState<readonly string[]>(['']);
  const before = starts.at(-1) ?? '';
  const query = new URLSearchParams({ limit: String(LIMIT), ...(before && { before }) });
  const { data, error } = useRecord<History>(`${pathOf('tests', 'history')}?${query}`, { every: EVERY_MS });
  useTurns();
  const runs = data?.runs ?? [];
  const more = data?.before ?? null;
  return (
    <div className={styles['page']}>
      <header className={styles['head']}>
        <div className={styles['title']}>
          <h1>Monitor</h1>
          <Places at="runs" />
        </div>
      </header>
      <section className="card" aria-labelledby="runs">
        <div className="card-head">
          <h2 id="runs">Test runs</h2>
        </div>
        {error !== null && (
          <Note tone="bad" alert>
            {saidBy(error)}
          </Note>
        )}
        {data === undefined && error === null && <p className="soft">Asking…</p>}
        {data !== undefined && runs.length === 0 && (
          <p className={styles['empty']}>
            Nothing has been run yet. <Link to="/monitor">Run all tests</Link>, or set a schedule.
          </p>
        )}
        {runs.length > 0 && (
          <div className={styles['scroll']} role="region" aria-label="Test runs, as a table" tabIndex={0}>
            <table className={styles['table']}>
              <thead>
                <tr>
                  <th scope="col">Run</th>
                  <th scope="col">Status</th>
                  <th scope="col">Outcome</th>
                  <th scope="col">Took</th>
                  <th scope="col">When and by whom</th>
                </tr>
              </thead>
              <tbody>
                {runs.map((run) => (
                  <Row key={run.testRunId} run={run} />
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
    </div>
  );
}

/** A run that goes on or ends has another record. */
function useTurns(): void {
  const tasks = useCalm(useTasks().tasks, CALM_MS);
  const mark = tasks
    .filter(({ job }) => job === 'test-run')
    .map(({ task, status, done }) => `${task} ${status} ${done}`)
    .join(',');
  useEffect(() => {
    void refresh('tests', 'history');
  }, [mark]);
}

function Row({ run }: { readonly run: Run }): ReactElement {
  const { name, status, trigger, by, total, completed, summary, createdAt, startedAt, testRunId, kinds } = run;
  const [word, tone] = runWords(status);
  const goes = status === 'pending' || status === 'running' || status === 'paused';
  return (
    <tr>
      <th scope="row">
        <Link to={runPath(testRunId)}>{name || runOf(testRunId)}</Link>
        <span className={styles['below']}>{[...(kinds ?? []).map((kind) => `${kindWords(kind)}s`), many(total ?? 0, 'test')].join(' · ')}</span>
      </th>
      <td data-label="Status">
        <Word tone={status === 'completed' && (summary?.failed ?? 0) > 0 ? 'bad' : tone}>{word}</Word>
      </td>
      <td data-label="Outcome" className="numbers">
        {summary == null ? '–' : summaryWords(summary)}
        {goes && <span className={styles['below']}>{`${completed ?? 0} of ${total ?? '?'}`}</span>}
      </td>
      <td data-label="Took" className="numbers">
        {summary == null || goes ? '–' : duration(summary.duration / 1_000)}
      </td>
      <td data-label="When and by whom">
        {dateOf(startedAt ?? createdAt)}
        <span className={styles['below']}>{[by, triggerWords(trigger)].filter(Boolean).join(', ')}</span>
      </td>
    </tr>
  );
}

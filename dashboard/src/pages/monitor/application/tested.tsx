/** What its tests came to lately, and the pictures of logins that failed. */
import { useQueries } from '@tanstack/react-query';
import { useHeadway } from 'headway-react';
import { useEffect } from 'react';
import type { ReactElement } from 'react';

import { useRecord } from '../../../records.js';
import { Link } from '../../../shell/link.js';
import { pathOf, refresh } from '../asking.js';
import { Picture, Word } from '../parts.js';
import type { Application, Result, Run } from '../wire.js';
import { codeWords, dateOf, ended, kindWords, many, resultWords, runOf, runPath, took } from '../words.js';
import own from './tested.module.css';

/** Runs that are looked through. */
const RUNS = 6;
const PICTURES = 3;
const PATIENCE_MS = 10_000;

interface Line {
  readonly run: Run;
  readonly result: Result;
}

export function Tested({ application }: { readonly application: Application }): ReactElement {
  const client = useHeadway();
  const last = String(application.lastTested ?? '');
  const { data } = useRecord<{ readonly runs: readonly Run[] }>(`${pathOf('tests', 'history')}?limit=${RUNS}`);
  useEffect(() => void refresh('tests', 'history'), [last]);
  const runs = useQueries({
    queries: (data?.runs ?? []).map((run) => {
      const path = pathOf('tests', runOf(run.testRunId));
      return { queryKey: [path, run.status, run.completed], queryFn: async () => (await client.command(path, { method: 'GET', patience: PATIENCE_MS })) as Run };
    }),
  });
  const lines = runs.flatMap(({ data: run }) => (run?.results ?? []).filter(({ applicationId, status }) => applicationId === application.id && status !== 'pending').map((result): Line => ({ run: run as Run, result })));
  const pictures = lines.filter(({ result }) => result.screenshot).slice(0, PICTURES);
  return (
    <section className="card" aria-labelledby="tested">
      <div className="card-head">
        <h2 id="tested">Last tests</h2>
        <Link to="/monitor/runs">All runs</Link>
      </div>
      {lines.length === 0 && <p className="soft">In the last {many(RUNS, 'run')} it was not tested.</p>}
      <ul className={own['lines']}>
        {lines.map(({ run, result }) => (
          <One key={`${run.testRunId} ${result.testType}`} run={run} result={result} />
        ))}
      </ul>
      {pictures.length > 0 && (
        <ul className={own['pictures']} aria-label="Pictures of logins that failed">
          {pictures.map(({ run, result }) => (
            <li key={result.screenshot}>
              <figure>
                <a href={result.screenshot ?? ''} target="_blank" rel="noreferrer">
                  <Picture address={result.screenshot ?? ''} says={`The page when the login of ${dateOf(result.began)} failed`} />
                </a>
                <figcaption className="soft small">
                  {dateOf(result.began)} · <Link to={runPath(run.testRunId)}>its run</Link>
                </figcaption>
              </figure>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function One({ run, result }: Line): ReactElement {
  const [word, tone] = resultWords(result.status);
  return (
    <li>
      <Word tone={tone}>{`${kindWords(result.testType)} ${word.toLowerCase()}`}</Word>
      <span className="soft small numbers">
        <Link to={runPath(run.testRunId)}>{dateOf(result.began)}</Link> · {took(result.duration)}
      </span>
      {result.message && result.status !== 'passed' && (
        <span className="small">
          {ended(result.message)} {result.code && <code title={codeWords(result.code)}>{result.code}</code>}
        </span>
      )}
    </li>
  );
}

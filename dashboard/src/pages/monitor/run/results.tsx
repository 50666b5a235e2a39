/** What came of each test, by application: the failed ones first, as long as nobody chooses otherwise. */
import { count, duration } from 'headway-react/words';
import { useState } from 'react';
import type { ReactElement } from 'react';

import { Link } from '../../../shell/link.js';
import styles from '../monitor.module.css';
import { Picture, Word } from '../parts.js';
import type { Attempt, Result, Run } from '../wire.js';
import { applicationPath, codeWords, dateOf, ended as sentenceOf, kindWords, many, resultWords, took } from '../words.js';
import own from './results.module.css';

const FILTERS = ['all', 'failed', 'passed', 'skipped'] as const;
type Filter = (typeof FILTERS)[number];
const WORDS: Readonly<Record<Filter, string>> = { all: 'All', failed: 'Failed', passed: 'Passed', skipped: 'Skipped' };

export function Results({ run, ended }: { readonly run: Run; readonly ended: boolean }): ReactElement {
  const [filter, setFilter] = useState<Filter>('all');
  const results = run.results ?? [];
  const groups = groupsOf(results.filter((one) => fits(one, filter)), ended);
  return (
    <section className="card" aria-labelledby="results">
      <div className="card-head">
        <h2 id="results">Results</h2>
        <div className={styles['statuses']} role="group" aria-label="Outcome">
          {FILTERS.map((one) => (
            <button key={one} type="button" aria-pressed={filter === one} onClick={() => setFilter(one)}>
              {WORDS[one]} <b className="numbers">{count(results.filter((result) => fits(result, one)).length)}</b>
            </button>
          ))}
        </div>
      </div>
      {groups.length === 0 && <p className={styles['empty']}>{results.length === 0 ? 'No test is known of this run.' : `No test is ${WORDS[filter].toLowerCase()}${ended ? '' : ' so far'}.`}</p>}
      <ul className={own['groups']}>
        {groups.map(([id, of]) => (
          <li key={id}>
            <h3>
              <Link to={applicationPath(id)}>{of[0]?.applicationName ?? id}</Link> <span className="soft small">{of[0]?.environment}</span>
            </h3>
            {of.map((result) => (
              <One key={result.testType} result={result} />
            ))}
          </li>
        ))}
      </ul>
    </section>
  );
}

function bad({ status }: Result): boolean {
  return status === 'failed' || status === 'timeout';
}

function fits(result: Result, filter: Filter): boolean {
  return filter === 'all' || (filter === 'failed' ? bad(result) : result.status === filter);
}

/** While it goes on in the order of the plan, so that nothing jumps; then those with a failure first. */
function groupsOf(results: readonly Result[], ended: boolean): readonly (readonly [string, readonly Result[]])[] {
  const byId = new Map<string, Result[]>();
  for (const result of results) {
    byId.set(result.applicationId, [...(byId.get(result.applicationId) ?? []), result]);
  }
  const groups = [...byId];
  return ended ? groups.sort(([, one], [, other]) => Number(other.some(bad)) - Number(one.some(bad))) : groups;
}

function One({ result }: { readonly result: Result }): ReactElement {
  const { testType, status, code, message, duration: milliseconds, attempts = [], screenshot, began } = result;
  const [word, tone] = status === 'pending' ? (['Not yet', 'calm'] as const) : resultWords(status);
  const more = attempts.length > 1 || screenshot != null;
  const name = `${kindWords(testType)} of ${result.applicationName}`;
  return (
    <div className={own['result']} data-result={status}>
      <span className={own['kind']}>{kindWords(testType)}</span>
      <Word tone={tone}>{word}</Word>
      <span className="soft small numbers">{[took(milliseconds), attempts.length > 1 ? many(attempts.length, 'attempt') : ''].filter(Boolean).join(' · ')}</span>
      {message && status !== 'passed' && status !== 'pending' && (
        <p className={own['why']}>
          {sentenceOf(message)} {code && <code>{code}</code>}
          {code && <span className={styles['below']}>{codeWords(code)}</span>}
        </p>
      )}
      {more && (
        <details className={`${styles['more']} ${own['more']}`}>
          <summary>
            {[attempts.length > 1 ? 'Attempts' : '', screenshot != null ? 'Picture' : ''].filter(Boolean).join(' and ')}
            <span className="unseen"> of the {name}</span>
          </summary>
          {attempts.length > 1 && <Attempts attempts={attempts} />}
          {screenshot != null && (
            <a href={screenshot} target="_blank" rel="noreferrer">
              <Picture address={screenshot} says={`The page when the ${name} failed, ${dateOf(began)}`} />
            </a>
          )}
        </details>
      )}
    </div>
  );
}

function Attempts({ attempts }: { readonly attempts: readonly Attempt[] }): ReactElement {
  return (
    <ol className={own['attempts']}>
      {attempts.map(({ status, message, code, milliseconds }, index) => {
        const [word, tone] = resultWords(status);
        return (
          <li key={index}>
            <Word tone={tone}>{`Attempt ${index + 1} ${word.toLowerCase()}`}</Word>
            <span className="soft small numbers">{milliseconds == null ? '' : milliseconds < 60_000 ? took(milliseconds) : duration(milliseconds / 1_000)}</span>
            {message && status !== 'passed' && (
              <span className="small">
                {sentenceOf(message)} {code && <code>{code}</code>}
              </span>
            )}
          </li>
        );
      })}
    </ol>
  );
}
